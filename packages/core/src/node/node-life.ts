import type { Observable } from "rxjs";
import { messageOf } from "../components/message-of.js";
import { WitnessState } from "../components/witness-state.js";
import type { ClusterId, GroupId, LocalIdentity, NodeId } from "../model/node-id.js";
import type { ProtocolOptions } from "../model/options.js";
import type { Notice } from "../protocol/notice.js";
import { Belonging, belongsElsewhere, hasLog, type WaitingNode } from "./belonging.js";
import { comeUp } from "./coming-up.js";
import type { Founder } from "./founder.js";
import { isFoundedBy } from "./founding.js";
import type { Household } from "./household.js";
import { logNotice } from "./log-notice.js";
import { type NodeEvent, NodeEvents } from "./node-events.js";
import { NodeHistory } from "./node-history.js";
import { closePorts, type NodePorts } from "./node-ports.js";
import { type LifeStage, mustNotRun, neverStarted, notRunning, startedBefore } from "./not-running.js";
import { leaveOffice } from "./office.js";
import type { Recovered } from "./recovery.js";
import { Replica, type ReplicaOwner } from "./replica.js";

/**
 * A node's life (sofa-jraft: NodeImpl's init, shutdown and join): it is worked on offline, or comes up, belongs to a cluster, and halts or is stopped;
 * who watches hears of it. What it is asked in between is {@link RaftNode}'s.
 */
export class NodeLife implements ReplicaOwner, WaitingNode {
  /** Why it stopped in place, if it did. */
  haltReason = "";
  /** The newest format that its code knows, from the start on. */
  knownFormat = 0;
  readonly history: NodeHistory;
  /** M12: of a witness, without the state machine that was bound. */
  readonly ports: NodePorts;
  /** Made when somebody listens: of thousands of nodes in a process few are listened to (G02). */
  private events: NodeEvents | undefined;
  private stage: LifeStage = "new";
  private untilHalted: Promise<string> | undefined;
  private tellHalted: ((reason: string) => void) | undefined;
  private identity: LocalIdentity | undefined;
  /** Until this replica is a member of something. */
  private belonging: Belonging | undefined;
  private replica: Replica | undefined;
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  constructor(
    readonly id: NodeId,
    readonly groupId: GroupId,
    /** Groups of one process that differ in nothing share them. */
    readonly options: ProtocolOptions,
    ports: NodePorts,
    private readonly household: Household | undefined,
  ) {
    this.ports = options.witness ? Object.assign({}, ports, { stateMachine: new WitnessState() }) : ports;
    this.history = new NodeHistory(household?.happenings);
  }

  /** See Node.halted. Made for whoever asks: of thousands of nodes in a process few are waited for (G02). */
  get halted(): Promise<string> {
    this.untilHalted ??= new Promise((resolve) => {
      if (this.haltReason === "") this.tellHalted = resolve;
      else resolve(this.haltReason);
    });
    return this.untilHalted;
  }

  /** See Node.events$. */
  get events$(): Observable<NodeEvent> {
    this.events ??= new NodeEvents(this.ports.logger);
    if (this.stage === "stopped") this.events.complete();
    return this.events.events$;
  }

  /** F05: the open format, 0 before the start. */
  get openFormat(): number {
    return this.replica?.fsm.openFormat ?? 0;
  }

  /** @inheritDoc */
  get isRunning(): boolean {
    return this.stage === "running";
  }

  /** The replica, if it runs. @throws RaftError `NotStarted`, `Halted` or `Stopped` */
  running(): { readonly replica: Replica; readonly identity: LocalIdentity } {
    const { replica, identity, stage } = this;
    if (stage === "running" && replica?.isOver === false && identity !== undefined) return { replica, identity };
    throw notRunning(this.id, stage, this.haltReason);
  }

  /** The replica that runs, or the last one that ran. @throws RaftError `NotStarted` */
  latest(): { readonly replica: Replica; readonly identity: LocalIdentity } {
    const { replica, identity } = this;
    if (replica === undefined || identity === undefined) throw neverStarted(this.id);
    return { replica, identity };
  }

  /** See Node.start. */
  start(): Promise<void> {
    if (this.stage !== "new") return Promise.reject(startedBefore(this.id));
    this.stage = "starting";
    this.starting = this.comeUp();
    return this.starting;
  }

  /** M11: works on the disk of a node that does not run, and lets go of it. */
  async offline<T>(work: () => Promise<T>): Promise<T> {
    if (this.stage !== "new") throw mustNotRun(this.id);
    this.stage = "stopped";
    try {
      return await work();
    } finally {
      await closePorts(this.ports, this.id);
      await this.ports.stateMachine.shutdown?.();
    }
  }

  /** See Node.bootstrap. */
  found(voters: readonly Founder[]): Promise<void> {
    const found = async (): Promise<void> => {
      const { identity, replica } = this.running();
      const { configuration } = replica.raft.describe(this.ports.clock.monotonic());
      if (this.household !== undefined && isFoundedBy(configuration.configuration, voters)) return;
      if (this.belonging === undefined) throw hasLog(identity.clusterId);
      await this.belonging.found(voters);
    };
    return this.household?.inTurn(found) ?? found();
  }

  /** See Node.stop. */
  stop(): Promise<void> {
    this.stopping ??= this.stopOnce();
    return this.stopping;
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
    if (this.stage === "running") this.stage = "halted";
    this.note(`halted: ${reason}`, "the group stopped in place");
    this.ports.logger.error(`${this.id} halted`, { reason });
    this.tellHalted?.(reason);
    this.events?.emit({ kind: "halted", reason });
  }

  /** @inheritDoc */
  note(what: string, cause: string): void {
    this.history.add({ atMs: this.ports.clock.wall(), what, cause });
  }

  private async comeUp(): Promise<void> {
    const { ports, id } = this;
    try {
      const { identity, recovered } = await comeUp(ports, this.options, id, this.groupId);
      this.knownFormat = recovered.formats.known;
      this.stage = "running";
      this.beginReplica(identity, recovered);
      const { hardState, last } = recovered.start;
      this.note(`started, term ${hardState.term}, log ends at ${last.index}`, "start");
      this.events?.emit({ kind: "started" });
      this.starting = undefined;
    } catch (error) {
      ports.logger.error(`${id} cannot start`, { reason: messageOf(error) });
      this.stage = "stopped";
      await closePorts(ports, id);
      throw error;
    }
  }

  private async stopOnce(): Promise<void> {
    await this.starting?.catch(() => {});
    if (this.stage === "new") {
      this.stage = "stopped";
      return this.end();
    }
    if (this.stage === "stopped") return this.end();
    const { replica } = this;
    if (replica !== undefined && this.stage === "running") await leaveOffice(replica);
    this.stage = "stopping";
    await replica?.close(`${this.id} was stopped.`);
    await closePorts(this.ports, this.id);
    await this.ports.stateMachine.shutdown?.();
    this.stage = "stopped";
    this.events?.emit({ kind: "stopped" });
    this.end();
  }

  private end(): void {
    this.events?.complete();
    this.household?.ended(this.groupId);
  }
}
