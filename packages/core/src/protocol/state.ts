import {
  type Configuration,
  type ConfigurationEntry,
  isJoint,
  isVoter,
  type Member,
  memberOf,
} from "../model/configuration.js";
import type { HardState } from "../model/hard-state.js";
import type { LogHole } from "../model/log-hole.js";
import type { LogId, LogIndex, Millis, Term, TermRun } from "../model/log-id.js";
import type { Envelope } from "../model/message.js";
import type { LocalIdentity, NodeId, RecoveryNumber, ReplicaId } from "../model/node-id.js";
import type { ProtocolOptions } from "../model/options.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import { ConfigurationManager } from "./configuration-manager.js";
import type { TimerName } from "./event.js";
import { Freshness } from "./freshness.js";
import type { Forgotten, Repair } from "./holes.js";
import type { LeaseRounds } from "./lease-rounds.js";
import type { Role } from "./notice.js";
import { Outbox } from "./outbox.js";
import type { MembershipPolicy, QuorumPolicy } from "./policies.js";
import { RaftLog } from "./raft-log.js";
import type { Replicator } from "./replicator.js";
import type { Rest } from "./rest.js";
import { SparseMap } from "./sparse-map.js";
import { SparseSet } from "./sparse-set.js";

/** What recovery found, and the rules to play by. */
export interface RaftStart {
  /** Who it is. */
  readonly identity: LocalIdentity;
  /** What it obeys. */
  readonly options: ProtocolOptions;
  /** New hard state. */
  readonly hardState: HardState;
  /** The last removed entry. */
  readonly base: LogId;
  /** The last entry. */
  readonly last: LogId;
  /** Terms of the log. */
  readonly runs: readonly TermRun[];
  /** C03 log time of the last entry, or of the snapshot; ms. */
  readonly lastLogTimeMs: Millis;
  /** Ascending: the one at or below the base, if any, then those of the log. */
  readonly configurations: readonly ConfigurationEntry[];
  /** R08: max(snapshot index, hint, applied index of F06). */
  readonly commit: LogIndex;
  /** What the state machine holds already. */
  readonly applied: LogIndex;
  /** The newest snapshot, and the one before it. */
  readonly snapshot: SnapshotMeta | null;
  /** The one before it: what the log may be compacted up to (S03). */
  readonly previousSnapshot: SnapshotMeta | null;
  /** L03: entries that the disk lost; absent: none. */
  readonly holes?: readonly LogHole[];
  /** L03: entries that it lost with their terms; the log ends before them. Absent: none. */
  readonly forgotten?: LogHole;
  /** S11: no snapshot and log rebuild the state, and one above this index would; absent or 0: they do. */
  readonly restoring?: LogIndex;
  /** G02: whether its process beats for it while it rests. Absent: it never does. */
  readonly mayRest?: boolean;
  /** Which sets of voters decide. */
  readonly quorum: QuorumPolicy;
  /** How members change. */
  readonly membership: MembershipPolicy;
}

/** Who waits for a linearizable read: a caller here, or a follower's question (Q04). */
export type Reader = number | { readonly replica: ReplicaId; readonly request: number };

/** Q01: reads that share one round of heartbeats. */
export interface ReadRound {
  /** Number of the round. */
  readonly round: number;
  /** The commit index when the round began. */
  readonly index: LogIndex;
  readonly readers: readonly Reader[];
}

