import type { NodeId } from "../model/node-id.js";
import { acknowledge } from "./append-entries.js";
import { failQuestions, forward, questionTimedOut } from "./asking.js";
import { onChangeCancelled, onChangeRequested } from "./configuration-change.js";
import { electionTimerFired, onElectionRequested, onOwnBallot } from "./election.js";
import type { LogPersisted, RaftEvent, TimerFired } from "./event.js";
import { checkForgotten } from "./forgotten.js";
import { onForwardedSettled } from "./forwarding.js";
import { halt } from "./halting.js";
import { onEventLoopPaused, onStateMachineFaulted, onWriteOverdue } from "./health.js";
import { judge } from "./judging.js";
import { announceCommit, heartbeatTimerFired } from "./leadership.js";
import { handOverLastResort, onTransferRequested, transferTimerFired } from "./leadership-transfer.js";
import { onLogDamaged, onLogRepaired, repairTimerFired } from "./log-repair.js";
import { onProposals } from "./proposing.js";
import { onBoundedReadRequested, onLeaseReadRequested, onReadRequested } from "./read-only-service.js";
import { onRepairRead } from "./repair-providing.js";
import { onEntriesFetched, onPeerLost } from "./replicator-group.js";
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
import type { RaftState } from "./state.js";
import { onFormatOpened } from "./version-gate.js";

/*
 * Which event belongs to which conversation. What the conversation makes of it stands in its own file; what may follow from any
 * event is settled afterwards, in `raft.ts`.
 */

/** Hands an event to whom it concerns. The only switch over events. */
export function dispatch(s: RaftState, event: RaftEvent): void {
  stir(s, event);
  switch (event.type) {
    case "MessageReceived":
      return judge(s, event.envelope);
    case "ProposalsSubmitted":
      return onProposals(s, event);
    case "LogPersisted":
      return onLogPersisted(s, event);
    case "Applied":
      s.applied = event.upTo;
      s.log.applied(event.upTo);
      return snapshotIfGrown(s);
    case "FormatOpened":
      return onFormatOpened(s, event);
    case "TurnEnded":
      return announceCommit(s);
    case "TimerFired":
      return onTimerFired(s, event);
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
      return onPeerDown(s, event.id);
    case "StorageFailed":
      return halt(s, `storage failed: ${event.reason}`, {});
    case "StateMachineFaulted":
      return onStateMachineFaulted(s, event);
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

/** A write is durable: what waited for it leaves, and a follower acknowledges what it holds now (R07). */
function onLogPersisted(s: RaftState, { number }: LogPersisted): void {
  s.writeOverdue = false;
  s.outbox.persisted(number);
  s.log.persisted(number);
  loadWhenReset(s, number);
  if (s.ackDue) acknowledge(s);
}

/** The only switch over timers. */
function onTimerFired(s: RaftState, event: TimerFired): void {
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

function onPeerDown(s: RaftState, id: NodeId): void {
  s.outbox.emit({ type: "Notify", notice: { kind: "peer", id, up: false } });
  const peer = s.leadership?.peers.get(id);
  if (peer !== undefined) onPeerLost(peer);
  if (s.leader?.id === id) failQuestions(s, "the connection to it was lost");
}
