import type { Observable } from "rxjs";
import { messageOf } from "../components/message-of.js";
import type { Done } from "../components/proposal-group.js";
import { WitnessState } from "../components/witness-state.js";
import type { Configuration } from "../model/configuration.js";
import { RaftError } from "../model/errors.js";
import type { HardState } from "../model/hard-state.js";
import { holeText } from "../model/log-hole.js";
import type { LogIndex } from "../model/log-id.js";
import type { ClusterId, GroupId, LocalIdentity, NodeId } from "../model/node-id.js";
import type { ProtocolOptions } from "../model/options.js";
import type { ChangePlan } from "../protocol/change-plan.js";
import type { Notice } from "../protocol/notice.js";
import { quorumFault } from "../protocol/quorum/meeting.js";
import type { Backup, BackupOptions } from "./backup.js";
import type { ReadToken } from "./consistency.js";
import { describeText } from "./describe-text.js";
import type { Founder, MembersWanted } from "./founder.js";
import { askFounders, found, newRecoveryNumber, refused } from "./founding.js";
import type { Household } from "./household.js";
import { MemberCalls } from "./member-calls.js";
import type { MemberChange } from "./member-change.js";
import type { ApplyOptions, ChangeOptions, Node, ReadOptions, StateHash } from "./node.js";
import { NodeCalls } from "./node-calls.js";
import type { Explanation, NodeDescription } from "./node-description.js";
import { type NodeEvent, NodeEvents } from "./node-events.js";
import { NodeHistory } from "./node-history.js";
import type { NodePorts } from "./node-ports.js";
import { type TokenOrigin, tokenOf } from "./read-token.js";
import { type Recovered, recover } from "./recovery.js";
import { Replica, type ReplicaOwner } from "./replica.js";
import { isRestored, type Restored, restore } from "./restoring.js";
import { type ResetPlan, resetPeers, type Survivor, survey } from "./unsafe-recovery.js";

type State = "new" | "starting" | "running" | "halted" | "stopping" | "stopped";

/** One replica of one group: what users hold (sofa-jraft: NodeImpl's outside). */
export class RaftNode implements Node<unknown>, ReplicaOwner {
  readonly id: NodeId;
  private readonly groupId: GroupId;
  private readonly events: NodeEvents;
  private readonly history: NodeHistory;
  /** M12: of a witness, without the state machine that was bound. */
  private readonly ports: NodePorts;
  private state: State = "new";
  private haltReason = "";
  private callsMade: NodeCalls | undefined;
  private untilHalted: Promise<string> | undefined;
  private tellHalted: ((reason: string) => void) | undefined;
  private identity: LocalIdentity | undefined;
  private formatVersion = 0;
  /** What recovery found, until this replica is a member of something. */
  private recovered: Recovered | undefined;
  private replica: Replica | undefined;
  private founding = false;
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  constructor(
    self: { readonly nodeId: NodeId; readonly groupId: GroupId },
    /** Groups of one process that differ in nothing share them. */
    private readonly options: ProtocolOptions,
    ports: NodePorts,
    private readonly household?: Household,
  ) {
    this.ports = options.witness ? Object.assign({}, ports, { stateMachine: new WitnessState() }) : ports;
    this.id = self.nodeId;
    this.groupId = self.groupId;
    this.history = new NodeHistory(household?.texts);
    this.events = new NodeEvents(ports.logger);
  }

  /** Made for whoever asks: of thousands of nodes in a process few are waited for (G02). */
  get halted(): Promise<string> {
    this.untilHalted ??= new Promise((resolve) => {
      if (this.haltReason === "") this.tellHalted = resolve;
      else resolve(this.haltReason);
    });
    return this.untilHalted;
  }

  get events$(): Observable<NodeEvent> {
    return this.events.events$;
  }

