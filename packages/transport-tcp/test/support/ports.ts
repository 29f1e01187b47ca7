import { crc32 } from "node:zlib";
import type { Checksum, Logger, RandomSource } from "@hexraft/core/ports";

/** The real checksum. */
export const checksum: Checksum = { crc32: (bytes, previous = 0) => crc32(bytes, previous) };

/** No jitter: waits are three quarters of their longest. */
export const random: RandomSource = { next: () => 0.5, hex: (bytes) => "ab".repeat(bytes) };

/** What an operator would have read. */
export interface Logged {
  readonly level: keyof Logger;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A logger that keeps what it is told. */
export function keepingLogger(): Logger & { readonly lines: Logged[] } {
  const lines: Logged[] = [];
  const keep =
    (level: keyof Logger) =>
    (message: string, facts: Readonly<Record<string, unknown>> = {}): void => {
      lines.push({ level, message, facts });
    };
  return { lines, debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") };
}
