import { RaftError } from "@hexraft/core/ports";
import {
  INTEGER_MAX,
  INTEGER_MIN,
  type KvCommand,
  type KvSimpleCommand,
  type Lifetime,
  TTL_MS_MAX,
} from "../command.js";
import type { KvLimits } from "../kv-limits.js";

const refuse = (what: string) => new RaftError("BadCommand", "refused", `${what}; it was not proposed.`);

/** F03: refuses what fits neither the types, which a caller may have dodged, nor the limits. @throws RaftError `BadCommand`. */
export function checkCommand(command: KvCommand, limits: KvLimits): void {
  if (typeof command !== "object" || command === null) throw refuse("The command is no object");
  if (command.type !== "batch") return checkSimple(command, limits);
  checkList(command.commands, "commands", limits);
  for (const each of command.commands) checkSimple(each, limits);
}

function checkSimple(command: KvSimpleCommand, limits: KvLimits): void {
  switch (command?.type) {
    case "put":
      checkKey(command.key, limits);
      checkValue(command.value, limits);
      checkFlag(command.returnPrevious, "returnPrevious");
      if (command.condition !== undefined && command.condition !== "absent" && command.condition !== "present")
        throw refuse(`The condition ${String(command.condition)} is neither absent nor present`);
      return checkLifetime(command);
    case "multiPut":
      checkList(command.entries, "entries", limits);
      for (const entry of command.entries) {
        checkKey(entry?.key, limits);
        checkValue(entry?.value, limits);
      }
      return;
    case "delete":
      return checkKeys(command.keys, limits);
    case "compareAndSet":
      checkKey(command.key, limits);
      if (command.expected !== null) checkValue(command.expected, limits);
      if (command.value !== null) checkValue(command.value, limits);
      return checkLifetime(command);
    case "increment":
      checkKey(command.key, limits);
      if (typeof command.by !== "bigint" || command.by < INTEGER_MIN || command.by > INTEGER_MAX)
        throw refuse(`The increment ${String(command.by)} is no signed 64-bit bigint`);
      return;
    case "expire":
      checkKey(command.key, limits);
      return checkTtl(command.ttlMs);
    case "persist":
      return checkKey(command.key, limits);
    default:
      throw refuse(`The command type ${String((command as { type?: unknown } | undefined)?.type)} is not known here`);
  }
}

/** Refuses keys that are none, too many or too large. @throws RaftError `BadCommand`. */
export function checkKeys(keys: readonly Uint8Array[], limits: KvLimits): void {
  checkList(keys, "keys", limits);
  for (const key of keys) checkKey(key, limits);
}

/** Refuses a key that is none or too large. @throws RaftError `BadCommand`. */
export function checkKey(key: Uint8Array, { keyBytesMax }: KvLimits): void {
  if (!(key instanceof Uint8Array)) throw refuse("A key is no Uint8Array");
  if (key.length > keyBytesMax) throw refuse(`A key has ${key.length} bytes; keyBytesMax is ${keyBytesMax}`);
}

function checkValue(value: Uint8Array, { valueBytesMax }: KvLimits): void {
  if (!(value instanceof Uint8Array)) throw refuse("A value is no Uint8Array");
  if (value.length > valueBytesMax)
    throw refuse(`A value has ${value.length} bytes; valueBytesMax is ${valueBytesMax}`);
}

function checkList(items: readonly unknown[], name: string, { itemsMax }: KvLimits): void {
  if (!Array.isArray(items)) throw refuse(`${name} is no array`);
  if (items.length === 0 || items.length > itemsMax)
    throw refuse(`There are ${items.length} ${name}; 1 to ${itemsMax} (itemsMax) are allowed`);
}

function checkLifetime({ ttlMs, keepTtl }: Lifetime): void {
  checkFlag(keepTtl, "keepTtl");
  if (ttlMs === undefined) return;
  if (keepTtl) throw refuse("Both ttlMs and keepTtl are given");
  checkTtl(ttlMs);
}

function checkTtl(ttlMs: number): void {
  if (!Number.isSafeInteger(ttlMs) || ttlMs < 1 || ttlMs > TTL_MS_MAX)
    throw refuse(`ttlMs is ${ttlMs}; it must be a whole number from 1 to ${TTL_MS_MAX}`);
}

function checkFlag(flag: unknown, name: string): void {
  if (flag !== undefined && flag !== true) throw refuse(`${name} is neither true nor left out`);
}
