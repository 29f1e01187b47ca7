import type { Observable } from "rxjs";
import { messageOf } from "../components/message-of.js";
import type { Done } from "../components/proposal-group.js";
import { WitnessState } from "../components/witness-state.js";
import type { Configuration } from "../model/configuration.js";
import type { LogIndex } from "../model/log-id.js";
import type { ClusterId, GroupId, LocalIdentity, NodeId } from "../model/node-id.js";
import type { ProtocolOptions } from "../model/options.js";
import type { ChangePlan } from "../protocol/change-plan.js";
import type { Notice } from "../protocol/notice.js";
import type { Backup, BackupOptions } from "./backup.js";
import { Belonging, belongsElsewhere, hasLog, type WaitingNode } from "./belonging.js";
import { comeUp } from "./coming-up.js";
import type { ReadToken } from "./consistency.js";
import { describeText } from "./describe-text.js";
import type { Founder, MembersWanted } from "./founder.js";
import { isFoundedBy } from "./founding.js";
import type { Household } from "./household.js";
import { logNotice } from "./log-notice.js";
import { MemberCalls } from "./member-calls.js";
import type { MemberChange } from "./member-change.js";
import type { ApplyOptions, ChangeOptions, Node, ReadOptions, StateHash } from "./node.js";
import { NodeCalls } from "./node-calls.js";
import type { Explanation, NodeDescription } from "./node-description.js";
import { type NodeEvent, NodeEvents } from "./node-events.js";
import { NodeHistory } from "./node-history.js";
import { closePorts, type NodePorts } from "./node-ports.js";
import { type LifeStage, mustNotRun, neverStarted, notRunning, startedBefore } from "./not-running.js";
import { leaveOffice, standNow, transferOffice } from "./office.js";
import { type TokenOrigin, tokenOf } from "./read-token.js";
import type { Recovered } from "./recovery.js";
import { Replica, type ReplicaOwner } from "./replica.js";
import { type Restored, restore } from "./restoring.js";
import { type ResetPlan, resetPeers, type Survivor, survey } from "./unsafe-recovery.js";

