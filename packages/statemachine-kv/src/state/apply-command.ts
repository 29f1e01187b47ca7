import { Rejected } from "@hexraft/core/ports";
import { bytesOf } from "../bytes.js";
import {
  INTEGER_MAX,
  INTEGER_MIN,
  type KvBatch,
  type KvCommand,
  type KvPut,
  type KvSimpleCommand,
  type Lifetime,
} from "../command.js";
import type { KvRejection, KvResult, KvSimpleResult } from "../result.js";
import type { KeySpace } from "./key-space.js";
import { handedOut, type KvRecord, NO_DEADLINE } from "./kv-record.js";

/** Expired records that one command removes at most; a batch as many again for each of its commands. */
export const SWEEP_MAX = 32;

const reject = (code: KvRejection, reason: string): Rejected => new Rejected(code, reason);

/** A command as the state takes it: keys with one character per byte, values as views of where they stand. */
export type HeldCommand = KvCommand<string>;

/** Does a command, and returns its result. A rejected one (F01) changes nothing, but for swept records. */
export function applyCommand(space: KeySpace, command: HeldCommand): KvResult {
  if (command.type !== "batch") {
    space.sweep(SWEEP_MAX);
    return applySimple(space, command);
  }
  space.sweep(SWEEP_MAX * command.commands.length);
  return space.attempt(
    () => applyBatch(space, command),
    (result) => result instanceof Rejected,
  );
}

function applyBatch(space: KeySpace, { commands }: KvBatch<string>): KvResult {
  const results: KvSimpleResult[] = [];
  for (const [at, command] of commands.entries()) {
    const result = applySimple(space, command);
    const refusal = refusalOf(result);
    if (refusal !== undefined) {
      const reason = `command ${at + 1} of ${commands.length} (${command.type}): ${refusal}; nothing was done`;
      return reject("BatchRejected", reason);
    }
    results.push(result as KvSimpleResult);
  }
  return { type: "batch", results };
}

function refusalOf(result: KvSimpleResult | Rejected): string | undefined {
  if (result instanceof Rejected) return result.reason;
  if (result.type === "put" && !result.done) return "its condition was not met";
  if (result.type === "compareAndSet" && !result.done) return "the key did not hold what was expected";
  return undefined;
}

function applySimple(space: KeySpace, command: KvSimpleCommand<string>): KvSimpleResult | Rejected {
  switch (command.type) {
    case "put": {
      const { key } = command;
      const before = looksBack(command) ? space.live(key) : undefined;
      const done = command.condition === undefined || (command.condition === "present") === (before !== undefined);
      const previous = command.returnPrevious && handedOut(before);
      if (done) space.store(key, command.value, deadlineOf(space, command, before));
      return previous === undefined ? { type: "put", done } : { type: "put", done, previous };
    }
    case "multiPut":
      for (const { key, value } of command.entries) space.store(key, value, NO_DEADLINE);
      return { type: "multiPut", written: command.entries.length };
    case "delete": {
      let deleted = 0;
      for (const key of command.keys) {
        const record = space.live(key);
        if (record === undefined) continue;
        space.remove(record);
        deleted++;
      }
      return { type: "delete", deleted };
    }
    case "compareAndSet": {
      const { key, expected } = command;
      const before = space.live(key);
      const isExpected = expected === null ? before === undefined : before?.holds(expected) === true;
      if (!isExpected) return { type: "compareAndSet", done: false, actual: handedOut(before) };
      if (command.value !== null) space.store(key, command.value, deadlineOf(space, command, before));
      else if (before !== undefined) space.remove(before);
      return { type: "compareAndSet", done: true, actual: null };
    }
    case "increment": {
      const { key } = command;
      const before = space.live(key);
      const old = before === undefined ? 0n : integerIn(before);
      if (old === undefined) return reject("NotAnInteger", "the value is not a signed 64-bit integer in decimal");
      const value = old + command.by;
      if (value < INTEGER_MIN || value > INTEGER_MAX)
        return reject("OutOfRange", `${old} + ${command.by} is beyond a signed 64-bit integer`);
      space.store(key, bytesOf(String(value)), before?.deadlineMs ?? NO_DEADLINE);
      return { type: "increment", value };
    }
    case "expire": {
      const before = space.live(command.key);
      if (before !== undefined) space.store(before.key, before.bytes(), space.logTimeMs + command.ttlMs);
      return { type: "expire", done: before !== undefined };
    }
    case "persist": {
      const before = space.live(command.key);
      if (before === undefined || before.deadlineMs === NO_DEADLINE) return { type: "persist", done: false };
      space.store(before.key, before.bytes(), NO_DEADLINE);
      return { type: "persist", done: true };
    }
    default:
      throw new Error(`impossible command ${JSON.stringify(command satisfies never)}`);
  }
}

/** Whether the key's record is needed before the put; the plain put, the most common command, goes without. */
const looksBack = ({ condition, keepTtl, returnPrevious }: KvPut<string>): boolean =>
  condition !== undefined || keepTtl === true || returnPrevious === true;

function deadlineOf(space: KeySpace, { ttlMs, keepTtl }: Lifetime, before: KvRecord | undefined): number {
  if (ttlMs !== undefined) return space.logTimeMs + ttlMs;
  return keepTtl ? (before?.deadlineMs ?? NO_DEADLINE) : NO_DEADLINE;
}

/** Longest decimal of a signed 64-bit integer. */
const INTEGER_DIGITS_MAX = 20;
const INTEGER = /^(0|-?[1-9]\d*)$/;

/** The integer written there in the one usual way: no sign but `-`, no leading zero, no blank. */
function integerIn({ value }: KvRecord): bigint | undefined {
  if (typeof value !== "string" || value.length > INTEGER_DIGITS_MAX || !INTEGER.test(value)) return undefined;
  const integer = BigInt(value);
  return integer >= INTEGER_MIN && integer <= INTEGER_MAX ? integer : undefined;
}
