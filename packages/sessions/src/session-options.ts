import { RaftError } from "@hexraft/core/ports";

/**
 * Bounds of the session table. They travel with each registration and are part of the replicated state, so that nodes with
 * different options do not differ: the last registration counts.
 */
export interface SessionOptions {
  /** C03: a session that does nothing for so long in log time expires, ms; 1,000 … 86,400,000. Default 300,000. */
  readonly ttlMs: number;
  /** Most sessions; one more makes the longest silent one expire. 1 … 1,000,000. Default 10,000. */
  readonly sessionsMax: number;
  /**
   * Most bytes of kept results, each counted with {@link RESULT_OVERHEAD_BYTES}; beyond it the longest silent sessions
   * expire. 1 MiB … 1 GiB. Default 64 MiB.
   */
  readonly resultBytesMax: number;
}

/** A longer result is not kept: who repeats its command hears `ResultNotKept`. Bytes; part of format 1. */
export const RESULT_KEPT_BYTES_MAX = 512 * 1024;
/** What a kept result counts beyond its bytes; part of format 1. */
export const RESULT_OVERHEAD_BYTES = 64;

/** The starting values of {@link SessionOptions}. */
export const DEFAULT_SESSION_OPTIONS: SessionOptions = {
  ttlMs: 300_000, // far longer than any operation's deadline, so that only the dead and the idle expire
  sessionsMax: 10_000,
  resultBytesMax: 64 * 1024 * 1024,
};

const RANGES: Readonly<Record<keyof SessionOptions, readonly [low: number, high: number]>> = {
  ttlMs: [1_000, 86_400_000],
  sessionsMax: [1, 1_000_000],
  resultBytesMax: [2 ** 20, 2 ** 30],
};

/** The options with the defaults filled in. @throws RaftError `BadOption` (O05), naming field, value and rule. */
export function sessionOptions(options: Partial<SessionOptions> = {}): SessionOptions {
  for (const [field, value] of Object.entries(options))
    if (!(field in RANGES))
      throw bad(field, value, `is not an option of sessions; known are ${Object.keys(RANGES).join(", ")}`);
  const all = { ...DEFAULT_SESSION_OPTIONS, ...options };
  for (const [field, [low, high]] of Object.entries(RANGES)) {
    const value = all[field as keyof SessionOptions];
    if (!Number.isSafeInteger(value) || value < low || value > high)
      throw bad(field, value, `must be a whole number from ${low} to ${high}`);
  }
  return all;
}

function bad(field: string, value: unknown, rule: string): RaftError {
  return new RaftError("BadOption", "refused", `option ${field} is ${String(value)}, but it ${rule}`, {
    field,
    value,
    rule,
  });
}