  start(): Promise<void> {
    if (this.state !== "new")
      return Promise.reject(
        new RaftError("Stopped", "refused", `${this.id} was started before; make a new node instead.`),
      );
    this.state = "starting";
    this.starting = this.recoverAndListen();
    return this.starting;
  }

  survey(): Promise<Survivor> {
    return this.offline(() => survey(this.ports, this.id, this.groupId));
  }

  resetPeers(plan: ResetPlan): Promise<void> {
    return this.offline(() => resetPeers(this.ports, this.id, this.groupId, plan, this.options.electionTimeoutMs));
  }

  bootstrap(plan: { readonly voters: readonly Founder[] }): Promise<void> {
    return this.household?.inTurn(() => this.bootstrapOnce(plan)) ?? this.bootstrapOnce(plan);
  }

  /** G03: the log that this group shares with others has died. */
  storageFailed(reason: string): void {
    if (this.state === "running") this.replica?.inbox.post({ type: "StorageFailed", reason });
  }

  private async bootstrapOnce(plan: { readonly voters: readonly Founder[] }): Promise<void> {
    const { replica, identity } = this.running();
    const recovered = this.mustBeNew(replica);
    if (this.founding) throw refused("it is being founded already");
    this.founding = true;
    try {
      const common = this.household?.clusterId ?? "";
      const self = { ...identity, clusterId: common };
      const configuration = await askFounders(this.ports, self, plan.voters, 2 * this.options.electionTimeoutMs);
      // While the others were asked, another node may have claimed this one, or it may have been stopped.
      this.mustBeNew(replica);
      const clusterId = common === "" ? this.ports.random.hex(16) : common;
      const { term, votedFor } = replica.raft.describe(this.ports.clock.monotonic());
      if (votedFor !== null || term !== recovered.start.hardState.term)
        throw refused("this node took part in an election");
      await replica.close("The cluster is being founded; ask again.");
      const { hardState } = recovered.start;
      const ownState =
        common === "" ? hardState : { ...hardState, recoveryNumber: newRecoveryNumber(this.ports.random) };
      const founded = await this.foundOrHalt(clusterId, configuration, recovered, ownState);
      if (this.state !== "running") throw refused("this node was stopped meanwhile");
      this.identity = { ...identity, clusterId, recoveryNumber: ownState.recoveryNumber };
      this.beginReplica(this.identity, founded);
      this.ports.transport.claim(clusterId);
      this.note(`cluster ${clusterId} founded`, "bootstrap");
    } finally {
      this.founding = false;
    }
  }

  apply(command: unknown, options?: ApplyOptions): Promise<unknown> {
    return this.calls.apply(command, options);
  }

  applyCallback(command: unknown, done: Done, options?: ApplyOptions): void {
    this.calls.applyCallback(command, done, options);
  }

  read<Answer = unknown>(query: unknown, options: ReadOptions = {}): Promise<Answer> {
    return this.calls.read<Answer>(query, options);
  }

  readToken(): ReadToken {
    return tokenOf(this.tokenOrigin(), this.running().replica.desk.shownIndex);
  }

  async snapshot(): Promise<LogIndex> {
    const { id } = await this.running().replica.snapshot();
    return id.index;
  }

  backup(options?: BackupOptions): Promise<Backup> {
    return this.calls.backup(options);
  }

  restore(backup: AsyncIterable<Uint8Array>): Promise<Restored> {
    return this.offline(() => restore(this.ports, this.id, this.groupId, backup));
  }

  async transferLeadership(to?: NodeId): Promise<void> {
    await this.handOver(this.running().replica, to ?? null, false);
  }

  async forceElection(): Promise<void> {
    const { inbox, desk } = this.running().replica;
    const deadlineMs = this.ports.clock.monotonic() + 2 * this.options.electionTimeoutMs;
    await desk.order((request) => inbox.post({ type: "ElectionRequested", request }), { deadlineMs });
  }

  changeConfiguration(target: Configuration | MembersWanted | MemberChange, options?: ChangeOptions): Promise<void> {
    return this.members.change(target, options);
  }

