import type { NodeId } from "@hexraft/core/ports";
import type { Referee } from "../invariants/referee.js";
import type { Counters } from "../trace/counters.js";
import type { Trace } from "../trace/trace.js";
import type { SimulatedNetwork } from "../world/simulated-network.js";
import type { SimulatedNode } from "../world/simulated-node.js";
import type { SimulatedTime } from "../world/simulated-time.js";
import { type Fault, type FaultAct, faultText, LOSSES } from "./fault.js";
import { applyToLinks, isLinkFault } from "./link-faults.js";
import type { Operators } from "./operators.js";
import type { Plan } from "./plan.js";
import { Replacements } from "./replacements.js";

/** How long after a disk stopped a node somebody restarts it, ms. */
const RESTART_AFTER_MS = 500;

/** What things go wrong with. */
export interface InjectorParts {
  readonly time: SimulatedTime;
  readonly network: SimulatedNetwork;
  readonly nodes: ReadonlyMap<NodeId, SimulatedNode>;
  readonly operators: Operators;
  readonly referee: Referee;
  readonly trace: Trace;
  readonly counters: Counters;
  readonly plan: Plan;
}

const losersIn = ({ faults }: Plan): ReadonlySet<NodeId> =>
  new Set(faults.flatMap(({ act }) => (LOSSES.includes(act.kind) && "node" in act ? [act.node] : [])));

/** Carries out a schedule of faults, and undoes all of it in the end. */
export class Injector {
  /** Who lost data, and comes back. */
  readonly replacements: Replacements;
  private readonly onLinks = new Set<Fault>();
  private over = false;

  private readonly time: SimulatedTime;
  private readonly network: SimulatedNetwork;
  private readonly nodes: ReadonlyMap<NodeId, SimulatedNode>;
  private readonly operators: Operators;
  private readonly referee: Referee;
  private readonly trace: Trace;
  private readonly counters: Counters;
  private readonly plan: Plan;

  constructor(parts: InjectorParts) {
    const { time, nodes, operators, referee, counters, plan } = parts;
    this.time = time;
    this.network = parts.network;
    this.nodes = nodes;
    this.operators = operators;
    this.referee = referee;
    this.trace = parts.trace;
    this.counters = counters;
    this.plan = plan;
    const everyMs = 2 * (plan.options.electionTimeoutMs ?? 1_000);
    const rejoined = (): void => counters.add("operator.rejoin.ok");
    this.replacements = new Replacements(time, nodes, operators, referee, rejoined, everyMs, losersIn(plan));
  }

  /** Puts the schedule on the clock. */
  schedule(faults: readonly Fault[]): void {
    for (const fault of faults)
      this.time.after(fault.atMs, () => {
        if (!this.over && !this.isFatal(fault)) this.begin(fault);
      });
  }

  /** Until the founding is committed, one disk may be all that the cluster is: what it loses, nothing could bring back. */
  private isFatal({ act }: Fault): boolean {
    return this.plan.safetyOnly !== true && LOSSES.includes(act.kind) && this.referee.commits.highest === 0;
  }

  /** Nothing goes wrong any more, and everything runs again. */
  heal(): void {
    this.over = true;
    this.onLinks.clear();
    this.network.heal();
    for (const node of this.nodes.values()) {
      node.disk.heal();
      node.rate = 1;
      // Whoever rotted is looked at: it starts, or it does not. Nobody listens to one whose disk is of long ago.
      if (node.isStale) this.replacements.wipe(node);
      else if (node.isRotten) node.crash("to be looked at");
      this.revive(node);
    }
    this.trace.note("fault", "", "all faults end");
  }

  /** A node stopped by itself because its disk failed: an operator restarts it. */
  halted(id: NodeId): void {
    this.time.after(RESTART_AFTER_MS, () => {
      const node = this.node(id);
      if (node.haltedBecause === "") return;
      node.crash("for a restart");
      node.start();
    });
  }

  /** A node cannot start, or cannot go on, because of what its disk holds: an operator lets it rejoin with an empty one. */
  stumbled(id: NodeId): void {
    const node = this.node(id);
    if (!node.isRotten) return;
    this.counters.add("damaged");
    if (this.plan.safetyOnly !== true) this.time.after(RESTART_AFTER_MS, () => this.replace(node));
  }

