import type { Observable } from "rxjs";
import type { Configuration } from "../model/configuration.js";
import type { LogId, LogIndex, Millis } from "../model/log-id.js";
import type { NodeId } from "../model/node-id.js";
import type { AbortSignalLike } from "../ports/transport.js";
import type { NodeDescription } from "./node-description.js";
import type { NodeEvent } from "./node-events.js";

/** How long a call may take, and how it can be called off. */
export interface CallOptions {
  /**
   * Gives up after this long: a proposal with outcome *unknown* if it was already appended, else *refused*. ms, above 0.
   * Default: ten election timeouts, so that no promise hangs for ever. A change of members has no deadline.
   */
  readonly deadlineMs?: Millis;
  /** Gives up when aborted, likewise. */
  readonly signal?: AbortSignalLike;
}

/** Options of {@link Node.apply}. */
export interface ApplyOptions extends CallOptions {
  /** R18: a node that is not the leader passes the command on, once. Default false: it fails with NotLeader (C01). */
  readonly forward?: boolean;
}

/** Options of {@link Node.read}. */
export interface ReadOptions extends CallOptions {
  /** `linearizable` (Q01, the default; any node) or `local`: this node's state as it is, possibly stale (Q06). */
  readonly consistency?: "linearizable" | "local";
}

/** O06: equal hashes at equal ids: equal states. */
export interface StateHash extends LogId {
  /** As the state machine computed it. */
  readonly hash: string;
}

/** M13: a first voter, as an operator names it. */
export interface Founder {
  /** Its stable name. */
  readonly id: NodeId;
  /** Where its transport listens, `host:port`. */
  readonly address: string;
}

/** One replica of one group (sofa-jraft: Node). Made by `createNode`. */
export interface Node<Command = Uint8Array, Result = unknown, Query = unknown, Answer = unknown> {
  /** The node's name. */
  readonly id: NodeId;
  /** Recovers what is on disk, listens, and takes part. */
  start(): Promise<void>;
  /**
   * M13: founds the cluster, once, on one started node with an empty log: asks every voter who it is, draws the cluster id,
   * and writes the first configuration. This node must be among the voters.
   *
   * @throws RaftError `BootstrapRefused`: a log exists, or a voter cannot be asked or belongs elsewhere.
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
  /** Reads from the state machine (Q01, Q06). @throws RaftError, retryable, if leadership cannot be confirmed (Q07). */
  read(query: Query, options?: ReadOptions): Promise<Answer>;
  /** S07: saves a snapshot now, joining one under way; resolves with its last included index. */
  snapshot(): Promise<LogIndex>;
  /** E21: hands leadership to `to`, or to the best voter. Resolves once this node no longer leads. */
  transferLeadership(to?: NodeId): Promise<void>;
  /** M03: changes the members; resolves when the final configuration is committed. Needs a membership module. */
  changeConfiguration(target: Configuration): Promise<void>;
  /** O01: everything an operator asks, as data; `describe().text` is for reading. */
  describe(): NodeDescription;
  /** O06: index and hash of the applied state, taken between two commands. */
  stateHash(): Promise<StateHash>;
  /** O03: what happens to this node. A subscriber that throws is logged, and the node goes on. */
  readonly events$: Observable<NodeEvent>;
  /** Resolves when the group has halted by itself (L04, E17, an invariant), with the reason; never rejects. */
  readonly halted: Promise<string>;
  /** O04: hands leadership over, answers what is pending, flushes, closes. Idempotent. */
  stop(): Promise<void>;
}
