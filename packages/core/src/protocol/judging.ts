import { isVotingReplica, memberOf } from "../model/configuration.js";
import type { LogBlock } from "../model/log-block.js";
import { type LogId, TERM_MAX, type Term } from "../model/log-id.js";
import type { Envelope, Message } from "../model/message.js";
import { type RecoveryNumber, type ReplicaId, sameReplica } from "../model/node-id.js";
import { onAppendEntries, onHeartbeat, ownLog } from "./append-entries.js";
import { onProposeResponse, onReadIndexResponse } from "./asking.js";
import { onPreVoteResponse, onVoteResponse } from "./election.js";
import { onPropose } from "./forwarding.js";
import { halt } from "./halting.js";
import { onTimeoutNow } from "./leadership-transfer.js";
import { onRepairResponse } from "./log-repair.js";
import { onReadIndex } from "./read-only-service.js";
import { onRemoved, tellIfRemoved } from "./removal.js";
import { onRepairRequest } from "./repair-providing.js";
import { answeringPeer, onAppendEntriesResponse, onHeartbeatResponse, onPeerLost } from "./replicator-group.js";
import { onRestAnswer, onRestOffer } from "./resting.js";
import { onInstallSnapshot } from "./snapshot-installing.js";
import { onInstallSnapshotResponse } from "./snapshot-sending.js";
import { type RaftState, senderOf, startOf } from "./state.js";
import { adoptTerm, becomeFollower, noteLeaderContact, setLeader } from "./term.js";
import { isHeldBackByLease, onPreVoteRequest, onVoteRequest } from "./voting.js";

/*
 * The order in which every message is judged. Rules E26, E07, E11, E13, E14, E17, M13, T11.
 *
 * Well-formed; right group and receiver; not of an older start; lease; lower term; higher term; its own rule. The order
 * is a rule of its own: a term adopted from a message that the lease should have held back deposes a healthy leader.
 */

type TermedMessage = Exclude<
  Message,
  {
    type:
      | "Propose"
      | "ProposeResponse"
      | "ReadIndex"
      | "ReadIndexResponse"
      | "Removed"
      | "ProcessBeat"
      | "JoinedHeartbeats"
      | "RepairRequest"
      | "RepairResponse";
  }
>;

/** E26. */
export function judge(s: RaftState, envelope: Envelope): void {
  const { message } = envelope;
  if (!isWellFormed(message)) return s.drop("malformed");
  const isForUs =
    envelope.group === s.identity.groupId &&
    envelope.to === s.identity.id &&
    envelope.toIncarnation === s.identity.incarnation;
  if (!isForUs || envelope.from === s.identity.id) return s.drop("meant for another replica");
  if (envelope.recoveryNumber < s.recoveryNumber) return s.drop("of an older recovery");
  if (envelope.recoveryNumber > s.recoveryNumber && !followsRecovery(s, envelope.recoveryNumber))
    return s.drop("of a later recovery: this replica was left behind");
  if (!isOfNewestStart(s, envelope)) return s.drop("of an older start");
  switch (message.type) {
    case "Propose":
      return onPropose(s, envelope, message);
    case "ProposeResponse":
      return onProposeResponse(s, message);
    case "ReadIndex":
      return onReadIndex(s, envelope, message);
    case "ReadIndexResponse":
      return onReadIndexResponse(s, message);
    case "Removed":
      return onRemoved(s, message);
    case "RepairRequest":
      return onRepairRequest(s, envelope, message);
    case "RepairResponse":
      return onRepairResponse(s, message);
    case "ProcessBeat":
    case "JoinedHeartbeats":
      return s.drop("meant for the process");
    default:
      return judgeTerm(s, envelope, message);
  }
}

function judgeTerm(s: RaftState, envelope: Envelope, message: TermedMessage): void {
  if (message.type === "VoteRequest" && isHeldBackByLease(s, message))
    return s.drop("vote request held back by the lease");
  if (message.term < s.term) return answerLowerTerm(s, envelope, message);
  // E13: a pre-vote speaks of a term that does not exist yet.
  const isPreVote = message.type === "PreVoteRequest" || (message.type === "PreVoteResponse" && message.granted);
  if (message.term > s.term && !isPreVote)
    adoptTerm(s, message.term, `heard of term ${message.term} from ${envelope.from}`);
  obey(s, envelope, message);
}

/** E14: a stale sender is told the term, so that it steps down; stale answers are dropped. */
function answerLowerTerm(s: RaftState, envelope: Envelope, message: TermedMessage): void {
  const sender = senderOf(s, envelope);
  switch (message.type) {
    case "PreVoteRequest":
      s.outbox.send(sender, { type: "PreVoteResponse", term: s.term, round: message.round, granted: false });
      return tellIfRemoved(s, envelope);
    case "VoteRequest":
      return s.outbox.send(sender, { type: "VoteResponse", term: s.term, granted: false });
    case "AppendEntries": {
      const refusal = {
        success: false,
        match: 0,
        prevIndex: message.prev.index,
        hintIndex: 0,
        hintTerm: 0,
        ...ownLog(s),
      };
      return s.outbox.send(sender, { type: "AppendEntriesResponse", term: s.term, ...refusal });
    }
    case "RestOffer":
    case "Heartbeat":
      return s.outbox.send(sender, { type: "HeartbeatResponse", term: s.term, round: 0, ...ownLog(s) });
    case "InstallSnapshot":
      return s.outbox.send(sender, {
        type: "InstallSnapshotResponse",
        term: s.term,
        transfer: message.transfer,
        status: "failed",
        offset: 0,
        match: 0,
      });
    case "PreVoteResponse":
      // A refusal of the running round counts as one, whatever its term.
      return message.granted ? s.drop("answer of a lower term") : countVote(s, envelope, message);
    case "VoteResponse":
    case "AppendEntriesResponse":
    case "HeartbeatResponse":
    case "InstallSnapshotResponse":
    case "TimeoutNow":
    case "RestAnswer":
      return s.drop("answer of a lower term");
    default:
      return message satisfies never;
  }
}

