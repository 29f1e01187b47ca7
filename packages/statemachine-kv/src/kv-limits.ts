import { RaftError } from "@hexraft/core/ports";

/** Sizes that commands must keep when they are encoded (F03). What is already in the log is never judged by them. */
export interface KvLimits {
  /** Largest key, bytes; 1 … 1 MiB. Default 64 KiB. */
  readonly keyBytesMax: number;
  /** Largest value, bytes; 1 … 15 MiB. Default 4 MiB. The node's `entryBytesMax` bounds the whole command. */
  readonly valueBytesMax: number;
  /** Most keys of one command or query, and most commands of one batch; 1 … 65,536. Default 16,384. */
  readonly itemsMax: number;
}

/** The starting values of {@link KvLimits}. */
export const DEFAULT_KV_LIMITS: KvLimits = {
  keyBytesMax: 64 * 1024,
  valueBytesMax: 4 * 1024 * 1024,
  itemsMax: 16_384,
};

const RANGES: Readonly<Record<keyof KvLimits, number>> = {
  keyBytesMax: 2 ** 20,
  valueBytesMax: 15 * 2 ** 20,
  itemsMax: 65_536,
};

/** The limits with the defaults filled in. @throws RaftError `BadOption` (O05), naming field, value and rule. */
export function kvLimits(options: Partial<KvLimits> = {}): KvLimits {
  const limits = { ...DEFAULT_KV_LIMITS, ...options };
  for (const [field, max] of Object.entries(RANGES)) {
    const value = limits[field as keyof KvLimits];
    if (!Number.isSafeInteger(value) || value < 1 || value > max)
      throw new RaftError("BadOption", "refused", `${field} is ${value}; it must be a whole number from 1 to ${max}`, {
        field,
        value,
      });
  }
  return limits;
}