/** One replica of one group: what users hold (sofa-jraft: NodeImpl's outside). */
export class RaftNode implements Node<unknown>, ReplicaOwner, WaitingNode {
  readonly id: NodeId;
  private readonly groupId: GroupId;
  /** Made when somebody listens: of thousands of nodes in a process few are listened to (G02). */
  private events: NodeEvents | undefined;
  private readonly history: NodeHistory;
  /** M12: of a witness, without the state machine that was bound. */
  private readonly ports: NodePorts;
  private state: LifeStage = "new";
  private haltReason = "";
  private callsMade: NodeCalls | undefined;
  private untilHalted: Promise<string> | undefined;
  private tellHalted: ((reason: string) => void) | undefined;
  private identity: LocalIdentity | undefined;
  private knownFormat = 0;
  /** Until this replica is a member of something. */
  private belonging: Belonging | undefined;
  private replica: Replica | undefined;
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
    this.history = new NodeHistory(household?.happenings);
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
    this.events ??= new NodeEvents(this.ports.logger);
    if (this.state === "stopped") this.events.complete();
    return this.events.events$;
  }

  get openFormat(): number {
    return this.replica?.fsm.openFormat ?? 0;
  }

  start(): Promise<void> {
    if (this.state !== "new") return Promise.reject(startedBefore(this.id));
    this.state = "starting";
    this.starting = this.comeUp();
    return this.starting;
  }

  survey(): Promise<Survivor> {
    return this.offline(() => survey(this.ports, this.id, this.groupId));
  }

  resetPeers(plan: ResetPlan): Promise<void> {
    return this.offline(() => resetPeers(this.ports, this.id, this.groupId, plan, this.options.electionTimeoutMs));
  }

  bootstrap(plan: { readonly voters: readonly Founder[] }): Promise<void> {
    const found = async (): Promise<void> => {
      const { identity, replica } = this.running();
      const { configuration } = replica.raft.describe(this.ports.clock.monotonic());
      if (this.household !== undefined && isFoundedBy(configuration.configuration, plan.voters)) return;
      if (this.belonging === undefined) throw hasLog(identity.clusterId);
      await this.belonging.found(plan.voters);
    };
    return this.household?.inTurn(found) ?? found();
  }

  /** G03: the log that this group shares with others has died. */
  storageFailed(reason: string): void {
    if (this.state === "running") this.replica?.inbox.post({ type: "StorageFailed", reason });
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
    return tokenOf(this.tokenOrigin(), this.running().replica.desk.reads.shownIndex);
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
    await transferOffice(this.running().replica, to ?? null);
  }

  async forceElection(): Promise<void> {
    await standNow(this.running().replica);
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

  stateHash(): Promise<StateHash> {
    return this.calls.stateHash();
  }

  describe(): NodeDescription {
    const { replica, identity } = this;
    if (replica === undefined || identity === undefined) throw neverStarted(this.id);
    const raft = replica.raft.describe(this.ports.clock.monotonic());
    const { queues, parts } = replica.describe();
    const { logStorage, snapshotStorage, transport } = this.ports;
    const description = {
      ...raft,
      halted: raft.halted || this.haltReason,
      nodeId: this.id,
      identity,
      address: transport.address,
      formatVersion: this.knownFormat,
      openFormat: this.openFormat,
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
    if (replica === undefined) throw neverStarted(this.id);
    const findings = replica.raft.explain(this.ports.clock.monotonic());
    return { nodeId: this.id, findings, text: findings.map(({ text }) => text).join("\n") };
  }

  stop(): Promise<void> {
    this.stopping ??= this.stopOnce();
    return this.stopping;
  }

  /** M11: works on the disk of a node that does not run, and lets go of it. */
  private async offline<T>(work: () => Promise<T>): Promise<T> {
    if (this.state !== "new") throw mustNotRun(this.id);
    this.state = "stopped";
    try {
      return await work();
    } finally {
      await closePorts(this.ports, this.id);
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

  private async comeUp(): Promise<void> {
    const { ports, id } = this;
    try {
      const { identity, recovered } = await comeUp(ports, this.options, id, this.groupId);
      this.knownFormat = recovered.formats.known;
      this.state = "running";
      this.beginReplica(identity, recovered);
      const { hardState, last } = recovered.start;
      this.note(`started, term ${hardState.term}, log ends at ${last.index}`, "start");
      this.events?.emit({ kind: "started" });
      this.starting = undefined;
    } catch (error) {
      ports.logger.error(`${id} cannot start`, { reason: messageOf(error) });
      this.state = "stopped";
      await closePorts(ports, id);
      throw error;
    }
  }

  /** @inheritDoc */
  beginReplica(identity: LocalIdentity, recovered: Recovered): void {
    const { ports, options, household } = this;
    const replica = new Replica(ports, identity, options, recovered, this, household);
    this.identity = identity;
    this.replica = replica;
    const isMember = recovered.start.configurations.length > 0;
    this.belonging = isMember ? undefined : new Belonging(this, options, ports, household, recovered);
    ports.transport.attach(this.groupId, replica.receiver());
    replica.open();
  }

  /** @inheritDoc */
  async onClaim(clusterId: ClusterId): Promise<void> {
    const { identity } = this.running();
    if (identity.clusterId === clusterId) return;
    if (this.belonging === undefined) throw belongsElsewhere(this.id, clusterId);
    await this.belonging.claimed(clusterId);
  }

  /** @inheritDoc */
  belongs(identity: LocalIdentity): void {
    this.identity = identity;
    this.ports.transport.claim(identity.clusterId);
  }

  /** @inheritDoc */
  onNotice(notice: Notice): void {
    this.history.note(notice, this.ports.clock.wall());
    if (notice.kind === "configuration" && notice.stage === "committed") {
      this.belonging?.joined();
      this.belonging = undefined;
    }
    logNotice(this.ports.logger, this.id, notice);
    this.events?.emit(notice);
  }

  /** @inheritDoc */
  onHalted(reason: string): void {
    this.haltReason = reason;
    if (this.state === "running") this.state = "halted";
    this.note(`halted: ${reason}`, "the group stopped in place");
    this.ports.logger.error(`${this.id} halted`, { reason });
    this.tellHalted?.(reason);
    this.events?.emit({ kind: "halted", reason });
  }

  private async stopOnce(): Promise<void> {
    await this.starting?.catch(() => {});
    if (this.state === "new") {
      this.state = "stopped";
      return this.end();
    }
    if (this.state === "stopped") return this.end();
    const { replica } = this;
    if (replica !== undefined && this.state === "running") await leaveOffice(replica);
    this.state = "stopping";
    await replica?.close(`${this.id} was stopped.`);
    await closePorts(this.ports, this.id);
    await this.ports.stateMachine.shutdown?.();
    this.state = "stopped";
    this.events?.emit({ kind: "stopped" });
    this.end();
  }

  private end(): void {
    this.events?.complete();
    this.household?.ended(this.groupId);
  }

  /** Whether it was started, and neither stopped nor halted since. */
  get isRunning(): boolean {
    return this.state === "running";
  }

  /** The replica, if it runs. @throws RaftError `NotStarted`, `Halted` or `Stopped` */
  running(): { readonly replica: Replica; readonly identity: LocalIdentity } {
    const { replica, identity, state } = this;
    if (state === "running" && replica?.isOver === false && identity !== undefined) return { replica, identity };
    throw notRunning(this.id, state, this.haltReason);
  }

  /** @inheritDoc */
  note(what: string, cause: string): void {
    this.history.add({ atMs: this.ports.clock.wall(), what, cause });
  }
}
