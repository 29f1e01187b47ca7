import { RaftError } from "../model/errors.js";
import { failQuestions } from "./asking.js";
import type { RaftState } from "./state.js";
import { failReads } from "./term.js";

/*
 * Stopping in place. Rules E17, L04, C02, Q07.
 *
 * After the impossible, or after a disk that failed, nothing more is said: no message, no pending `then`, no hand-over.
 * Callers hear *unknown*. Other groups go on.
 */

/** The group says nothing any more from this instant on. */
export function halt(s: RaftState, reason: string, details: Readonly<Record<string, unknown>>): void {
  if (s.halted !== "") return;
  s.halted = reason;
  s.outbox.silence();
  const error = new RaftError(
    "Halted",
    "unknown",
    `This group has stopped in place: ${reason}. What it was asked may or may not take effect.`,
    details,
  );
  s.outbox.emit({ type: "Halt", reason, details });
  s.outbox.emit({ type: "AbandonProposals", above: s.commit, error });
  const office = s.leadership;
  if (office !== undefined) {
    failReads(s, [...office.waitingReads, ...office.readRounds.flatMap((round) => round.readers)], error);
    if (office.change !== undefined) s.outbox.emit({ type: "ChangeAnswered", request: office.change.request, error });
    if (office.transfer !== undefined && office.transfer.request >= 0)
      s.outbox.emit({ type: "TransferAnswered", request: office.transfer.request, error });
  }
  failQuestions(s, `this group has stopped in place: ${reason}`);
  s.leadership = undefined;
  s.role = "follower";
  s.leader = null;
}
