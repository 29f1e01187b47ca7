import { RaftError } from "../model/errors.js";
import type { LogBlock } from "../model/log-block.js";
import { EntryType } from "../model/log-block.js";
import type { LogIndex, Millis, Term } from "../model/log-id.js";
import type { Logger } from "../ports/logger.js";
import type { AbortSignalLike } from "../ports/transport.js";
import type { AbandonProposals, ProposalsAccepted, ProposalsRefused } from "../protocol/effect.js";
import { Fifo } from "../protocol/fifo.js";
import { added, behind, NOTHING } from "../protocol/short-list.js";
import { SparseSet } from "../protocol/sparse-set.js";
import type { EventSink } from "./event-sink.js";
import { messageOf } from "./message-of.js";
import type { Done, ProposalGroup } from "./proposal-group.js";
import { TimedCall } from "./timed-call.js";
import type { Alarm } from "./timer-service.js";

/** Callers of consecutive entries of one term. */
interface Run {
  readonly group: ProposalGroup;
  /** Slot of the first one. */
  readonly slot: number;
  readonly first: LogIndex;
  readonly term: Term;
  readonly count: number;
}

/** What callers are told once the drain is over: results from `at` on, or one error for all. */
interface Answer {
  readonly group: ProposalGroup;
  readonly slot: number;
  readonly count: number;
  readonly results: readonly unknown[];
  readonly at: number;
  readonly error: RaftError | null;
}

const NO_RESULTS: readonly unknown[] = [];

/**
 * Knows who waits for which entry (sofa-jraft: ClosureQueue), by (term, index) and never by index alone (C02): what stood
 * at an index when another leader overwrote it is not the caller's. Answers gather while the node works and are delivered
 * after the drain, never inside it: a caller that proposes again at once cannot re-enter the node.
 */
export class ClosureQueue {
  private readonly submitted = new Fifo<ProposalGroup>();
  private pending: readonly Run[] = NOTHING;
  private answers: readonly Answer[] = NOTHING;
  private readonly timed = new SparseSet<TimedCall>();
  private gaveUp: readonly { readonly done: Done; readonly error: RaftError }[] = NOTHING;
  private alarm: Alarm | undefined;
  private events: Pick<EventSink, "inNextTurn"> | undefined;

  constructor(private readonly logger: Logger) {}

  /** The deadline that wakes {@link sweep}, and how to get a turn when a caller calls its command off. */
  use(alarm: Alarm, events: Pick<EventSink, "inNextTurn">): void {
    this.alarm = alarm;
    this.events = events;
  }

  /** Proposals waiting for an answer. */
  get waiting(): number {
    let count = 0;
    for (const group of this.submitted) count += group.count - group.taken;
    for (const run of this.pending) count += run.count;
    return count;
  }

  /** Whether somebody's deadline is to be watched. */
  get hasDeadlines(): boolean {
    return this.pending.length + this.timed.size > 0;
  }

  /** The proposals of a turn go to the protocol, which answers them in this order. */
  submit(group: ProposalGroup): void {
    this.submitted.push(group);
    this.alarm?.atMost(group.deadlineMs);
  }

  /** A caller has a deadline or signal of its own. */
  time(group: ProposalGroup, slot: number, deadlineMs: Millis, signal: AbortSignalLike | undefined): void {
    const call = new TimedCall(
      group,
      slot,
      deadlineMs,
      signal,
      (aborted) => this.giveUp(aborted, "Cancelled", "the caller called it off"),
      (answered) => this.timed.delete(answered),
    );
    this.timed.add(call);
    group.time(slot, call);
    this.alarm?.atMost(deadlineMs);
  }

  /** The next `count` submitted ones stand in the log. */
  accepted({ first, term, count }: ProposalsAccepted): void {
    let index = first;
    this.takeSubmitted(count, (group, slot, taken) => {
      this.pending = added(this.pending, { group, slot, first: index, term, count: taken });
      index += taken;
    });
  }

  /** The next `count` submitted ones were not taken. */
  refused({ count, error }: ProposalsRefused): void {
    this.takeSubmitted(count, (group, slot, taken) => this.fail(group, slot, taken, error));
  }

  /** What stands above an index may or may not survive (E16). */
  abandon({ above, error }: AbandonProposals): void {
    let kept: readonly Run[] = NOTHING;
    for (const run of this.pending) {
      const survivors = Math.min(run.count, Math.max(0, above - run.first + 1));
      if (survivors > 0) kept = added(kept, { ...run, count: survivors });
      this.fail(run.group, run.slot + survivors, run.count - survivors, error);
    }
    this.pending = kept;
  }

  /** Entries `first … last` were applied; `results` has one element for each command among them. */
  applied(blocks: readonly LogBlock[], first: LogIndex, last: LogIndex, results: readonly unknown[]): void {
    if (this.pending.length === 0) return;
    const commandsOnly = results.length === last - first + 1;
    let at = 0;
    for (const block of blocks) {
      const from = Math.max(block.first, first);
      const to = Math.min(block.last, last);
      if (commandsOnly) {
        this.answer(block.term, from, to, results, from - first);
        continue;
      }
      for (let index = from; index <= to; index++)
        if (block.typeAt(index) === EntryType.command) this.answer(block.term, index, index, results, at++);
    }
  }

  /** Everything up to an index came by a snapshot: what became of it is not known here. */
  superseded(upTo: LogIndex): void {
    const error = new RaftError(
      "LeadershipLost",
      "unknown",
      "This node was brought up to date by a snapshot, which tells no results; read the state to see what became of it.",
    );
    while (this.pending.length > 0) {
      const run = this.pending[0] as Run;
      if (run.first > upTo) return;
      this.dropBefore(run, upTo + 1, error);
    }
  }

