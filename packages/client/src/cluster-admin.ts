import type { ChangePlan, Founder, LogIndex, MemberChange, NodeDescription, NodeId, Term } from "@hexraft/core";
import { RaftError } from "@hexraft/core/ports";
import {
  type AdminAnswers,
  type AdminAsks,
  type AdminVerb,
  adminKindOf,
  type ClusterGroup,
  type ClusterMembers,
  layOutAdmin,
  parseAdmin,
} from "./admin-request.js";
import type { ClientOptions } from "./client-options.js";
import { DoorClient, type OperationOptions } from "./door-client.js";
import { type Answered, failed } from "./outcome.js";

/** Options of {@link ClusterAdmin}. */
export interface ClusterAdminOptions
  extends Pick<ClientOptions, "endpoints" | "credentials" | "tls" | "group" | "connectTimeoutMs"> {
  /** How long a question, a transfer, a snapshot or an election may take, ms. Default 10,000. */
  readonly deadlineMs?: number;
  /** How long a change of members may take, ms: newcomers receive the whole state first. Default 120,000. */
  readonly changeDeadlineMs?: number;
}

/** Options of what one node is asked. */
export interface AdminOptions extends OperationOptions {
  /** The node to be asked. Default: the leader. */
  readonly node?: NodeId;
}

/** Options of a change of members. */
export interface AdminChangeOptions extends OperationOptions {
  /**
   * M14: compare and set: refused unless this configuration is in force ({@link ClusterMembers.configurationIndex},
   * {@link ChangePlan.configurationIndex}). Default: the one that the leader finds.
   */
  readonly expectedIndex?: LogIndex;
}

const DEADLINE_MS = 10_000;
const CHANGE_DEADLINE_MS = 120_000;

/**
 * What operators do to a cluster (sofa-jraft: CliService), over the client doors of its nodes (`hexraft serve --client`), as
 * users with the role `admin`; questions want `read`.
 *
 * Nothing here rejects: every call says how it ended (C02). It goes to the leader and follows it as long as that is safe; a
 * change that was sent and not answered is *unknown*, and never sent twice: look with {@link getPeers} before you repeat it.
 * A refusal says why, and what to do. A change goes on without the one who asked for it: {@link cancelChange} calls it off.
 *
 * @example
 * ```ts
 * const admin = new ClusterAdmin({ endpoints: [{ host: "127.0.0.1", port: 7101 }, { host: "127.0.0.1", port: 7102 }] });
 * const change = { kind: "addPeers", nodes: [{ id: "n4", address: "127.0.0.1:7004" }] } as const;
 * const { text, configurationIndex } = valueOf(await admin.plan(change));
 * console.log(text);
 * const answered = await admin.change(change, { expectedIndex: configurationIndex });
 * if (answered.outcome !== "ok") console.log(answered.outcome, answered.error.message);
 * admin.close();
 * ```
 */
export class ClusterAdmin {
  private readonly leader: DoorClient;
  private readonly nodes = new Map<NodeId, DoorClient>();
  private closed = false;

  /** @throws RaftError `BadOption`, naming field, value and rule (O05). Connects when the first call needs it. */
  constructor(private readonly options: ClusterAdminOptions) {
    this.leader = this.connect();
  }

  /** The members, as the leader sees them. Asked without a quorum: one that was deposed and does not know may answer for T. */
  getPeers(options?: OperationOptions): Promise<Answered<ClusterMembers>> {
    return this.ask("members", {}, options);
  }

  /** The voters that answered the leader within the last election timeout, itself among them. */
  async getAlivePeers(options?: OperationOptions): Promise<Answered<readonly NodeId[]>> {
    return mapped(await this.getPeers(options), ({ members }) =>
      members.filter(({ isAlive, part }) => isAlive && part !== "learner").map(({ id }) => id),
    );
  }

  /** Who leads, as it says itself. */
  async getLeader(options?: OperationOptions): Promise<Answered<NodeId>> {
    return mapped(await this.getPeers(options), ({ leader }) => leader);
  }

  /** The groups that a node serves, as it sees them. Asked without a quorum; with several groups whichever node can be reached. */
  getGroups(options?: AdminOptions): Promise<Answered<readonly ClusterGroup[]>> {
    return this.ask("groups", {}, options);
  }

  /** O01: everything about one node. */
  describe(options?: AdminOptions): Promise<Answered<NodeDescription>> {
    return this.ask("describe", {}, options);
  }

  /** M14: what a change would do: its stages, the quorum at each, who must catch up, what availability costs. Nothing is changed. */
  plan(change: MemberChange, options?: OperationOptions): Promise<Answered<ChangePlan>> {
    return this.ask("plan", { change }, options);
  }

  /** M07: changes the members; done when the last configuration is committed. Refused: `ChangeRefused`, `ChangeRunning`, `TransferRunning`. */
  change(change: MemberChange, options: AdminChangeOptions = {}): Promise<Answered<ClusterMembers>> {
    const { expectedIndex, deadlineMs = this.options.changeDeadlineMs ?? CHANGE_DEADLINE_MS, signal } = options;
    const given = signal === undefined ? { deadlineMs } : { deadlineMs, signal };
    return this.ask("change-members", { change, expectedIndex }, given);
  }

