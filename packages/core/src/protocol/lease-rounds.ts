import type { LogIndex, Millis } from "../model/log-id.js";
import { added, behind, NOTHING } from "./short-list.js";

/** The instants of rounds of heartbeats, and since which of them this leader is confirmed. */
export class LeaseRounds {
  /** Rounds without a quorum of answers as yet; one that gets none for T ends the office (E16). */
  private unanswered: readonly { readonly round: number; readonly sentAt: Millis }[] = NOTHING;
  private confirmedRound = 0;
  private confirmedAt: Millis = Number.NEGATIVE_INFINITY;
  private fromRound = 0;
  private fromCommit: LogIndex = 0;

  /** A round leaves now. */
  began(round: number, sentAt: Millis): void {
    this.unanswered = added(this.unanswered, { round, sentAt });
  }

  /** E24, Q05: the process stood still: only rounds from this one on count. */
  voidUntilRound(round: number): void {
    this.fromRound = round;
    const before = this.unanswered.filter((left) => left.round < round);
    this.unanswered = behind(this.unanswered, before.length);
  }

  /** E21, Q05: a TimeoutNow is about, and voters are free of their promise: no lease before this entry is committed. */
  voidUntilCommit(index: LogIndex): void {
    this.fromCommit = index;
  }

  /** When the newest round left that a quorum has answered; negative infinity if that counts for nothing. */
  since(answered: number): Millis {
    let count = 0;
    for (const { round, sentAt } of this.unanswered) {
      if (round > answered) break;
      this.confirmedRound = round;
      this.confirmedAt = sentAt;
      count++;
    }
    this.unanswered = behind(this.unanswered, count);
    return this.confirmedRound >= this.fromRound ? this.confirmedAt : Number.NEGATIVE_INFINITY;
  }

  /** Whether nobody was told to take over who may still do it. */
  isPromised(commit: LogIndex): boolean {
    return commit >= this.fromCommit;
  }
}
