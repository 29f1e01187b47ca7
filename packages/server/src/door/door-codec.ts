import { ANSWER_BYTES_MAX, checkCodec, type ServiceCodec } from "@hexraft/client";
import { RaftError } from "@hexraft/core/ports";

/** What a client door needs to know of a service's bytes. `KvCodec` is one: its commands stay the bytes they came as. */
export interface DoorCodec<Command, Result, Query, Answer> {
  /** F03: bytes that came from a client, as they are to be proposed. @throws RaftError, `refused`: nothing was begun. */
  checkCommand(bytes: Uint8Array): Command;
  /** @throws RaftError, `refused`: nothing was begun. */
  decodeQuery(bytes: Uint8Array): Query;
  /** @throws RaftError, `unknown`: the command was done. */
  encodeResult(result: Result): Uint8Array;
  /** @throws RaftError, `refused`. */
  encodeAnswer(answer: Answer): Uint8Array;
}

/**
 * A user's codec at the door: whatever it throws is told to the client who asked, and to nobody else.
 *
 * @param openFormat - F05: the newest format of commands that may go into the log.
 * @throws RaftError `BadOption` if it lacks something (O05).
 */
export function doorCodecOf<Command, Result, Query, Answer>(
  codec: ServiceCodec<Command, Result, Query, Answer>,
  openFormat: () => number,
): DoorCodec<Command, Result, Query, Answer> {
  checkCodec(codec, ["encodeCommand", "decodeCommand", "encodeResult", "decodeQuery", "encodeAnswer"]);
  return {
    checkCommand: (bytes) =>
      asRefused("command", () => {
        const command = codec.decodeCommand(bytes);
        // In a session the bytes go into the log as they came, and no encodeCommand looks at them there: not whether they fit (F03),
        // and not whether every member can read them (F05).
        codec.encodeCommand(command, openFormat());
        return command;
      }),
    decodeQuery: (bytes) => asRefused("query", () => codec.decodeQuery(bytes)),
    encodeResult: (result) => laidOut("result", "unknown", () => codec.encodeResult(result)),
    encodeAnswer: (answer) => laidOut("answer", "refused", () => codec.encodeAnswer(answer)),
  };
}

function asRefused<T>(what: "command" | "query", read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RaftError && error.outcome === "refused") throw error;
    throw new RaftError(
      "BadCommand",
      "refused",
      `Nothing was done: the node's codec knows no such ${what} (${reasonOf(error)}). Use a client with the codec of this service, of its release.`,
    );
  }
}

function laidOut(what: "result" | "answer", outcome: "unknown" | "refused", make: () => Uint8Array): Uint8Array {
  let why: string;
  try {
    const bytes: unknown = make();
    if (bytes instanceof Uint8Array && bytes.length <= ANSWER_BYTES_MAX) return bytes;
    why =
      bytes instanceof Uint8Array
        ? `it has ${bytes.length} bytes, and ${ANSWER_BYTES_MAX} are the most`
        : "it is no Uint8Array";
  } catch (error) {
    why = reasonOf(error);
  }
  const done = outcome === "unknown" ? "The command was done, but its" : "The";
  throw new RaftError("BadMessage", outcome, `${done} ${what} cannot be told: ${why}. Mend the node's codec.`);
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
