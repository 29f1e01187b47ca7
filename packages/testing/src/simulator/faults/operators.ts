import type { Configuration, NodeId } from "@hexraft/core/ports";
import type { Counters } from "../trace/counters.js";
import type { SimulatedNode } from "../world/simulated-node.js";

/** What people do to a running cluster; whatever comes of it, the invariants hold. */
export class Operators {
  /** Every member that there ever was, with its incarnation. */
  private readonly known = new Map<NodeId, Configuration["members"][number]>();

  constructor(
    private readonly nodes: ReadonlyMap<NodeId, SimulatedNode>,
    private readonly counters: Counters,
  ) {}

  /** Saves a snapshot now. */
  snapshot(id: NodeId): void {
    const node = this.nodes.get(id);
    if (node?.isUp === true) this.follow("snapshot", node.node?.snapshot());
  }

  /** Hands leadership to this node. */
  transfer(to: NodeId): void {
    this.follow("transfer", this.leader()?.node?.transferLeadership(to));
  }

  /** Changes the members. */
  change(voters: readonly NodeId[], learners: readonly NodeId[]): void {
    const node = this.leader()?.node;
    if (node === undefined) return;
    const { configuration } = node.describe().configuration;
    for (const member of configuration.members) this.known.set(member.id, member);
    const members = [...voters, ...learners].map((id) => this.known.get(id));
    if (members.includes(undefined)) return;
    const target: Configuration = {
      members: members as Configuration["members"],
      voters,
      votersOld: [],
      learners,
      learnersNext: [],
      witnesses: [],
    };
    this.follow("change", node.changeConfiguration(target));
  }

  /** Who leads: of several that believe so, the one of the highest term. */
  leader(): SimulatedNode | undefined {
    let found: SimulatedNode | undefined;
    let highest = -1;
    for (const node of this.nodes.values()) {
      if (!node.isUp || node.node === undefined) continue;
      const { role, term } = node.node.describe();
      if (role !== "leader" || term <= highest) continue;
      found = node;
      highest = term;
    }
    return found;
  }

  private follow(what: string, done: Promise<unknown> | undefined): void {
    done?.then(
      () => this.counters.add(`operator.${what}.ok`),
      () => this.counters.add(`operator.${what}.refused`),
    );
  }
}
