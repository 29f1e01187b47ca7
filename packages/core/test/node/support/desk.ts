import type { FsmCaller } from "../../../src/components/fsm-caller.js";
import type { Done } from "../../../src/components/proposal-group.js";
import type { RaftError } from "../../../src/model/errors.js";
import { CallerDesk } from "../../../src/node/caller-desk.js";
import type { Inbox } from "../../../src/node/inbox.js";
import type { Codec } from "../../../src/ports/codec.js";
import type { StateMachine } from "../../../src/ports/state-machine.js";
import type { ForwardAnswered } from "../../../src/protocol/effect.js";
import { RecordingSink } from "../../components/support/recording-sink.js";

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (from: Uint8Array): string => new TextDecoder().decode(from);
/** What a service speaks. */
export const upperCase: Codec = {
  encodeCommand: (command) => bytes(String(command)),
  decodeCommand: text,
  encodeResult: (result) => {
    if (result === "unspeakable") throw new Error("it has no words for that");
    return bytes(String(result).toUpperCase());
  },
  decodeResult: text,
};
/** Patience. */
export const forever = { deadlineMs: Number.POSITIVE_INFINITY };

/** A desk between an inbox that writes down and a state machine that answers with its query. */
export function desk(codec?: Codec) {
  const sink = new RecordingSink();
  const forwarded: { payload: string; onlyInTerm: number; done: Done }[] = [];
  const reads: number[] = [];
  const waits: { index: number; run: () => unknown; failed: (error: RaftError) => void }[] = [];
  const inbox: Pick<Inbox, "post" | "inNextTurn" | "read" | "proposeForwarded"> = {
    post: (event) => sink.post(event),
    inNextTurn: (work) => sink.inNextTurn(work),
    read: (request) => void reads.push(request),
    proposeForwarded: (payload, onlyInTerm, done) => void forwarded.push({ payload: text(payload), onlyInTerm, done }),
  };
  const fsm: Pick<FsmCaller, "readAt" | "appliedId"> = {
    readAt: (index, run, failed) => void waits.push({ index, run, failed }),
    appliedId: { index: 3, term: 1 },
  };
  const stateMachine = { read: (query: unknown) => query } as StateMachine;
  const bounds = { pendingRequestsMax: 2 };
  const memory = { lastRequest: 0, forwardedUpTo: 0 };
  const alarm = { atMost: () => {} };
  const made = new CallerDesk({ stateMachine, codec }, bounds, inbox as Inbox, fsm as FsmCaller, alarm, memory);
  return { made, sink, forwarded, reads, waits };
}
/** What a leader said to a forwarded command. */
export const answered = (
  request: number,
  outcome: "ok" | "refused" | "unknown",
  code = "",
  reason = "",
  result = "",
): ForwardAnswered => ({
  type: "ForwardAnswered",
  response: { type: "ProposeResponse", request, outcome, code, reason, result: bytes(result) },
});
/** What a promise was rejected with. */
export const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "it resolved",
    (error: unknown) => error,
  );
