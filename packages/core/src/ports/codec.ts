import { token } from "./token.js";

/**
 * Lays out what a state machine's users say and hear. Encoding is deterministic; `decode(encode(x))` equals x; decoding
 * bytes that do not fit throws a RaftError. A command that does not fit its schema is refused by `encodeCommand` before it
 * enters the log (F03). Encoded bytes are a copy: they change no more. Proved by the Codec laws of `@hexraft/testing/conformance`.
 */
export interface Codec<Command = unknown, Result = unknown> {
  /**
   * @param openFormat - F05: the newest format that every member knows, on a node; 0 on a witness, which cannot say (M12). Absent where nobody can say: in a client, which lays out
   * what the node it talks to understands.
   * @throws RaftError `BadCommand` if the command does not fit, or fits only a newer format.
   */
  encodeCommand(command: Command, openFormat?: number): Uint8Array;
  /** The command again. */
  decodeCommand(bytes: Uint8Array): Command;
  /** A result, for a caller behind another node (F02). */
  encodeResult(result: Result): Uint8Array;
  /** The result again. */
  decodeResult(bytes: Uint8Array): Result;
}
/** DI token of the port. */
export const Codec = token<Codec>("Codec");
