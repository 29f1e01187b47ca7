import type { ConfigurationEntry } from "../model/configuration.js";
import type { LogId, LogIndex, Millis, Term } from "../model/log-id.js";
import type { NodeId } from "../model/node-id.js";
import { leaderContactOf } from "./check-quorum.js";
import type { Role } from "./effect.js";
import type { RaftState } from "./state.js";

/** O01: a leader's view of one peer. */
export interface PeerDescription {
  readonly id: NodeId;
  readonly state: "probe" | "replicate" | "snapshot";
  readonly match: LogIndex;
  readonly next: LogIndex;
  readonly messagesInFlight: number;
  readonly bytesInFlight: number;
  /** Since its last answer in this term, ms. */
  readonly silentMs: Millis;
}

/** O01: the protocol's state, as data. */
export interface RaftDescription {
  readonly role: Role;
  readonly term: Term;
  readonly votedFor: NodeId | null;
  readonly leader: NodeId | null;
  /** Since the last leader contact, ms; infinite if there was none. */
  readonly leaderContactAgoMs: Millis;
  readonly configuration: ConfigurationEntry;
  readonly base: LogId;
  readonly last: LogId;
  readonly durableIndex: LogIndex;
  readonly commitIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  readonly snapshot: LogId | null;
  readonly uncommittedBytes: number;
  readonly cachedBytes: number;
  readonly writesUnderWay: number;
  readonly pendingReads: number;
  readonly droppedMessages: Readonly<Record<string, number>>;
  readonly peers: readonly PeerDescription[];
  /** Why the group stopped in place, or empty. */
  readonly halted: string;
  /** R15: why the state machine is not called any more, or empty. */
  readonly faulted: string;
}

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
