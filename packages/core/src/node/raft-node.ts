import type { Observable } from "rxjs";
import type { Done } from "../components/proposal-group.js";
import type { Configuration } from "../model/configuration.js";
import type { LogIndex } from "../model/log-id.js";
import type { GroupId, NodeId } from "../model/node-id.js";
import type { ProtocolOptions } from "../model/options.js";
import type { ChangePlan } from "../protocol/change-plan.js";
import type { Backup, BackupOptions } from "./backup.js";
import type { ReadToken } from "./consistency.js";
import { describeText } from "./describe-text.js";
import type { Founder, MembersWanted } from "./founder.js";
import type { Household } from "./household.js";
import { MemberCalls } from "./member-calls.js";
import type { MemberChange } from "./member-change.js";
import type { ApplyOptions, ChangeOptions, Node, ReadOptions, StateHash } from "./node.js";
import { type CalledNode, NodeCalls } from "./node-calls.js";
import type { Explanation, NodeDescription } from "./node-description.js";
import type { NodeEvent } from "./node-events.js";
import { NodeLife } from "./node-life.js";
import type { NodePorts } from "./node-ports.js";
import { standNow, transferOffice } from "./office.js";
import { type TokenOrigin, tokenOf } from "./read-token.js";
import type { Replica } from "./replica.js";
import { type Restored, restore } from "./restoring.js";
import { type ResetPlan, resetPeers, type Survivor, survey } from "./unsafe-recovery.js";

/** One replica of one group: what users hold (sofa-jraft: NodeImpl's outside). */
export class RaftNode implements Node<unknown>, CalledNode {
  private readonly life: NodeLife;
  private callsMade: NodeCalls | undefined;

  constructor(
    self: { readonly nodeId: NodeId; readonly groupId: GroupId },
    options: ProtocolOptions,
    ports: NodePorts,
    household?: Household,
  ) {
    this.life = new NodeLife(self.nodeId, self.groupId, options, ports, household);
  }

  get id(): NodeId {
    return this.life.id;
  }

  get halted(): Promise<string> {
    return this.life.halted;
  }

  get events$(): Observable<NodeEvent> {
    return this.life.events$;
  }

  get openFormat(): number {
    return this.life.openFormat;
  }

  start(): Promise<void> {
    return this.life.start();
  }

  stop(): Promise<void> {
    return this.life.stop();
  }

  bootstrap(plan: { readonly voters: readonly Founder[] }): Promise<void> {
    return this.life.found(plan.voters);
  }

  survey(): Promise<Survivor> {
    const { id, groupId, ports } = this.life;
    return this.life.offline(() => survey(ports, id, groupId));
  }

  resetPeers(plan: ResetPlan): Promise<void> {
    const { id, groupId, ports, options } = this.life;
    return this.life.offline(() => resetPeers(ports, id, groupId, plan, options.electionTimeoutMs));
  }

  restore(backup: AsyncIterable<Uint8Array>): Promise<Restored> {
    const { id, groupId, ports } = this.life;
    return this.life.offline(() => restore(ports, id, groupId, backup));
  }

  /** G03: the log that this group shares with others has died. */
  storageFailed(reason: string): void {
    if (this.life.isRunning) this.life.latest().replica.inbox.post({ type: "StorageFailed", reason });
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

  stateHash(): Promise<StateHash> {
    return this.calls.stateHash();
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

  describe(): NodeDescription {
    const { life } = this;
    const { replica, identity } = life.latest();
    const { logStorage, snapshotStorage, transport, clock } = life.ports;
    const raft = replica.raft.describe(clock.monotonic());
    const { queues, parts } = replica.describe();
    const description = {
      ...raft,
      halted: raft.halted || life.haltReason,
      nodeId: this.id,
      identity,
      address: transport.address,
      formatVersion: life.knownFormat,
      openFormat: this.openFormat,
      queues,
      storage: { ...logStorage.describe(), ...parts },
      snapshots: snapshotStorage.describe(),
      transport: transport.describe(),
      history: life.history.list(),
    };
    return { ...description, text: describeText(description) };
  }

  explain(): Explanation {
    const { raft } = this.life.latest().replica;
    const findings = raft.explain(this.life.ports.clock.monotonic());
    return { nodeId: this.id, findings, text: findings.map(({ text }) => text).join("\n") };
  }

  /** @inheritDoc */
  running(): { readonly replica: Replica } {
    return this.life.running();
  }

  /** @inheritDoc */
  tokenOrigin(): TokenOrigin {
    const { replica, identity } = this.life.running();
    return { clusterId: identity.clusterId, groupId: this.life.groupId, recoveryNumber: replica.raft.recoveryNumber };
  }

  /** Made with the first call (G02). */
  private get calls(): NodeCalls {
    this.callsMade ??= new NodeCalls(this, this.life.options, this.life.ports);
    return this.callsMade;
  }

  private get members(): MemberCalls {
    const { groupId, options, ports } = this.life;
    return new MemberCalls(groupId, options, ports, this.life);
  }
}
