/** Bounds of what one Redis client may send; beyond them its connection is closed with `-ERR Protocol error: …`. */
export interface RespLimits {
  /** Longest line that is not binary: an inline command or a length header. Bytes. */
  readonly inlineBytesMax: number;
  /** Most arguments of one command. */
  readonly argumentsMax: number;
  /** Largest argument, bytes. */
  readonly bulkBytesMax: number;
  /** Largest command, all arguments together, bytes. */
  readonly commandBytesMax: number;
}

/** Starting values: an argument may be as large as a log entry, a command somewhat larger. */
export const DEFAULT_RESP_LIMITS: RespLimits = {
  inlineBytesMax: 64 * 1024,
  argumentsMax: 65_536,
  bulkBytesMax: 8 * 1024 * 1024,
  commandBytesMax: 12 * 1024 * 1024,
};

/** The client does not speak the protocol (any more): nothing behind this byte can be trusted. */
export class RespProtocolError extends Error {
  override readonly name = "RespProtocolError";
}

/** One command as it came: the name and its arguments, byte for byte. */
export type RespCommand = readonly Buffer[];
