import { isJoint } from "../model/configuration.js";
import type { Millis } from "../model/log-id.js";
import type { NodeId } from "../model/node-id.js";
import { leaderContactOf } from "./check-quorum.js";
import type { ChangeDescription, RaftDescription } from "./description.js";
import type { RaftState } from "./state.js";

/** G02: of a group at rest each peer's process is heard for it; once one is not, the group is awake. */
const HEARD = { silentMs: 0 } as const;

/** O01. */
export function describeRaft(s: RaftState, now: Millis): RaftDescription {
  const office = s.leadership;
  const reads = office === undefined ? s.asked.unsentReads.length + (s.asked.question?.readers.length ?? 0) : 0;
  const isResting = s.rest?.phase === "resting";
  const rounds = office?.readRounds.reduce((sum, round) => sum + round.readers.length, office.waitingReads.length) ?? 0;
  return {
    role: s.role,
    term: s.term,
    votedFor: s.vote?.id ?? null,
    leader: s.leader?.id ?? null,
    leaderContactAgoMs: now - leaderContactOf(s),
    configuration: s.configurations.own,
    change: describeChange(s),
    removedAt: s.removedAt,
    holes: [...(s.repair?.holes ?? []), ...(s.forgotten === undefined ? [] : [s.forgotten.hole])],
    restoring: s.restoring,
    installing: s.install === undefined || s.install.phase === "receiving" ? 0 : s.install.meta.id.index,
    base: s.log.base,
    last: s.log.last,
    durableIndex: s.log.durable,
    commitIndex: s.commit,
    appliedIndex: s.applied,
    snapshot: s.snapshot?.id ?? null,
    uncommittedBytes: s.log.unappliedBytes,
    cachedBytes: s.log.cachedBytes,
    writesUnderWay: s.log.writesUnderWay,
    writeOverdue: s.writeOverdue,
    pendingReads: reads + rounds,
    droppedMessages: { ...s.dropped },
    peers: [...(office?.peers.values() ?? [])].map((peer) => {
      const described = peer.describe(now);
      return isResting ? { ...described, ...HEARD } : described;
    }),
    halted: s.halted,
    faulted: s.faulted,
  };
}

/** M15: how far the change of members is, and whose answer is missing. */
function describeChange(s: RaftState): ChangeDescription | null {
  const { own } = s.configurations;
  const office = s.leadership;
  const { configuration } = own;
  const isCommitted = own.id.index <= s.commit;
  if (office?.change?.appended === false) {
    const newcomers = [...office.change.catchUps.values()].map(({ member, match, slowRounds, isDone }) => {
      return { id: member.id, match, slowRounds, hasCaughtUp: isDone };
    });
    return { stage: "catching-up", newcomers, waitingFor: [] };
  }
  const isLeaving = office?.leaving === true;
  if (isCommitted && !isJoint(configuration) && !isLeaving) return null;
  const voters = new Set([...configuration.voters, ...configuration.votersOld]);
  const lacks = (id: NodeId): boolean =>
    (s.isSelf(id) ? s.log.durable : (office?.peers.get(id)?.match ?? 0)) < own.id.index;
  const stage = isLeaving ? "leaving" : isJoint(configuration) ? "joint" : "final";
  return { stage, newcomers: [], waitingFor: office === undefined ? [] : [...voters].filter(lacks) };
}
