import type { Envelope, Propose } from "../model/message.js";
import type { ForwardedSettled } from "./event.js";
import { type RaftState, senderOf } from "./state.js";
import { notLeader } from "./term.js";

/*
 * A leader takes commands that followers pass on. Rule R18.
 *
 * Only as leader of exactly the term it was meant for, and each number once: a copy that the network kept and delivers
 * later must not be applied a second time.
 */

/** R18: ours to propose, in this term only; or refused. */
export function onPropose(s: RaftState, envelope: Envelope, message: Propose): void {
  const office = s.leadership;
  const origin = senderOf(envelope);
  if (office === undefined || message.forTerm !== s.term || s.peerOf(envelope) === undefined) {
    const error = notLeader(s);
    s.outbox.send(origin, {
      type: "ProposeResponse",
      request: message.request,
      outcome: "refused",
      code: error.code,
      reason: error.message,
      result: new Uint8Array(0),
    });
    return;
  }
  const key = `${origin.id}/${origin.incarnation}/${envelope.startNumber}`;
  // Numbers of one start rise; a lower one is a copy, or was overtaken, and its caller will hear *unknown*.
  if (message.request <= (office.forwarded.get(key) ?? 0)) return s.drop("forwarded command seen before");
  office.forwarded.set(key, message.request);
  s.outbox.emit({
    type: "TakeForwarded",
    from: origin.id,
    fromIncarnation: origin.incarnation,
    request: message.request,
    payload: message.payload,
    onlyInTerm: s.term,
  });
}

/** F02: the result reaches the caller behind the other node. */
export function onForwardedSettled(s: RaftState, settled: ForwardedSettled): void {
  const { to, toIncarnation, request, outcome, code, reason, result } = settled;
  // Q08: its caller may want to read what it did, wherever it reads.
  const shown = outcome === "ok" ? { applied: s.applied } : {};
  const answer = { type: "ProposeResponse", request, outcome, code, reason, result } as const;
  s.outbox.send({ id: to, incarnation: toIncarnation }, { ...answer, ...shown });
}
