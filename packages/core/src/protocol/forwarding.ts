import { RaftError } from "../model/errors.js";
import type { Term } from "../model/log-id.js";
import type { Envelope, Propose } from "../model/message.js";
import type { ReplicaId } from "../model/node-id.js";
import type { ForwardedSettled } from "./event.js";
import { type RaftState, senderOf } from "./state.js";
import { notLeader } from "./term.js";

/*
 * A leader takes commands that followers pass on. Rule R18.
 *
 * Only as leader of exactly the term it was meant for, and each number once: a copy that the network kept and delivers
 * later must not be applied a second time. Nor must it be refused (C02): what was taken before it may still take effect.
 */

/** R18: ours to propose, in this term only; or refused, if it certainly was not taken before. */
export function onPropose(s: RaftState, envelope: Envelope, message: Propose): void {
  const origin = senderOf(s, envelope);
  // A run before this one, or an office before the last, may have taken it: nobody here knows.
  const { passedOn } = s;
  if (message.forTerm !== passedOn?.term) return reply(s, origin, message.request, unknownTo(s, message.forTerm));
  const key = `${origin.id}/${origin.incarnation}/${envelope.startNumber}`;
  // Numbers of one start rise; a lower one is a copy, or was overtaken, and its caller will hear *unknown*.
  passedOn.upTo ??= new Map();
  if (message.request <= (passedOn.upTo.get(key) ?? 0)) return s.drop("forwarded command seen before");
  passedOn.upTo.set(key, message.request);
  const leads = s.leadership !== undefined && message.forTerm === s.term && s.peerOf(envelope) !== undefined;
  if (!leads) return reply(s, origin, message.request, notLeader(s));
  s.outbox.emit({
    type: "TakeForwarded",
    from: origin.id,
    fromIncarnation: origin.incarnation,
    request: message.request,
    payload: message.payload,
    onlyInTerm: s.term,
  });
}

function reply(s: RaftState, origin: ReplicaId, request: number, { outcome, code, message }: RaftError): void {
  const result = new Uint8Array(0);
  s.outbox.send(origin, { type: "ProposeResponse", request, outcome, code, reason: message, result });
}

const unknownTo = (s: RaftState, forTerm: Term): RaftError =>
  new RaftError(
    "LeadershipLost",
    "unknown",
    `${s.identity.id} has not led term ${forTerm} since it started; the command may or may not take effect. Read before you repeat it.`,
  );

/** F02: the result reaches the caller behind the other node. */
export function onForwardedSettled(s: RaftState, settled: ForwardedSettled): void {
  const { to, toIncarnation, request, outcome, code, reason, result } = settled;
  const origin = { id: to, incarnation: toIncarnation };
  const type = "ProposeResponse";
  if (outcome !== "ok") s.outbox.send(origin, { type, request, outcome, code, reason, result });
  // Q08: its caller may want to read what it did, wherever it reads.
  else s.outbox.send(origin, { type, request, outcome, code, reason, result, applied: s.applied });
}