  /** It goes wrong from now on, until what is returned is called. */
  inflict(act: FaultAct, forMs = 0): () => void {
    const ends: (() => void)[] = [];
    this.begin({ atMs: this.time.now(), forMs, act }, (end) => void ends.push(end));
    return () => {
      for (const end of ends.splice(0)) if (!this.over) end();
    };
  }

  private begin(
    fault: Fault,
    ends = (end: () => void): void => void this.time.after(fault.forMs, () => (this.over ? undefined : end())),
  ): void {
    const { act, forMs } = fault;
    this.trace.note("fault", "", faultText(fault));
    this.counters.add(`fault.${act.kind}`);
    if (isLinkFault(act)) return this.burden(fault, ends);
    switch (act.kind) {
      case "crash":
        return this.crash(this.node(act.node), ends);
      case "crash-in-io":
        return this.node(act.node).crashInside(() => {
          this.counters.add("crashInsideIo");
          ends(() => this.revive(this.node(act.node)));
          if (this.over) this.time.after(0, () => this.revive(this.node(act.node)));
        });
      case "crash-all":
        for (const node of this.nodes.values()) this.crash(node, ends);
        return;
      case "pause":
        return this.node(act.node).pause(forMs);
      case "clock-freeze":
        return this.node(act.node).freezeClock(forMs);
      case "wall-jump":
        return this.node(act.node).jumpWall(act.jumpMs);
      case "clock-rate":
        this.node(act.node).rate = act.rate;
        return this.crash(this.node(act.node), ends);
      case "reset":
        return this.network.reset(act.node, act.peer);
      case "slow-disk":
        this.node(act.node).disk.slow(act.rangeMs);
        return ends(() => this.node(act.node).disk.heal());
      case "disk-fault":
        this.node(act.node).disk.fail(act.fault);
        return;
      case "wipe":
        if (this.replacements.wipe(this.node(act.node))) ends(() => this.revive(this.node(act.node)));
        return;
      case "rot":
        if (this.node(act.node).rot(act.how)) this.counters.add(`rot.${act.how}`);
        return;
      case "restore": {
        const node = this.node(act.node);
        const putBack = node.copyDisk();
        const takeBack = this.referee.record(act.node).copied();
        return ends(() => {
          putBack();
          takeBack();
          this.revive(node);
        });
      }
      case "graceful-restart": {
        const node = this.node(act.node);
        void this.stop(node);
        return ends(() => this.revive(node));
      }
      case "snapshot":
        this.operators.snapshot(act.node);
        return;
      case "transfer":
        this.operators.transfer(act.to);
        return;
      case "change":
        this.operators.change(act.voters, act.learners);
        return;
      case "orphaned-change": {
        const leader = this.operators.leader();
        if (leader === undefined) return;
        this.burden({ ...fault, act: { kind: "isolate", node: leader.id } }, ends);
        this.operators.move(act.node, losersIn(this.plan));
        return;
      }
      default:
        return act satisfies never;
    }
  }

  /** Links suffer it for as long as it lasts. */
  private burden(fault: Fault, ends: (end: () => void) => void): void {
    this.onLinks.add(fault);
    this.rewire();
    ends(() => {
      this.onLinks.delete(fault);
      this.rewire();
    });
  }

  private crash(node: SimulatedNode, ends: (end: () => void) => void): void {
    node.crash("between two steps");
    ends(() => this.revive(node));
  }

  private replace(node: SimulatedNode): void {
    if (!node.isRotten || (node.isUp && !node.isFaulted)) return;
    if (this.replacements.wipe(node)) node.start();
  }

  /** One that was still stopping when everything was healed is started as soon as it is down. */
  private async stop(node: SimulatedNode): Promise<void> {
    await node.stop();
    if (this.over) this.revive(node);
  }

  private revive(node: SimulatedNode): void {
    if (node.haltedBecause !== "") node.crash("for a restart");
    node.start();
  }

  private rewire(): void {
    const ids = [...this.nodes.keys()];
    for (const from of ids) for (const to of ids) if (from !== to) this.network.link(from, to).mend();
    for (const { act } of this.onLinks) applyToLinks(act, ids, (from, to) => this.network.link(from, to));
    this.network.review();
  }

  private node(id: NodeId): SimulatedNode {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`there is no ${id} in this simulation`);
    return node;
  }
}
