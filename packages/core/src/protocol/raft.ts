import type { ConfigurationEntry } from "../model/configuration.js";
import type { LogHole } from "../model/log-hole.js";
import type { LogIndex, Millis, Term } from "../model/log-id.js";
import type { NodeId, RecoveryNumber } from "../model/node-id.js";
import { updateBook } from "./address-book.js";
import { acknowledge } from "./append-entries.js";
import { failQuestions, forward, questionTimedOut } from "./asking.js";
import { applyCommitted, countMatches } from "./ballot-box.js";
import { advanceChange, onChangeCancelled, onChangeRequested } from "./configuration-change.js";
import { describeRaft } from "./describe.js";
import type { RaftDescription } from "./description.js";
import type { Effect } from "./effect.js";
import { electionTimerFired, onElectionRequested, onOwnBallot } from "./election.js";
import type { LogPersisted, RaftEvent, StateMachineFaulted, TimerFired } from "./event.js";
import { explainRaft } from "./explain/explain.js";
import type { Finding } from "./explain/finding.js";
import { checkForgotten, makeUpForForgotten, onForgotten } from "./forgotten.js";
import { onForwardedSettled } from "./forwarding.js";
import { halt } from "./halting.js";
import { onEventLoopPaused, onWriteOverdue } from "./health.js";
import { checkState, checkStep } from "./invariants.js";
import { judge } from "./judging.js";
import { announceCommit, heartbeatTimerFired } from "./leadership.js";
import { handOverLastResort, onTransferRequested, tellTarget, transferTimerFired } from "./leadership-transfer.js";
import { goOnRepairing, onLogDamaged, onLogRepaired, repairTimerFired } from "./log-repair.js";
import type { Role } from "./notice.js";
import { onProposals } from "./proposing.js";
import { confirmReads, onBoundedReadRequested, onLeaseReadRequested, onReadRequested } from "./read-only-service.js";
import { onRepairRead } from "./repair-providing.js";
import { onEntriesFetched, onPeerLost, replicate } from "./replicator-group.js";
import { considerRest, stir } from "./resting.js";
import {
  onSnapshotSaved,
  onSnapshotSaveFailed,
  snapshotIfGrown,
  snapshotTimerFired,
  takeSnapshot,
} from "./snapshot-flow.js";
import {
  loadWhenReset,
  onReceiveFailed,
  onSinkOpened,
  onSnapshotLoaded,
  onSnapshotReceived,
} from "./snapshot-installing.js";
import { onSnapshotSent } from "./snapshot-sending.js";
import type { RaftStart } from "./state/raft-start.js";
import { RaftState } from "./state.js";
import { becomeFollower, restartElectionWait } from "./term.js";