/** What only a leader has; it goes when office is left. */
export interface Leadership {
  /** E15: index of this leader's first entry. */
  readonly firstEntry: LogIndex;
  /** C03: when log time was last moved on, by an entry or by taking office. */
  logTimeMovedAt: Millis;
  /** The newest round of heartbeats. */
  round: number;
  /** A leader's view of the others. */
  readonly peers: Map<NodeId, Replicator>;
  /** Q02, Q03: reads that no round carries yet. */
  waitingReads: Reader[];
  /** Q01: the rounds under way, oldest first. */
  readRounds: ReadRound[];
  /** E21; the request is -1 where nobody asked (M05). */
  transfer: { readonly request: number; readonly target: NodeId; told: boolean } | undefined;
  /** M03, M04: the change that was asked for here; one that an earlier leader began is known by the configuration alone. */
  change: Change | undefined;
  /** M09: peers that a configuration removed, and that are still to be told of its commit. */
  readonly leavers: SparseSet<NodeId>;
  /** M05: whether C-new is committed and does not let this leader vote: it is on its way out. */
  leaving: boolean;
  /** E24: why it must not go on leading, whatever becomes of the transfer under way; or empty. */
  mustGo: string;
  /** E20: not before does a leader of priority 0 try again to hand over. */
  handOverAfter: Millis;
  /** Whether the state machine was told that it leads. */
  announced: boolean;
  /** G02: when it last woke from rest; that counts as an answer of a quorum. */
  wokeAt: Millis;
  /** Q05, Q08: what the answered rounds of heartbeats allow it to say. */
  readonly lease: LeaseRounds;
}

/** R18: what was passed on to this replica for the newest term that it led in this run. It outlives the office, for copies come late. */
export interface PassedOn {
  /** That term; 0: it led none. */
  term: Term;
  /** The highest number seen, by origin and its start. */
  readonly upTo: SparseMap<string, number>;
}

/** M04: how far a voter to be has come. */
export interface CatchUp {
  /** Who it is, and where. */
  readonly member: Member;
  /** The round under way: it ends when this entry is there. */
  target: LogIndex;
  roundBegan: Millis;
  /** Rounds that took T or longer. */
  slowRounds: number;
  /** The match last seen, and when it last moved. */
  match: LogIndex;
  progressAt: Millis;
  /** A round shorter than T ended within the maximum lag. */
  isDone: boolean;
}

/** M03: a change of members, as the leader that was asked for it sees it. */
export interface Change {
  readonly request: number;
  readonly target: Configuration;
  /** M04: those that catch up before anything is appended. */
  readonly catchUps: ReadonlyMap<NodeId, CatchUp>;
  /** M16: the first configuration on the way is in the log; from here on nobody can call it off. */
  appended: boolean;
}

/** S05: a snapshot on its way in. */
export interface Install {
  from: ReplicaId;
  /** Number of the transfer (S04). */
  transfer: number;
  /** The snapshot: as it was offered, then as it was received. */
  meta: SnapshotMeta;
  phase: "receiving" | "persisting" | "loading";
  /** persisting: the write that resets the log. */
  write: number;
}

/** Q04, R18: what a follower has asked the leader. */
export interface Asked {
  /** Reads that wait for the next question. */
  unsentReads: number[];
  /** The question under way. */
  question: { readonly request: number; readonly readers: readonly number[]; readonly sentAt: Millis } | undefined;
  lastRequest: number;
  /** Forwarded proposals without an answer. */
  readonly forwarded: SparseSet<number>;
}

/**
 * Everything a replica knows, in one place; the conversations are functions over it. Nothing outside `protocol/` sees it.
 */