  /** These vote, besides those that do, once they have caught up (M04). */
  addPeers(nodes: readonly Founder[], options?: AdminChangeOptions): Promise<Answered<ClusterMembers>> {
    return this.change({ kind: "addPeers", nodes }, options);
  }

  /** These voters leave. */
  removePeers(ids: readonly NodeId[], options?: AdminChangeOptions): Promise<Answered<ClusterMembers>> {
    return this.change({ kind: "removePeers", ids }, options);
  }

  /** These vote, and nobody else: any number come and go at once. */
  changePeers(nodes: readonly Founder[], options?: AdminChangeOptions): Promise<Answered<ClusterMembers>> {
    return this.change({ kind: "changePeers", nodes }, options);
  }

  /** M12: these vote, too, and hold no state; each runs with the option `witness`. */
  addWitnesses(nodes: readonly Founder[], options?: AdminChangeOptions): Promise<Answered<ClusterMembers>> {
    return this.change({ kind: "addWitnesses", nodes }, options);
  }

  /** These receive the log and do not vote, besides those that do. */
  addLearners(nodes: readonly Founder[], options?: AdminChangeOptions): Promise<Answered<ClusterMembers>> {
    return this.change({ kind: "addLearners", nodes }, options);
  }

  /** These learners leave. */
  removeLearners(ids: readonly NodeId[], options?: AdminChangeOptions): Promise<Answered<ClusterMembers>> {
    return this.change({ kind: "removeLearners", ids }, options);
  }

  /** These learn, and nobody else. */
  resetLearners(nodes: readonly Founder[], options?: AdminChangeOptions): Promise<Answered<ClusterMembers>> {
    return this.change({ kind: "resetLearners", nodes }, options);
  }

  /** These learners vote from now on. */
  promote(ids: readonly NodeId[], options?: AdminChangeOptions): Promise<Answered<ClusterMembers>> {
    return this.change({ kind: "promote", ids }, options);
  }

  /** These voters only learn from now on. */
  demote(ids: readonly NodeId[], options?: AdminChangeOptions): Promise<Answered<ClusterMembers>> {
    return this.change({ kind: "demote", ids }, options);
  }

  /** These members listen there from now on. */
  changeAddresses(nodes: readonly Founder[], options?: AdminChangeOptions): Promise<Answered<ClusterMembers>> {
    return this.change({ kind: "changeAddresses", nodes }, options);
  }

  /** M16: calls the change off that is under way; refused once its first configuration is in the log. */
  cancelChange(options?: OperationOptions): Promise<Answered<ClusterMembers>> {
    return this.ask("cancel-change", {}, options);
  }

  /** E21: hands leadership to that node, or to the best one; answers who leads then, as far as the old leader knows. */
  transferLeader(to?: NodeId, options?: OperationOptions): Promise<Answered<NodeId | null>> {
    return this.ask("transfer-leadership", { to }, options);
  }

  /** S07: saves a snapshot on one node; answers its last included index. */
  snapshot(options?: AdminOptions): Promise<Answered<LogIndex>> {
    return this.ask("snapshot", {}, options);
  }

  /** That node stands for election now; answers the term in which it leads. It asks first, so a healthy leader is left alone (E05). */
  forceElection(node: NodeId, options?: OperationOptions): Promise<Answered<Term>> {
    return this.ask("force-election", {}, { ...options, node });
  }

  /** Ends it: what is under way is *unknown* if it was sent. Idempotent. */
  close(): void {
    this.closed = true;
    for (const door of [this.leader, ...this.nodes.values()]) door.close();
  }

  private ask<V extends AdminVerb>(
    verb: V,
    ask: AdminAsks[V],
    { node, ...options }: AdminOptions = {},
  ): Promise<Answered<AdminAnswers[V]>> {
    return new Promise((resolve) => {
      this.doorTo(node).request(adminKindOf(verb), layOutAdmin(verb, ask), options, (answered) => {
        resolve(mapped(answered, (bytes) => parseAdmin(bytes) as AdminAnswers[V]));
      });
    });
  }

  private doorTo(node: NodeId | undefined): DoorClient {
    if (node === undefined) return this.leader;
    const known = this.nodes.get(node) ?? this.connect(node);
    this.nodes.set(node, known);
    if (this.closed) known.close();
    return known;
  }

  private connect(node?: NodeId): DoorClient {
    const { changeDeadlineMs = CHANGE_DEADLINE_MS, deadlineMs = DEADLINE_MS, ...client } = this.options;
    if (!(changeDeadlineMs >= 1 && changeDeadlineMs <= 3_600_000))
      throw new RaftError(
        "BadOption",
        "refused",
        `option changeDeadlineMs is ${changeDeadlineMs}, but it must be a number from 1 to 3600000 ms`,
        { field: "changeDeadlineMs" },
      );
    return new DoorClient({ ...client, deadlineMs, sessions: false }, node);
  }
}

function mapped<A, B>(answered: Answered<A>, wanted: (value: A) => B): Answered<B> {
  if (answered.outcome !== "ok") return answered;
  try {
    return { outcome: "ok", value: wanted(answered.value) };
  } catch (error) {
    return failed(error);
  }
}