/**
 * The protocol of one replica (sofa-jraft: NodeImpl), pure: it keeps private state for speed, but from outside
 * `step(event, now)` is a function — same state and same event, same effects. No I/O, no clock, no chance, no promise.
 * Each conversation has a file of its own beside this one; this one only hands events to them.
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
      this.dispatch(event);
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

  /** What may follow from any event: a commit, what a commit allows, and what peers have room for. */
  private settle(): void {
    const s = this.s;
    if (s.leadership !== undefined) {
      countMatches(s);
      advanceChange(s);
      confirmReads(s);
      replicate(s);
      tellTarget(s);
    }
    goOnRepairing(s);
    makeUpForForgotten(s);
    if (s.halted === "") applyCommitted(s);
  }

  private dispatch(event: RaftEvent): void {
    const s = this.s;
    stir(s, event);
    switch (event.type) {
      case "MessageReceived":
        return judge(s, event.envelope);
      case "ProposalsSubmitted":
        return onProposals(s, event);
      case "LogPersisted":
        return this.onLogPersisted(event);
      case "Applied":
        s.applied = event.upTo;
        s.log.applied(event.upTo);
        return snapshotIfGrown(s);
      case "TurnEnded":
        return announceCommit(s);
      case "TimerFired":
        return this.onTimerFired(event);
      case "OwnBallotPersisted":
        return onOwnBallot(s, event);
      case "ReadRequested":
        return onReadRequested(s, event.requests);
      case "LeaseReadRequested":
        return onLeaseReadRequested(s, event.requests);
      case "BoundedReadRequested":
        return onBoundedReadRequested(s, event.reads);
      case "ForwardRequested":
        return forward(s, event);
      case "ForwardAbandoned":
        s.asked.forwarded.delete(event.request);
        return;
      case "ForwardedSettled":
        return onForwardedSettled(s, event);
      case "EntriesFetched":
        return onEntriesFetched(s, event);
      case "LogDamaged":
        return onLogDamaged(s, event);
      case "LogRepaired":
        return onLogRepaired(s, event);
      case "RepairRead":
        return onRepairRead(s, event);
      case "PeerUp":
        return s.outbox.emit({ type: "Notify", notice: { kind: "peer", id: event.id, up: true } });
      case "PeerDown":
        return this.onPeerDown(event.id);
      case "StorageFailed":
        return halt(s, `storage failed: ${event.reason}`, {});
      case "StateMachineFaulted":
        return this.onFault(event);
      case "SnapshotRequested":
        return takeSnapshot(s);
      case "SnapshotSaved":
        return onSnapshotSaved(s, event.meta);
      case "SnapshotSaveFailed":
        return onSnapshotSaveFailed(s, event.reason);
      case "SnapshotSinkOpened":
        return onSinkOpened(s, event);
      case "SnapshotReceived":
        return onSnapshotReceived(s, event);
      case "SnapshotReceiveFailed":
        return onReceiveFailed(s, event);
      case "SnapshotLoaded":
        return onSnapshotLoaded(s, event.meta.id.index);
      case "SnapshotSent":
        return onSnapshotSent(s, event);
      case "ChangeRequested":
        return onChangeRequested(s, event);
      case "ChangeCancelled":
        return onChangeCancelled(s, event);
      case "TransferRequested":
        return onTransferRequested(s, event);
      case "ElectionRequested":
        return onElectionRequested(s, event);
      case "WriteOverdue":
        return onWriteOverdue(s, event);
      case "EventLoopPaused":
        return onEventLoopPaused(s, event);
      case "Woken":
        // E07: whom its process heard, it heard.
        s.leaderContactAt = Math.max(s.leaderContactAt, event.contactAt);
        return;
      default:
        return event satisfies never;
    }
  }

  private onLogPersisted({ number }: LogPersisted): void {
    const s = this.s;
    s.writeOverdue = false;
    s.outbox.persisted(number);
    s.log.persisted(number);
    loadWhenReset(s, number);
    if (s.ackDue) acknowledge(s);
  }

  private onTimerFired(event: TimerFired): void {
    const s = this.s;
    if (!s.isCurrent(event.timer, event.generation)) return;
    switch (event.timer) {
      case "election":
        return electionTimerFired(s, event);
      case "heartbeat":
        heartbeatTimerFired(s);
        handOverLastResort(s);
        return considerRest(s);
      case "request":
        return questionTimedOut(s);
      case "transfer":
        return transferTimerFired(s);
      case "snapshot":
        return snapshotTimerFired(s);
      case "repair":
        repairTimerFired(s);
        return checkForgotten(s);
      default:
        return event.timer satisfies never;
    }
  }

  private onPeerDown(id: NodeId): void {
    const s = this.s;
    s.outbox.emit({ type: "Notify", notice: { kind: "peer", id, up: false } });
    const peer = s.leadership?.peers.get(id);
    if (peer !== undefined) onPeerLost(peer);
    if (s.leader?.id === id) failQuestions(s, "the connection to it was lost");
  }

  /** R15, E19: nothing more is applied or acknowledged here; a leader makes way for one whose state machine works. */
  private onFault({ index, reason }: StateMachineFaulted): void {
    const s = this.s;
    s.faulted = `state machine faulted at index ${index}: ${reason}`;
    s.outbox.emit({ type: "Notify", notice: { kind: "error", reason: s.faulted } });
    if (s.role !== "follower") becomeFollower(s, null, s.faulted);
  }
}