export class RaftState {
  /** The role. */
  role: Role = "follower";
  /** The term. */
  term: Term;
  vote: ReplicaId | null;
  /** M09: the configuration that removed this replica, as it was told; 0: it was told nothing. */
  removalHeard: LogIndex;
  /** M11: of the group, as this replica knows it. */
  recoveryNumber: RecoveryNumber;
  /** Who leads this term, if known at the moment. */
  leader: ReplicaId | null = null;
  /** E17: who was ever heard to lead in this term. */
  leaderOfTerm: ReplicaId | null = null;
  /** See "Leader contact" in docs/PROTOCOL.md; the start of the process counts as one. */
  leaderContactAt: Millis;
  /** The commit index. */
  commit: LogIndex;
  applied: LogIndex;
  /** Handed to the state machine, or on the way. */
  applySent: LogIndex;
  /** The newest snapshot. */
  snapshot: SnapshotMeta | null;
  previousSnapshot: SnapshotMeta | null;
  takingSnapshot = false;
  /** S07: what was applied when the last attempt failed. */
  snapshotFailedAt: LogIndex = 0;
  /** R03: verified against the leader of this term. */
  verified: LogIndex = 0;
  /** R07: an acknowledgement is due as soon as this is durable. */
  ackDue = false;
  /** E05: the newest pre-vote round; never one of an earlier run, whose answers may still be under way (T11). */
  round: number;
  /** E10: who voted how in the round or candidacy under way. */
  readonly ballots = new SparseMap<NodeId, boolean>();
  /** E04: when the present wait began, and how long it lasts if a timer has told already. */
  waitStartedAt: Millis;
  waitMs: Millis | undefined;
  /** E20: election waits that ran out since the last leader contact, and when that was. */
  emptyWaits = 0;
  contactBeforeWait: Millis = Number.NaN;
  /** E24: a write is under way for longer than `writeOverdueMs`. */
  writeOverdue = false;
  leadership: Leadership | undefined;
  readonly passedOn: PassedOn = { term: 0, upTo: new SparseMap() };
  /** G02. */
  readonly mayRest: boolean;
  rest: Rest | undefined;
  /** G02: when somebody last wanted something of the group. */
  stirredAt: Millis;
  install: Install | undefined;
  readonly asked: Asked = { unsentReads: [], question: undefined, lastRequest: 0, forwarded: new SparseSet() };
  /** L03: what is being repaired; `undefined` while the log is whole. */
  repair: Repair | undefined;
  /** L03: what this node may have acknowledged and does not know any more; `undefined`: nothing. */
  forgotten: Forgotten | undefined;
  /** S11: the state cannot be rebuilt from what is on disk, and a snapshot above this index is wanted; 0: it can. */
  restoring: LogIndex;
  /** Q08: from which instant on a follower's state is whole. */
  readonly freshness = new Freshness();
  /** R20: said once that the own disk has lost what was acknowledged. */
  hasReportedLoss = false;
  /** R15: why the state machine is not called any more, or empty. */
  faulted = "";
  /** Why the group stopped in place, or empty. */
  halted = "";
  /** R08: a commit that idle followers have not been told. */
  commitNews = false;
  transferCounter = 0;
  /** T11: highest start number seen of each replica. */
  readonly starts = new Map<string, number>();
  /** What was dropped, by reason (O01). */
  readonly dropped: Record<string, number> = {};
  readonly log: RaftLog;
  /** Ascending. */
  readonly configurations: ConfigurationManager;
  readonly outbox: Outbox;
  private readonly generations: Record<TimerName, number> = {
    election: 0,
    heartbeat: 0,
    request: 0,
    transfer: 0,
    snapshot: 0,
    repair: 0,
  };
  /** Who it is. */
  readonly identity: LocalIdentity;
  /** What it obeys. */
  readonly options: ProtocolOptions;
  /** Which sets of voters decide. */
  readonly quorum: QuorumPolicy;
  /** How members change. */
  readonly membership: MembershipPolicy;

  constructor(
    start: RaftStart,
    public now: Millis,
  ) {
    this.identity = start.identity;
    this.options = start.options;
    this.quorum = start.quorum;
    this.membership = start.membership;
    this.mayRest = start.mayRest ?? false;
    this.stirredAt = now;
    this.term = start.hardState.term;
    this.vote = start.hardState.vote;
    this.round = start.identity.startNumber * 2 ** 32;
    this.removalHeard = start.hardState.removedAt;
    this.recoveryNumber = start.hardState.recoveryNumber;
    this.restoring = start.restoring ?? 0;
    this.commit = start.commit;
    this.applied = start.applied;
    this.applySent = start.applied;
    this.snapshot = start.snapshot;
    this.previousSnapshot = start.previousSnapshot;
    this.leaderContactAt = now;
    this.waitStartedAt = now;
    this.log = new RaftLog(start, start.options.cacheBytesMax);
    this.configurations = new ConfigurationManager(start.configurations);
    this.outbox = new Outbox(this.log);
  }

