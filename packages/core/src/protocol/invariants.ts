import { invariant } from "../model/errors.js";
import type { LogIndex, Term } from "../model/log-id.js";
import type { RaftState } from "./state.js";

/*
 * What is never otherwise, checked after every step, in production too: a node that finds itself in an impossible state
 * must not act on it. "This state is legal" and "this step was legal" are two functions.
 */

/** What the step's legality is judged by. */
export interface Before {
  readonly term: Term;
  readonly commit: LogIndex;
  readonly applied: LogIndex;
}

/** R08, E13: what never goes back. */
export function checkStep(s: RaftState, before: Before): void {
  invariant(s.term >= before.term, "E13 the term never goes back", { before: before.term, after: s.term });
  invariant(s.commit >= before.commit, "R08 the commit index never goes back", {
    before: before.commit,
    after: s.commit,
  });
  invariant(s.applied >= before.applied, "R14 the applied index never goes back", {
    before: before.applied,
    after: s.applied,
  });
}

/** The order of the indices, and what a leader knows of its peers. */
export function checkState(s: RaftState): void {
  const { base, last, durable } = s.log;
  invariant(s.commit <= last.index, "R08 what is committed is in the log", { commit: s.commit, last });
  invariant(s.applied <= s.commit, "R14 only what is committed is applied", { applied: s.applied, commit: s.commit });
  invariant(base.index <= s.commit, "S03 only what is committed is compacted", { base, commit: s.commit });
  invariant(durable <= last.index, "R07 only what is in the log is durable", { durable, last });
  invariant(last.term <= s.term, "R01 no entry is of a later term than its node", { last, term: s.term });
  invariant((s.role === "leader") === (s.leadership !== undefined), "E15 a leader, and only a leader, holds office", {
    role: s.role,
  });
  if (s.leadership === undefined) return;
  invariant(!s.outbox.hardStatePending, "E02 a leader has no hard state on its way to the disk", { term: s.term });
  for (const peer of s.leadership.peers.values())
    invariant(peer.next > peer.match, "R11 next stays above match", {
      peer: peer.id,
      next: peer.next,
      match: peer.match,
    });
}