  cancelChange(): Promise<void> {
    return this.members.cancel();
  }

  plan(target: Configuration | MembersWanted | MemberChange): Promise<ChangePlan> {
    return this.members.plan(target);
  }

  addLearners(nodes: readonly Founder[], options?: ChangeOptions): Promise<void> {
    return this.members.change({ kind: "addLearners", nodes }, options);
  }

  removeLearners(ids: readonly NodeId[], options?: ChangeOptions): Promise<void> {
    return this.members.change({ kind: "removeLearners", ids }, options);
  }

  promote(ids: readonly NodeId[], options?: ChangeOptions): Promise<void> {
    return this.members.change({ kind: "promote", ids }, options);
  }

  async stateHash(): Promise<StateHash> {
    const { replica } = this.running();
    const { stateMachine } = this.ports;
    return replica.desk.between((applied) => {
      if (stateMachine.stateHash === undefined)
        throw new RaftError(
          "BadCommand",
          "refused",
          "This state machine has no stateHash(); add one to compare replicas.",
        );
      return { ...applied, hash: stateMachine.stateHash() };
    });
  }

  describe(): NodeDescription {
    const { replica, identity } = this;
    if (replica === undefined || identity === undefined) throw notStarted(this.id);
    const raft = replica.raft.describe(this.ports.clock.monotonic());
    const { queues, parts } = replica.describe();
    const { logStorage, snapshotStorage, transport } = this.ports;
    const description = {
      ...raft,
      halted: raft.halted || this.haltReason,
      nodeId: this.id,
      identity,
      address: transport.address,
      formatVersion: this.formatVersion,
      queues,
      storage: { ...logStorage.describe(), ...parts },
      snapshots: snapshotStorage.describe(),
      transport: transport.describe(),
      history: this.history.list(),
    };
    return { ...description, text: describeText(description) };
  }

  explain(): Explanation {
    const { replica } = this;
    if (replica === undefined) throw notStarted(this.id);
    const findings = replica.raft.explain(this.ports.clock.monotonic());
    return { nodeId: this.id, findings, text: findings.map(({ text }) => text).join("\n") };
  }

  stop(): Promise<void> {
    this.stopping ??= this.stopOnce();
    return this.stopping;
  }

  /** M11: works on the disk of a node that does not run, and lets go of it. */
  private async offline<T>(work: () => Promise<T>): Promise<T> {
    if (this.state !== "new")
      throw new RaftError(
        "RecoveryRefused",
        "refused",
        `${this.id} was started; stop it, and make a new node for this.`,
      );
    this.state = "stopped";
    try {
      return await work();
    } finally {
      await this.closePorts();
      await this.ports.stateMachine.shutdown?.();
    }
  }

  /** Made with the first call (G02). */
  private get calls(): NodeCalls {
    this.callsMade ??= new NodeCalls(this, this.options, this.ports);
    return this.callsMade;
  }

  private get members(): MemberCalls {
    return new MemberCalls(this.groupId, this.options, this.ports, this);
  }

  /** Whose log tokens speak of. */
  tokenOrigin(): TokenOrigin {
    const { replica, identity } = this.running();
    return { clusterId: identity.clusterId, groupId: this.groupId, recoveryNumber: replica.raft.recoveryNumber };
  }