  /** T. */
  get T(): Millis {
    return this.options.electionTimeoutMs;
  }

  /** L03: whether all that this node acknowledged is there: else it decides nothing. */
  get isWhole(): boolean {
    return this.repair === undefined && this.forgotten === undefined;
  }

  /** L03: the last entry below every hole; infinite while the log is whole. */
  get intactUpTo(): LogIndex {
    const hole = this.repair?.holes[0];
    return hole === undefined ? Number.POSITIVE_INFINITY : hole.first - 1;
  }

  /** R07, R14, L03: everything up to here is on this node's own disk, and can be read. */
  get held(): LogIndex {
    return Math.min(this.log.durable, this.intactUpTo);
  }

  /** Whether this replica votes and counts under its own configuration. */
  get isVoter(): boolean {
    return this.votesIn(this.configurations.own);
  }

  /** Whether it does under that one. */
  votesIn({ configuration }: ConfigurationEntry): boolean {
    const { id, incarnation } = this.identity;
    return isVoter(configuration, id) && memberOf(configuration, id)?.incarnation === incarnation;
  }

  /** M13: whether the own configuration means this replica by `id`; another incarnation under its name is another node. */
  isSelf(id: NodeId): boolean {
    return (
      id === this.identity.id && memberOf(this.configurations.current, id)?.incarnation === this.identity.incarnation
    );
  }

  /** M03: whether a change is under way that this node knows of: asked for here, or in its log. */
  get isChanging(): boolean {
    const own = this.configurations.own;
    return own.id.index > this.commit || isJoint(own.configuration) || this.leadership?.change !== undefined;
  }

  /** Voters of the own configuration but this one, both halves. */
  otherVoters(): ReplicaId[] {
    const { members } = this.configurations.current;
    return members.filter(({ id }) => id !== this.identity.id && isVoter(this.configurations.current, id));
  }

  /** M12: it runs as one, or is one under the configuration: it has nothing to lead or to serve anybody with. */
  get isWitness(): boolean {
    return this.options.witness || this.configurations.current.witnesses.includes(this.identity.id);
  }

  /** The peer that sent this, if it is one the leader replicates to, in that very incarnation (M13). */
  peerOf(envelope: Envelope): Replicator | undefined {
    const peer = this.leadership?.peers.get(envelope.from);
    return peer?.incarnation === envelope.fromIncarnation ? peer : undefined;
  }

  /** Starts a timer anew; what fires of its earlier life is ignored. */
  arm(timer: TimerName, from: Millis, to: Millis = from): void {
    const generation = ++this.generations[timer];
    this.outbox.emit({ type: "ArmTimer", timer, between: [from, to], generation });
  }

  /** Stops a timer. */
  disarm(timer: TimerName): void {
    this.generations[timer]++;
    this.outbox.emit({ type: "DisarmTimer", timer });
  }

  /** Whether that firing belongs to the timer's present life. */
  isCurrent(timer: TimerName, generation: number): boolean {
    return this.generations[timer] === generation;
  }

  /**
   * M09: the configuration that removed this replica; 0: none, or a newer one names it: it was added again by somebody who
   * had asked it before it was told.
   */
  get removedAt(): LogIndex {
    const { id, configuration } = this.configurations.own;
    const { id: self, incarnation } = this.identity;
    const isBack = id.index > this.removalHeard && memberOf(configuration, self)?.incarnation === incarnation;
    return isBack ? 0 : this.removalHeard;
  }

  /** Counts something that was dropped. */
  drop(reason: string): void {
    this.dropped[reason] = (this.dropped[reason] ?? 0) + 1;
  }

  /** The hard state as it is now. */
  hardState(): HardState {
    return {
      term: this.term,
      vote: this.vote,
      recoveryNumber: this.recoveryNumber,
      removedAt: this.removalHeard,
    };
  }
}

/** The sender of a message, as votes and answers need it. */
export const senderOf = (envelope: Envelope): ReplicaId => ({
  id: envelope.from,
  incarnation: envelope.fromIncarnation,
});
