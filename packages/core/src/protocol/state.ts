import { type ConfigurationEntry, isJoint, isVoter, memberOf } from "../model/configuration.js";
import { type Formats, NO_FORMATS } from "../model/formats.js";
import type { HardState } from "../model/hard-state.js";
import type { LogIndex, Millis, Term } from "../model/log-id.js";
import type { Envelope } from "../model/message.js";
import type { LocalIdentity, NodeId, RecoveryNumber, ReplicaId } from "../model/node-id.js";
import type { ProtocolOptions } from "../model/options.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import { ConfigurationManager } from "./configuration-manager.js";
import type { TimerName } from "./event.js";
import type { Freshness } from "./freshness.js";
import type { Forgotten, Repair } from "./holes.js";
import type { Role } from "./notice.js";
import { Outbox } from "./outbox.js";
import type { MembershipPolicy, QuorumPolicy } from "./policies.js";
import { RaftLog } from "./raft-log.js";
import type { Replicator } from "./replicator.js";
import type { Rest } from "./rest.js";
import { NOTHING } from "./short-list.js";
import { SparseMap } from "./sparse-map.js";
import { SparseSet } from "./sparse-set.js";
import type { Asked, PassedOn } from "./state/asking.js";
import type { Install } from "./state/install.js";
import type { Leadership } from "./state/office.js";
import type { RaftStart } from "./state/raft-start.js";
import type { Start } from "./state/start.js";

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
  passedOn: PassedOn | undefined;
  /** G02. */
  readonly mayRest: boolean;
  rest: Rest | undefined;
  /** G02: when somebody last wanted something of the group. */
  stirredAt: Millis;
  install: Install | undefined;
  readonly asked: Asked = { unsentReads: NOTHING, question: undefined, lastRequest: 0, forwarded: new SparseSet() };
  /** L03: what is being repaired; `undefined` while the log is whole. */
  repair: Repair | undefined;
  /** L03: what this node may have acknowledged and does not know any more; `undefined`: nothing. */
  forgotten: Forgotten | undefined;
  /** S11: the state cannot be rebuilt from what is on disk, and a snapshot above this index is wanted; 0: it can. */
  restoring: LogIndex;
  /** Q08: from which instant on a follower's state is whole; made with the first heartbeat that it hears, and let go by a leader. */
  freshness: Freshness | undefined;
  /** F05. */
  formats: Formats;
  /** F05: said once that the leader's snapshot cannot be read here. */
  hasToldFormat = false;
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
  starts: readonly Start[] = [];
  /** What was dropped, by reason (O01). */
  dropped: Record<string, number> | undefined;
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
    this.formats = start.formats ?? NO_FORMATS;
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

  /** This replica, as votes and messages name it. One object as long as it is its own ballot, as leader and vote are kept (G02). */
  get self(): ReplicaId {
    const { id, incarnation } = this.identity;
    return this.vote?.id === id && this.vote.incarnation === incarnation ? this.vote : { id, incarnation };
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
   * had asked it before it was told. One that leaves it out again takes that back only once it is committed: until then this replica
   * may be the only one that can be elected (E19).
   */
  get removedAt(): LogIndex {
    const { own, previous } = this.configurations;
    const { id: self, incarnation } = this.identity;
    const namesIt = ({ id, configuration }: ConfigurationEntry): boolean =>
      id.index > this.removalHeard && memberOf(configuration, self)?.incarnation === incarnation;
    return namesIt(own) || (own.id.index > this.commit && namesIt(previous)) ? 0 : this.removalHeard;
  }

  /** Counts something that was dropped. */
  drop(reason: string): void {
    this.dropped ??= {};
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

/** The newest run of the replica that sent this, as far as it is known (T11). */
export function startOf(s: RaftState, { from, fromIncarnation }: Envelope): Start | undefined {
  for (const start of s.starts)
    if (start.replica.id === from && start.replica.incarnation === fromIncarnation) return start;
  return undefined;
}

/** The sender of a message, as votes and answers need it. One object for all messages of a replica, as leader and vote are kept. */
export function senderOf(s: RaftState, envelope: Envelope): ReplicaId {
  return startOf(s, envelope)?.replica ?? { id: envelope.from, incarnation: envelope.fromIncarnation };
}