function obey(s: RaftState, envelope: Envelope, message: TermedMessage): void {
  const sender = senderOf(s, envelope);
  switch (message.type) {
    case "PreVoteRequest":
      return onPreVoteRequest(s, envelope, message);
    case "VoteRequest":
      return onVoteRequest(s, envelope, message);
    case "PreVoteResponse":
    case "VoteResponse":
      return countVote(s, envelope, message);
    case "AppendEntries":
      if (followsSender(s, sender)) onAppendEntries(s, sender, message);
      return;
    case "Heartbeat":
      if (followsSender(s, sender)) onHeartbeat(s, sender, message);
      return;
    case "RestOffer":
      if (followsSender(s, sender)) onRestOffer(s, sender, message);
      return;
    case "InstallSnapshot":
      if (followsSender(s, sender)) onInstallSnapshot(s, sender, message);
      return;
    case "TimeoutNow":
      if (sameReplica(s.leader, sender)) onTimeoutNow(s, message);
      return;
    case "AppendEntriesResponse": {
      const peer = answeringPeer(s, envelope);
      if (peer !== undefined) onAppendEntriesResponse(s, peer, message);
      return;
    }
    case "RestAnswer": {
      const peer = answeringPeer(s, envelope);
      if (peer !== undefined) onRestAnswer(s, peer, message);
      return;
    }
    case "HeartbeatResponse": {
      const peer = answeringPeer(s, envelope);
      if (peer !== undefined) onHeartbeatResponse(s, peer, message);
      return;
    }
    case "InstallSnapshotResponse": {
      const peer = answeringPeer(s, envelope);
      if (peer !== undefined) onInstallSnapshotResponse(s, peer, message);
      return;
    }
    default:
      return message satisfies never;
  }
}

/** E10, M13: only voters of the own configuration, in the incarnation that it names. */
function countVote(
  s: RaftState,
  envelope: Envelope,
  message: Extract<Message, { type: "PreVoteResponse" | "VoteResponse" }>,
): void {
  if (!isVotingReplica(s.configurations.current, senderOf(s, envelope))) return s.drop("vote of a stranger");
  if (message.type === "PreVoteResponse") onPreVoteResponse(s, envelope.from, message);
  else onVoteResponse(s, envelope.from, message);
}

/** E11, E04: the sender leads this term: it is followed, and this is contact. E17: two that lead one term cannot be. */
function followsSender(s: RaftState, sender: ReplicaId): boolean {
  if (s.leaderOfTerm !== null && !sameReplica(s.leaderOfTerm, sender)) {
    halt(s, "E17 two leaders in one term", { term: s.term, first: s.leaderOfTerm, second: sender });
    return false;
  }
  s.leaderOfTerm ??= sender;
  if (s.role !== "follower") becomeFollower(s, sender, `heard the leader of term ${s.term}`);
  else if (!sameReplica(s.leader, sender)) setLeader(s, sender, `heard the leader of term ${s.term}`);
  noteLeaderContact(s);
  return true;
}

/**
 * M11: a replica without a log belongs to whichever recovery asks it first. One that has a log of before may hold entries
 * that the recovered group never had: it is refused for good, and comes back empty.
 */
function followsRecovery(s: RaftState, recoveryNumber: RecoveryNumber): boolean {
  if (s.log.last.index > 0) return false;
  s.recoveryNumber = recoveryNumber;
  s.outbox.persistHardState(s.hardState());
  return true;
}

/** T11: what an earlier run of the sender left in the network is dropped; a new run begins with a probe (R19). */
function isOfNewestStart(s: RaftState, envelope: Envelope): boolean {
  const before = startOf(s, envelope);
  const known = before?.startNumber ?? 0;
  if (envelope.startNumber < known) return false;
  if (envelope.startNumber > known) {
    const replica = before?.replica ?? asMember(s, envelope);
    const others = s.starts.filter((start) => start !== before).slice(1 - STARTS_MAX);
    s.starts = others.concat({ replica, startNumber: envelope.startNumber });
    const peer = s.peerOf(envelope);
    if (peer !== undefined && known > 0) onPeerLost(peer);
  }
  return true;
}

/** The sender, by the names that it has in the own configuration already, if it has any. */
function asMember(s: RaftState, { from, fromIncarnation }: Envelope): ReplicaId {
  const member = memberOf(s.configurations.current, from);
  if (member?.incarnation !== fromIncarnation) return { id: from, incarnation: fromIncarnation };
  return { id: member.id, incarnation: member.incarnation };
}

/** Most replicas whose start numbers are remembered; members are far fewer. */
const STARTS_MAX = 1_024;

function isWellFormed(message: Message): boolean {
  if ("term" in message && !(Number.isSafeInteger(message.term) && message.term >= 0 && message.term <= TERM_MAX))
    return false;
  if (message.type === "AppendEntries") return followOn(message.prev, message.blocks, message.term);
  if (message.type !== "RepairResponse") return true;
  return followOn({ index: message.first - 1, term: message.prevTerm }, message.blocks, TERM_MAX);
}

/** §5.3: without a gap, by terms that never fall and stay within a bound. */
function followOn(prev: LogId, blocks: readonly LogBlock[], termMax: Term): boolean {
  let { index, term } = prev;
  for (const block of blocks) {
    if (block.first !== index + 1 || block.term < term || block.term > termMax) return false;
    ({ last: index, term } = block);
  }
  return true;
}