  private async recoverAndListen(): Promise<void> {
    const { transport } = this.ports;
    try {
      const recovered = await recover(this.ports, this.id, this.groupId);
      this.checkQuorums(recovered);
      const { clusterId, directoryId, incarnation, startNumber } = recovered.opened;
      const { recoveryNumber } = recovered.start.hardState;
      const identity = {
        id: this.id,
        incarnation,
        clusterId,
        groupId: this.groupId,
        directoryId,
        startNumber,
        recoveryNumber,
      };
      this.identity = identity;
      this.formatVersion = recovered.formatVersion;
      const { frameBytesMax } = this.options;
      await transport.start({ nodeId: this.id, clusterId, directoryId, startNumber, frameBytesMax });
      this.state = "running";
      this.beginReplica(identity, recovered);
      this.note(`started, term ${recovered.start.hardState.term}, log ends at ${recovered.start.last.index}`, "start");
      this.events.emit({ kind: "started" });
      this.starting = undefined;
    } catch (error) {
      this.ports.logger.error(`${this.id} cannot start`, { reason: messageOf(error) });
      this.state = "stopped";
      await this.closePorts();
      throw error;
    }
  }

  /** M12: a policy whose quorums do not meet would elect two leaders: it takes no part. @throws RaftError `BadOption` */
  private checkQuorums({ start }: Recovered): void {
    const configuration = start.configurations.at(-1)?.configuration;
    const fault = configuration && quorumFault(this.ports.quorum, configuration);
    if (fault === undefined) return;
    throw new RaftError(
      "BadOption",
      "refused",
      `${this.id} cannot decide as it is told to: ${fault}. Bind another QuorumPolicy.`,
      {
        field: "QuorumPolicy",
      },
    );
  }

  private beginReplica(identity: LocalIdentity, recovered: Recovered): void {
    const replica = new Replica(this.ports, identity, this.options, recovered, this, this.household);
    this.replica = replica;
    this.recovered = recovered.start.configurations.length === 0 ? recovered : undefined;
    this.ports.transport.attach(this.groupId, replica.receiver());
    replica.open();
  }

  /** M13: a waiting replica belongs to the first cluster that names its incarnation, from when that is durable. */
  async onClaim(clusterId: ClusterId): Promise<void> {
    const { identity } = this.running();
    if (identity.clusterId === clusterId) return;
    if (identity.clusterId !== "" || this.founding)
      throw new RaftError("IdentityMismatch", "refused", `${this.id} belongs to another cluster than ${clusterId}.`);
    if (this.recovered !== undefined && isRestored(this.recovered)) {
      const advice = `found the cluster on ${this.id}, or empty its directory`;
      const reason = `${this.id} holds a restored backup, and joins no cluster that another node founded; ${advice}.`;
      this.ports.logger.error(reason, { clusterId });
      throw new RaftError("IdentityMismatch", "refused", reason);
    }
    await this.ports.logStorage.adopt(clusterId);
    this.identity = { ...identity, clusterId };
    this.ports.transport.claim(clusterId);
    this.note(`joined cluster ${clusterId}`, "a member named this replica");
  }

  /** @inheritDoc */
  onNotice(notice: Notice): void {
    this.history.note(notice, this.ports.clock.wall());
    if (notice.kind === "configuration" && notice.stage === "committed") this.recovered = undefined;
    const { logger } = this.ports;
    if (notice.kind === "error") logger.error(notice.reason);
    else if (notice.kind === "damage" && notice.stage === "found")
      logger.error(`${holeText(notice.hole)}; they are fetched from the other members`);
    else if (notice.kind === "damage") logger.info("entries that the disk had lost are back", { ...notice.hole });
    else if (notice.kind === "role" || notice.kind === "leader" || notice.kind === "configuration")
      logger.info(`${this.id}: ${notice.kind}`, { ...notice });
    else logger.debug(`${this.id}: ${notice.kind}`, { ...notice });
    this.events.emit(notice);
  }

  /** @inheritDoc */
  onHalted(reason: string): void {
    this.haltReason = reason;
    if (this.state === "running") this.state = "halted";
    this.note(`halted: ${reason}`, "the group stopped in place");
    this.ports.logger.error(`${this.id} halted`, { reason });
    this.tellHalted?.(reason);
    this.events.emit({ kind: "halted", reason });
  }

