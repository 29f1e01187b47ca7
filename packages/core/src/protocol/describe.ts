import type { Millis } from "../model/log-id.js";
import { leaderContactOf } from "./check-quorum.js";
import type { RaftDescription } from "./description.js";
import type { RaftState } from "./state.js";

/** O01. */
export function describeRaft(s: RaftState, now: Millis): RaftDescription {
  const office = s.leadership;
  const reads = office === undefined ? s.asked.unsentReads.length + (s.asked.question?.readers.length ?? 0) : 0;
  const rounds = office?.readRounds.reduce((sum, round) => sum + round.readers.length, office.waitingReads.length) ?? 0;
  return {
    role: s.role,
    term: s.term,
    votedFor: s.vote?.id ?? null,
    leader: s.leader?.id ?? null,
    leaderContactAgoMs: now - leaderContactOf(s),
    configuration: s.configurations.own,
    base: s.log.base,
    last: s.log.last,
    durableIndex: s.log.durable,
    commitIndex: s.commit,
    appliedIndex: s.applied,
    snapshot: s.snapshot?.id ?? null,
    uncommittedBytes: s.log.unappliedBytes,
    cachedBytes: s.log.cachedBytes,
    writesUnderWay: s.log.writesUnderWay,
    pendingReads: reads + rounds,
    droppedMessages: { ...s.dropped },
    peers: [...(office?.peers.values() ?? [])].map((peer) => peer.describe(now)),
    halted: s.halted,
    faulted: s.faulted,
  };
}
