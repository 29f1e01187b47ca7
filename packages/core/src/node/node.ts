import type { Observable } from "rxjs";
import type { Configuration } from "../model/configuration.js";
import type { LogId, LogIndex } from "../model/log-id.js";
import type { NodeId } from "../model/node-id.js";
import type { AbortSignalLike } from "../ports/transport.js";
import type { ChangePlan } from "../protocol/change-plan.js";
import type { Backup, BackupOptions } from "./backup.js";
import type { CallOptions } from "./call-options.js";
import type { Consistency, ReadToken } from "./consistency.js";
import type { Founder, MembersWanted } from "./founder.js";
import type { MemberChange } from "./member-change.js";
import type { Explanation, NodeDescription } from "./node-description.js";
import type { NodeEvent } from "./node-events.js";
import type { Restored } from "./restoring.js";
import type { ResetPlan, Survivor } from "./unsafe-recovery.js";

/** Options of {@link Node.apply}. */
export interface ApplyOptions extends CallOptions {
  /** R18: a node that is not the leader passes the command on, once. Default false: it fails with NotLeader (C01). */
  readonly forward?: boolean;
}

/** Options of {@link Node.read}. */
export interface ReadOptions extends CallOptions {
  /** How new the answer must be. Default `linearizable`. */
  readonly consistency?: Consistency;
}

/** O06: equal hashes at equal ids: equal states. */
export interface StateHash extends LogId {
  /** As the state machine computed it. */
  readonly hash: string;
}

/** Options of a change of members. */
export interface ChangeOptions {
  /**
   * M14: the configuration that the change was planned for ({@link ChangePlan.configurationIndex}): refused if another one
   * is in force by now. Default: the newest one that this node knows; for a whole configuration as target, whichever it is.
   */
  readonly expectedIndex?: LogIndex;
  /** M16: calls the change off while new voters still catch up; later it has no effect. */
  readonly signal?: AbortSignalLike;
}