  private async stopOnce(): Promise<void> {
    await this.starting?.catch(() => {});
    if (this.state === "new") {
      this.state = "stopped";
      return this.end();
    }
    if (this.state === "stopped") return this.end();
    const { replica } = this;
    if (replica !== undefined && this.state === "running") await this.leaveOffice(replica);
    this.state = "stopping";
    await replica?.close(`${this.id} was stopped.`);
    await this.closePorts();
    await this.ports.stateMachine.shutdown?.();
    this.state = "stopped";
    this.events.emit({ kind: "stopped" });
    this.end();
  }

  private end(): void {
    this.events.complete();
    this.household?.ended(this.groupId);
  }

  /** E25: a leader hands over, for at most T; whatever comes of it, the node goes. */
  private async leaveOffice(replica: Replica): Promise<void> {
    const { role, configuration } = replica.raft.describe(this.ports.clock.monotonic());
    if (role !== "leader" || configuration.configuration.voters.every((id) => id === this.id)) return;
    try {
      await this.handOver(replica, null, true);
    } catch (error) {
      this.ports.logger.info(`${this.id} stops without handing over`, { reason: messageOf(error) });
    }
  }

  private handOver({ inbox, desk }: Replica, to: NodeId | null, isStopping: boolean): Promise<void> {
    const deadlineMs = this.ports.clock.monotonic() + 2 * this.options.electionTimeoutMs;
    return desk.order((request) => inbox.post({ type: "TransferRequested", request, to, isStopping }), { deadlineMs });
  }

  private async closePorts(): Promise<void> {
    const { transport, snapshotStorage, logStorage, logger } = this.ports;
    for (const close of [() => transport.stop(), () => snapshotStorage.close(), () => logStorage.close()]) {
      try {
        await close();
      } catch (error) {
        logger.warn(`${this.id}: closing failed`, { reason: messageOf(error) });
      }
    }
  }

  /** The old replica has ended: if the disk does not take the first entry, there is none to go on with (L04). */
  private async foundOrHalt(
    clusterId: ClusterId,
    configuration: Configuration,
    before: Recovered,
    hardState: HardState,
  ): Promise<Recovered> {
    try {
      return await found(this.ports, clusterId, configuration, before, hardState);
    } catch (error) {
      this.onHalted(`the cluster could not be founded: ${messageOf(error)}`);
      throw error;
    }
  }

  /** The replica, if it runs. @throws RaftError `NotStarted`, `Halted` or `Stopped` */
  running(): { readonly replica: Replica; readonly identity: LocalIdentity } {
    const { replica, identity, state } = this;
    if (state === "running" && replica?.isOver === false && identity !== undefined) return { replica, identity };
    if (state === "running")
      throw new RaftError("NotStarted", "refused", `The cluster of ${this.id} is being founded; ask again shortly.`);
    if (state === "halted")
      throw new RaftError(
        "Halted",
        "refused",
        `${this.id} has stopped in place: ${this.haltReason}. Restart it, or ask another node.`,
      );
    if (state === "new" || state === "starting")
      throw new RaftError("NotStarted", "refused", `${this.id} is not started yet; await start() first.`);
    throw new RaftError("Stopped", "refused", `${this.id} was stopped; ask another node.`);
  }

  private mustBeNew(replica: Replica): Recovered {
    const { clusterId } = this.running().identity;
    const { recovered } = this;
    if (recovered === undefined || (replica.raft.lastIndex > 0 && !isRestored(recovered)))
      throw refused(`this node has a log, of cluster ${clusterId}`);
    if (clusterId !== "" && this.household === undefined)
      throw refused(
        `this node belongs to cluster ${clusterId} already, and has no log yet; if a founding was interrupted, empty its directory`,
      );
    return recovered;
  }

  private note(what: string, cause: string): void {
    this.history.add({ atMs: this.ports.clock.wall(), what, cause });
  }
}

const notStarted = (id: NodeId): RaftError =>
  new RaftError("NotStarted", "refused", `${id} has not been started; call start() first.`);
