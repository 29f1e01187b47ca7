import { quorumHeardAt } from "./check-quorum.js";
import type { EventLoopPaused, StateMachineFaulted, WriteOverdue } from "./event.js";
import { giveUpOffice } from "./leadership-transfer.js";
import type { RaftState } from "./state.js";
import { becomeFollower } from "./term.js";

/*
 * A sick host must not lead. Rules E19, E24, Q05, R15.
 *
 * A disk that takes a write for seconds, or a process that stands still, is not dead: heartbeats go out, votes are given,
 * and nothing moves. The hosts' hands measure both; what follows from it is decided here.
 */

/** A write is under way for too long: a leader makes way; until the write ends nobody is asked, or helped, to lead. */
export function onWriteOverdue(s: RaftState, { forMs }: WriteOverdue): void {
  if (s.writeOverdue) return;
  s.writeOverdue = true;
  const reason = `a write has been under way for ${Math.round(forMs)} ms (writeOverdueMs)`;
  s.outbox.emit({ type: "Notify", notice: { kind: "error", reason } });
  giveUpOffice(s, reason);
}

/** The process stood still: what waits in its queues says who was there before, not who is there now (E16). */
export function onEventLoopPaused(s: RaftState, { forMs }: EventLoopPaused): void {
  // Q05, Q08: its clock may have stood still with it; what was confirmed before says nothing about now.
  s.freshness?.forget();
  s.leadership?.lease.voidUntilRound(s.leadership.round + 1);
  if (s.leadership === undefined || forMs < s.T || s.now - quorumHeardAt(s) < s.T) return;
  becomeFollower(s, null, `this process stood still for ${Math.round(forMs)} ms, and heard no quorum meanwhile`);
}

/** R15, E19: nothing more is applied or acknowledged here; a leader makes way for one whose state machine works. */
export function onStateMachineFaulted(s: RaftState, { index, reason }: StateMachineFaulted): void {
  s.faulted = `state machine faulted at index ${index}: ${reason}`;
  s.outbox.emit({ type: "Notify", notice: { kind: "error", reason: s.faulted } });
  if (s.role !== "follower") becomeFollower(s, null, s.faulted);
}
