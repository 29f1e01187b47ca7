import type { LogIndex, Millis, Term } from "../model/log-id.js";
import type { Heartbeat } from "../model/message.js";
import type { StartNumber } from "../model/node-id.js";
import { added, behind, NOTHING } from "./short-list.js";

/** Most answers to heartbeats whose instants are remembered; a leader that hears of none of them for longer says nothing about age. */
export const ANSWERS_REMEMBERED_MAX = 256;

/** All that anybody had acknowledged by `at` is at or below `index`. */
interface Mark {
  readonly at: Millis;
  readonly index: LogIndex;
}

const NEVER: Mark = { at: Number.NEGATIVE_INFINITY, index: 0 };

/**
 * How old this replica's own state is at most (Q08).
 *
 * A heartbeat says how long before it left a quorum confirmed its leader. How long it was on the way nobody knows: in a
 * socket of a process that stood still, it may be minutes. But it left after the leader had this replica's answer to an
 * earlier one, and when that was this replica knows by its own clock. So that instant, less the age, is what counts.
 */
export class Freshness {
  private answers: readonly { readonly round: number; readonly at: Millis }[] = NOTHING;
  /** Rounds are counted anew in each term. What is known about ages stays true. */
  private term: Term = 0;
  private highestRound = 0;
  private whole = NEVER;
  /** The next one, as soon as its index is applied. One that is not applied yet is kept: a newer one would be later still. */
  private next = NEVER;

  /** A heartbeat of the leader of this term; if it wants an answer it gets one now, of this start of the process. */
  heard({ term, round, standing }: Heartbeat, startNumber: StartNumber, now: Millis, applied: LogIndex): void {
    if (term !== this.term) {
      this.term = term;
      this.highestRound = 0;
      this.answers = NOTHING;
    }
    if (standing?.answeredInStart === startNumber) {
      const older = this.answers.filter((answer) => answer.round < standing.answeredRound);
      this.answers = behind(this.answers, older.length);
      const answer = this.answers[0];
      this.advance(applied);
      if (answer?.round === standing.answeredRound && this.next === this.whole)
        this.next = { at: answer.at - standing.ageMs, index: standing.commit };
    }
    // A copy that comes late is answered later than the answer that the leader will speak of.
    if (round <= this.highestRound) return;
    this.highestRound = round;
    this.answers = added(this.answers, { round, at: now });
    if (this.answers.length > ANSWERS_REMEMBERED_MAX) this.answers = behind(this.answers, 1);
  }

  /** The instant up to which all that was acknowledged is applied here; negative infinity if none is known. */
  wholeSince(applied: LogIndex): Millis {
    this.advance(applied);
    return this.whole.at;
  }

  /** Q05: the clock did not count for a while: nothing that it measured is to be trusted. */
  forget(): void {
    this.answers = NOTHING;
    this.whole = NEVER;
    this.next = NEVER;
  }

  private advance(applied: LogIndex): void {
    if (this.next.index > applied) return;
    if (this.next.at > this.whole.at) this.whole = this.next;
    this.next = this.whole;
  }
}
