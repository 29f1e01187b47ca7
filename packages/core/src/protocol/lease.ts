import type { Millis } from "../model/log-id.js";
import type { Standing } from "../model/message.js";
import { answeredByQuorum } from "./check-quorum.js";
import type { Leadership } from "./state/office.js";
import type { RaftState } from "./state.js";

/*
 * What a leader may say without asking (§6.4.1 of the thesis; sofa-jraft: ReadOnlyLeaseBased). Rules Q02, Q05, Q08.
 *
 * A voter that answered a heartbeat votes for nobody for T (E07, E06), and itself stands for no election: counted from the
 * *sending* of a round that a quorum answered, no other leader can be there for T. That rests on clocks that go about equally
 * fast, and on T being the same everywhere; hence the drift bound. What breaks the promise of the voters, a TimeoutNow, voids
 * the lease, and so does whatever a clock cannot be trusted to have counted.
 */

/** Q05: whether no other leader can be there at this instant. */
export function holdsLease(s: RaftState, office: Leadership): boolean {
  if (!office.lease.isPromised(s.commit)) return false;
  return s.now - confirmedSince(s, office) < s.T - s.options.clockDriftMs;
}

/**
 * Q02, Q08: an instant at which this leader led for certain, and up to which it knows all that was acknowledged; negative
 * infinity: none. A TimeoutNow takes nothing from it: who answered this term's round later than that voted later still.
 */
export function confirmedSince(s: RaftState, office: Leadership): Millis {
  const since = office.lease.since(answeredByQuorum(s, office));
  return s.commit >= office.firstEntry ? since : Number.NEGATIVE_INFINITY;
}

/** Q08: what its heartbeats say about the age of the group's state, if it can be told. */
export function standingOf(s: RaftState, office: Leadership): Pick<Standing, "ageMs" | "commit"> | undefined {
  const since = confirmedSince(s, office);
  return Number.isFinite(since) ? { ageMs: Math.ceil(s.now - since), commit: s.commit } : undefined;
}
