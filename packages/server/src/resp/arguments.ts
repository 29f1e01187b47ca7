import { INTEGER_MAX, INTEGER_MIN, TTL_MS_MAX } from "@hexraft/statemachine-kv";
import { RespFailure } from "./resp-reply.js";

/** Thrown while a command is understood: what is sent back instead of an answer. */
export class BadArgument extends Error {
  override readonly name = "BadArgument";
  /** The answer. */
  readonly reply: RespFailure;
  constructor(text: string) {
    super(text);
    this.reply = new RespFailure(text);
  }
}

export const syntaxError = () => new BadArgument("ERR syntax error");

const NOT_AN_INTEGER = "ERR value is not an integer or out of range";

/** An argument as text; bytes that are no UTF-8 turn into replacement characters, which match no keyword. */
export const textOf = (argument: Buffer): string => argument.toString("utf8");

/** A keyword: upper case, whatever the client wrote. */
export const wordOf = (argument: Buffer): string => textOf(argument).toUpperCase();

/** A signed 64-bit integer, written as Redis writes it. @throws BadArgument */
export function bigintOf(argument: Buffer): bigint {
  const text = argument.toString("latin1");
  if (!/^(?:0|-?[1-9]\d{0,18})$/.test(text)) throw new BadArgument(NOT_AN_INTEGER);
  const value = BigInt(text);
  if (value < INTEGER_MIN || value > INTEGER_MAX) throw new BadArgument(NOT_AN_INTEGER);
  return value;
}

/** A time to live in ms out of `argument` units of `unitMs`; zero and less are left to the caller. @throws BadArgument */
export function ttlMsOf(argument: Buffer, unitMs: number, command: string): number {
  const ms = bigintOf(argument) * BigInt(unitMs);
  if (ms > BigInt(TTL_MS_MAX)) throw new BadArgument(`ERR invalid expire time in '${command}' command`);
  return Number(ms < 0n ? -1n : ms);
}

/** A positive time to live. @throws BadArgument */
export function lifetimeOf(argument: Buffer, unitMs: number, command: string): number {
  const ms = ttlMsOf(argument, unitMs, command);
  if (ms <= 0) throw new BadArgument(`ERR invalid expire time in '${command}' command`);
  return ms;
}