/** One replica of one group (sofa-jraft: Node). Made by `createNode`. */
export interface Node<Command = Uint8Array, Result = unknown, Query = unknown, Answer = unknown> {
  /** The node's name. */
  readonly id: NodeId;
  /**
   * M11, first step of an unsafe recovery after a majority was lost for good: what this survivor holds. Instead of `start`,
   * with all survivors stopped; afterwards this node object is used up. Changes nothing.
   */
  survey(): Promise<Survivor>;
  /**
   * M11, second step, on the survivor whose log ends highest: it is the only member from its next start on, and the others
   * come back with empty directories as newcomers. **Acknowledged writes that no survivor has are lost.** Instead of
   * `start`, as {@link Node.survey}; takes two election timeouts.
   *
   * @throws RaftError `RecoveryRefused`: wrong confirmation, another survivor has more, or a majority is there.
   */
  resetPeers(plan: ResetPlan): Promise<void>;
  /** Recovers what is on disk, listens, and takes part. */
  start(): Promise<void>;
  /**
   * M13: founds the cluster, once, on one started node with an empty log, or with what {@link Node.restore} left: asks every
   * voter who it is, draws the cluster id, and writes the first configuration. This node must be among the voters.
   *
   * A group of a NodeManager may be founded by several processes at once, and more than once, with the same voters at the same
   * addresses: it is one founding, and resolves where it is there already. Alone (`createNode`) it is not, and a second call is refused
   * whoever the voters are (M13): this cluster's id is drawn, so that two that are founded at once are two, and what is there already cannot
   * be told from what another call began. `describe().identity.clusterId` says whether there is anything to found.
   *
   * @throws RaftError `BootstrapRefused`: a log exists, or a voter cannot be asked, belongs elsewhere, or holds a log of another founding.
   */
  bootstrap(plan: { readonly voters: readonly Founder[] }): Promise<void>;
  /**
   * Proposes a command; resolves with the state machine's result once it is committed and applied here (C02).
   *
   * @throws RaftError with outcome `refused` (certainly not applied) or `unknown` (may be).
   */
  apply(command: Command, options?: ApplyOptions): Promise<Result>;
  /** The same without a promise: `done` is called once, in a later turn. */
  applyCallback(command: Command, done: (error: Error | null, result?: Result) => void, options?: ApplyOptions): void;
  /**
   * Reads from the state machine (Q01, Q05, Q06, Q08).
   *
   * @throws RaftError, retryable, if what is asked for cannot be shown now (Q07); `TokenRefused` for a token of another
   * cluster, of another group, or from before an unsafe recovery (M11).
   */
  read(query: Query, options?: ReadOptions): Promise<Answer>;
  /**
   * Q08: names all that this node has shown or acknowledged until now. Given to a later read as `atLeast`, on whichever node,
   * it lets callers read their own writes, and never go back behind what they have seen.
   */
  readToken(): ReadToken;
  /** S07: saves a snapshot now, joining one under way; resolves with its last included index. */
  snapshot(): Promise<LogIndex>;
  /**
   * F08: a backup of the group's state, from any replica while the group goes on: the bytes of a file, to be kept anywhere. It
   * saves a snapshot, as {@link Node.snapshot} does, and reads that.
   *
   * @throws RaftError, retryable, if leadership cannot be confirmed (Q07); `SnapshotFailed`; `BadOption`.
   */
  backup(options?: BackupOptions): Promise<Backup>;
  /**
   * F08: makes the first replica of a *new* cluster out of a backup. Instead of `start`, as {@link Node.survey}, over an empty
   * directory; then start a new node on it, and `bootstrap` from it: the other voters are empty, and get the state from here.
   * The members, the identity and the nodes of the old cluster have no part in the new one.
   *
   * @param backup - its bytes, from the beginning.
   * @throws RaftError `RecoveryRefused`: the directory is not empty, or the backup is of another group; `Damaged` or
   * `FormatUnknown`, which name the byte. Nothing of the backup is kept then.
   */
  restore(backup: AsyncIterable<Uint8Array>): Promise<Restored>;
  /**
   * Stands for election now, as if it had heard no leader for long enough, without letting higher priorities go first. It
   * asks before it raises its term (E05): where a leader is heard nobody is disturbed. Resolves once it does.
   *
   * @throws RaftError `ElectionRefused`, with the reason (E19).
   */
  forceElection(): Promise<void>;
  /** E21: hands leadership to `to`, or to the best voter. Resolves once this node no longer leads. */
  transferLeadership(to?: NodeId): Promise<void>;
  /**
   * M03–M07: changes the members, on the leader: any number of voters and learners may come, go, rise, be demoted and move
   * at once. New voters catch up first (M04); resolves when the final configuration is committed. Needs a membership module.
   *
   * @param target - all members that there shall be in the end, by name and address, or as a whole configuration; or what
   * shall be different from now.
   * @throws RaftError with outcome `refused`: `ChangeRefused` (M08, M15, a newcomer that did not catch up, a stale plan),
   * `ChangeRunning`, `TransferRunning`, `NotLeader`, `Cancelled`, or `LeadershipLost` before anything was appended. With
   * outcome `unknown`: leadership was lost later; whoever leads finishes it, and `describe().configuration` shows it.
   */
  changeConfiguration(target: Configuration | MembersWanted | MemberChange, options?: ChangeOptions): Promise<void>;
  /** M16: calls the change of members off. @throws RaftError `ChangeRefused` if there is none, or it is in the log already. */
  cancelChange(): Promise<void>;
  /** M14: what a change would do, without doing it: its stages, the quorum at each, who must catch up. Most is known on the leader. */
  plan(target: Configuration | MembersWanted | MemberChange): Promise<ChangePlan>;
  /** M07: adds members that receive the log and do not vote. Errors as of {@link Node.changeConfiguration}. */
  addLearners(nodes: readonly Founder[], options?: ChangeOptions): Promise<void>;
  /** M07: removes learners. Errors as of {@link Node.changeConfiguration}. */
  removeLearners(ids: readonly NodeId[], options?: ChangeOptions): Promise<void>;
  /** M07: lets learners vote, once they have caught up. Errors as of {@link Node.changeConfiguration}. */
  promote(ids: readonly NodeId[], options?: ChangeOptions): Promise<void>;
  /** O01: everything an operator asks, as data; `describe().text` is for reading. */
  describe(): NodeDescription;
  /** O07: why there is no leader, why a proposal is not committed, why a peer is behind, out of this node's own state. */
  explain(): Explanation;
  /** O06: index and hash of the applied state, taken between two commands. */
  stateHash(): Promise<StateHash>;
  /** O03: what happens to this node. A subscriber that throws is logged, and the node goes on. */
  readonly events$: Observable<NodeEvent>;
  /** F05: the newest format of commands and snapshots that may be written here; 0 before the start, and on a witness. */
  readonly openFormat: number;
  /** Resolves when the group has halted by itself (L04, E17, an invariant), with the reason; never rejects. */
  readonly halted: Promise<string>;
  /** O04: hands leadership over, answers what is pending, flushes, closes. Idempotent. */
  stop(): Promise<void>;
}
