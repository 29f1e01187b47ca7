import type { ConfigurationEntry } from "../model/configuration.js";
import type { LogHole } from "../model/log-hole.js";
import type { LogIndex, Millis, Term } from "../model/log-id.js";
import type { NodeId, RecoveryNumber } from "../model/node-id.js";
import { updateBook } from "./address-book.js";
import { applyCommitted, countMatches, neededUpTo } from "./ballot-box.js";
import { advanceChange } from "./configuration-change.js";
import { describeRaft } from "./describe.js";
import type { RaftDescription } from "./description.js";
import { dispatch } from "./dispatch.js";
import type { Effect } from "./effect.js";
import type { RaftEvent } from "./event.js";
import { explainRaft } from "./explain/explain.js";
import type { Finding } from "./explain/finding.js";
import { makeUpForForgotten, onForgotten } from "./forgotten.js";
import { checkState, checkStep } from "./invariants.js";
import { tellTarget } from "./leadership-transfer.js";
import { goOnRepairing, onLogDamaged } from "./log-repair.js";
import type { Role } from "./notice.js";
import { confirmReads } from "./read-only-service.js";
import { replicate } from "./replicator-group.js";
import type { RaftStart } from "./state/raft-start.js";
import { RaftState } from "./state.js";
import { restartElectionWait } from "./term.js";
import { considerGate } from "./version-gate.js";

/**
 * The protocol of one replica (sofa-jraft: NodeImpl), pure: it keeps private state for speed, but from outside
 * `step(event, now)` is a function — same state and same event, same effects. No I/O, no clock, no chance, no promise.
 * Each conversation has a file of its own beside this one; `dispatch.ts` says which event belongs to which.
 */
export class Raft {
  private readonly s: RaftState;
  private readonly holes: readonly LogHole[];
  private readonly forgotten: LogHole | undefined;

  /**
   * Nothing happens before `start()`.
   *
   * @param start - what recovery found.
   * @param now - monotonic, ms; the start counts as leader contact.
   */
  constructor(start: RaftStart, now: Millis) {
    this.s = new RaftState(start, now);
    this.holes = start.holes ?? [];
    this.forgotten = start.forgotten;
  }

  /** Its role. */
  get role(): Role {
    return this.s.role;
  }
  /** The latest term it knows. */
  get term(): Term {
    return this.s.term;
  }
  /** The leader of that term, if it knows one at the moment. */
  get leader(): NodeId | null {
    return this.s.leader?.id ?? null;
  }
  /** M11: the recovery that its messages belong to. */
  get recoveryNumber(): RecoveryNumber {
    return this.s.recoveryNumber;
  }
  /** M09: whether it was told that it is no member any more. */
  get wasRemoved(): boolean {
    return this.s.removedAt > 0;
  }
  /** R08. */
  get commitIndex(): LogIndex {
    return this.s.commit;
  }
  /** The last entry in memory. */
  get lastIndex(): LogIndex {
    return this.s.log.last.index;
  }
  /** Q02: whether it leads and has committed an entry of its own term. */
  get isReady(): boolean {
    return this.s.leadership !== undefined && this.s.commit >= this.s.leadership.firstEntry;
  }
  /** Whether a TurnEnded would do anything. */
  get turnWork(): boolean {
    return this.s.commitNews;
  }
  /** S01: the newest configuration at or below `index`. */
  configurationAt(index: LogIndex): ConfigurationEntry {
    return this.s.configurations.at(index);
  }
  /** The term of an entry, if the log still knows it. */
  termAt(index: LogIndex): Term | undefined {
    return this.s.log.termAt(index);
  }

  /** E01: takes part from now on: as follower, with an election wait, and with what was committed handed to the state machine. */
  start(now: Millis): readonly Effect[] {
    const s = this.s;
    s.now = now;
    updateBook(s);
    restartElectionWait(s);
    if (s.options.snapshotIntervalMs > 0) s.arm("snapshot", s.options.snapshotIntervalMs);
    for (const hole of this.holes) onLogDamaged(s, { type: "LogDamaged", hole });
    onForgotten(s, this.forgotten);
    goOnRepairing(s);
    if (s.halted === "") applyCommitted(s);
    return s.outbox.take(s.commit);
  }

  /**
   * One event, to its end.
   *
   * @throws InvariantViolation if an impossible state was reached: the caller halts the node and carries nothing out.
   */
  step(event: RaftEvent, now: Millis): readonly Effect[] {
    const s = this.s;
    const before = { term: s.term, commit: s.commit, applied: s.applied };
    s.now = now;
    if (s.halted === "") {
      dispatch(s, event);
      if (s.halted === "") this.settle();
      checkStep(s, before);
      checkState(s);
    }
    return s.outbox.take(s.commit);
  }

  /** O01. */
  describe(now: Millis): RaftDescription {
    return describeRaft(this.s, now);
  }

  /** O07. */
  explain(now: Millis): readonly Finding[] {
    return explainRaft(this.s, now);
  }

  /** What may follow from any event: a commit, what a commit allows, what peers have room for, and what nobody needs any more. */
  private settle(): void {
    const s = this.s;
    if (s.leadership !== undefined) {
      countMatches(s);
      advanceChange(s);
      considerGate(s);
      confirmReads(s);
      replicate(s);
      tellTarget(s);
    }
    goOnRepairing(s);
    makeUpForForgotten(s);
    if (s.halted === "") applyCommitted(s);
    s.log.release(neededUpTo(s));
  }
}
