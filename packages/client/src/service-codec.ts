import { type Codec, RaftError } from "@hexraft/core/ports";

/**
 * A service in bytes: the port `Codec` of its state machine, and its queries and answers, which cross the wire between clients and
 * nodes as well. The same rules hold: `decode(encode(x))` equals x, what does not fit throws, and encoded bytes change no more. Write it
 * once, in a module that both sides import; `KvCodec` is one.
 *
 * A result may be a `Rejected` (F01): `encodeResult` and `decodeResult` have to know it where the state machine says it.
 */
export interface ServiceCodec<Command = unknown, Result = unknown, Query = unknown, Answer = unknown>
  extends Codec<Command, Result> {
  /** @throws RaftError `BadCommand` if the query does not fit. */
  encodeQuery(query: Query): Uint8Array;
  /** The query again. */
  decodeQuery(bytes: Uint8Array): Query;
  /** What the state machine answers. */
  encodeAnswer(answer: Answer): Uint8Array;
  /** The answer again. */
  decodeAnswer(bytes: Uint8Array): Answer;
}

/** The half of a {@link ServiceCodec} that a client needs. */
export type ClientCodec<Command = unknown, Result = unknown, Query = unknown, Answer = unknown> = Pick<
  ServiceCodec<Command, Result, Query, Answer>,
  "encodeCommand" | "decodeResult" | "encodeQuery" | "decodeAnswer"
>;

/**
 * A codec that lacks something is told so before anything is sent (O05).
 *
 * @param needed - the functions that it must have.
 * @throws RaftError `BadOption`
 */
export function checkCodec(codec: unknown, needed: readonly (keyof ServiceCodec)[]): void {
  const missing = needed.filter((name) => typeof (codec as Partial<ServiceCodec> | undefined)?.[name] !== "function");
  if (missing.length === 0) return;
  const rule = `must have the functions ${needed.join(", ")}`;
  throw new RaftError("BadOption", "refused", `option codec lacks ${missing.join(", ")}, but it ${rule}`, {
    field: "codec",
    rule,
  });
}

/** What a codec made of something. @throws RaftError `BadCommand` if that is no bytes. */
export function bytesMade(made: unknown, of: "command" | "query"): Uint8Array {
  if (made instanceof Uint8Array) return made;
  throw new RaftError(
    "BadCommand",
    "refused",
    `Nothing was done: the codec made no Uint8Array of the ${of}; encode it in the codec.`,
  );
}