  /** The node ends: what the protocol took may survive. */
  failAll(error: RaftError): void {
    this.abandon({ type: "AbandonProposals", above: -1, error });
    let count = 0;
    for (const group of this.submitted) count += group.count - group.taken;
    this.refused({ type: "ProposalsRefused", count, error });
  }

  /** After the drain: tells the callers. */
  deliver(): void {
    const { gaveUp: withdrawn, answers } = this;
    this.gaveUp = NOTHING;
    this.answers = NOTHING;
    for (const { done, error } of withdrawn) this.attempt(() => done(error));
    for (const { group, slot, count, results, at, error } of answers) {
      for (let i = 0; i < count; i++) {
        try {
          if (error === null) group.resolve(slot + i, results[at + i]);
          else group.fail(slot + i, error);
        } catch (thrown) {
          this.complain(thrown);
        }
      }
    }
  }

  /** Answers those whose time is up, and says when the next one's is (C05: no timer per operation). */
  sweep(nowMs: Millis): void {
    for (const call of this.timed)
      if (call.deadlineMs <= nowMs) this.giveUp(call, "DeadlineExceeded", "its deadline passed");
    for (const run of this.pending) if (run.group.deadlineMs <= nowMs) this.giveUpByDefault(run);
    this.pending = this.pending.filter(
      (run) => run.group.deadlineMs > nowMs || !run.group.isAnswered(run.slot, run.count),
    );
    let next = Number.POSITIVE_INFINITY;
    for (const call of this.timed) next = Math.min(next, call.deadlineMs);
    for (const run of this.pending) if (run.group.deadlineMs > nowMs) next = Math.min(next, run.group.deadlineMs);
    if (next < Number.POSITIVE_INFINITY) this.alarm?.atMost(next);
  }

  private attempt(tell: () => void): void {
    try {
      tell();
    } catch (thrown) {
      this.complain(thrown);
    }
  }

  private complain(thrown: unknown): void {
    this.logger.warn("a caller's callback threw; the node goes on", { reason: messageOf(thrown) });
  }

  private answer(term: Term, first: LogIndex, last: LogIndex, results: readonly unknown[], at: number): void {
    let index = first;
    while (index <= last) {
      const run = this.pending[0];
      if (run === undefined || run.first > last) return;
      if (run.first < index) {
        // Applied without a word to it, or overwritten by another leader: never what the caller proposed.
        this.dropBefore(run, index, overwritten());
        continue;
      }
      const from = run.first;
      const count = Math.min(last, run.first + run.count - 1) - from + 1;
      const error = run.term === term ? null : overwritten();
      const answer = { group: run.group, slot: run.slot, count, results, at: at + (from - first), error };
      this.answers = added(this.answers, answer);
      this.advance(run, count);
      index = from + count;
    }
  }

  private dropBefore(run: Run, index: LogIndex, error: RaftError): void {
    const count = Math.min(run.count, index - run.first);
    this.fail(run.group, run.slot, count, error);
    this.advance(run, count);
  }

  /** The first `count` callers of the oldest run have their answer. */
  private advance(run: Run, count: number): void {
    const others = behind(this.pending, 1);
    const rest = { ...run, slot: run.slot + count, first: run.first + count, count: run.count - count };
    this.pending = rest.count > 0 ? [rest, ...others] : others;
  }

  private takeSubmitted(count: number, take: (group: ProposalGroup, slot: number, count: number) => void): void {
    for (let left = count; left > 0; ) {
      const group = this.submitted.first;
      if (group === undefined) throw new Error(`C02 ${left} proposals were answered that nobody submitted`);
      const taken = Math.min(left, group.count - group.taken);
      take(group, group.taken, taken);
      group.taken += taken;
      left -= taken;
      if (group.taken === group.count) this.submitted.shift();
    }
  }

  private fail(group: ProposalGroup, slot: number, count: number, error: RaftError): void {
    if (count > 0) this.answers = added(this.answers, { group, slot, count, results: NO_RESULTS, at: 0, error });
  }

  /** Of a command that was not submitted we know that it will not be; of any other we know nothing (C02). */
  private giveUp(call: TimedCall, code: "Cancelled" | "DeadlineExceeded", why: string): void {
    const { group, slot } = call;
    const outcome = slot >= group.taken ? "refused" : "unknown";
    const done = group.withdraw(slot);
    if (done === undefined) return;
    this.gaveUp = added(this.gaveUp, { done, error: gaveUp(code, outcome, why) });
    this.events?.inNextTurn(() => {});
  }

  private giveUpByDefault(run: Run): void {
    const error = gaveUp("DeadlineExceeded", "unknown", "no quorum took it in time");
    for (let slot = run.slot; slot < run.slot + run.count; slot++)
      if (run.group.waitsByDefault(slot)) this.fail(run.group, slot, 1, error);
  }
}

function gaveUp(code: "Cancelled" | "DeadlineExceeded", outcome: "refused" | "unknown", why: string): RaftError {
  const what =
    outcome === "refused"
      ? `The command was not proposed: ${why}.`
      : `The command is in the log, and may still be committed: ${why}. Read before you repeat it.`;
  return new RaftError(code, outcome, what);
}

const overwritten = (): RaftError =>
  new RaftError(
    "LeadershipLost",
    "unknown",
    "Another leader took over where this command stood; read before you repeat it.",
  );
