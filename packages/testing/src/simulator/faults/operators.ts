import { type Configuration, type ErrorCode, type NodeId, RaftError } from "@hexraft/core/ports";
import type { Referee } from "../invariants/referee.js";
import type { Counters } from "../trace/counters.js";
import type { SimulatedNode } from "../world/simulated-node.js";

/** Something that an operator asked for, and what became of it so far. */
export interface Order {
  /** `refused` whatever the reason. */
  state: "pending" | "done" | "refused";
  /** Of a RaftError that refused it. */
  code?: ErrorCode;
  /** Why it was refused, in words. */
  reason?: string;
}

/** What people do to a running cluster; whatever comes of it, the invariants hold. */
export class Operators {
  /** Every member that there ever was, with its incarnation; a witness before it is one for the first time. */
  private readonly known = new Map<NodeId, Configuration["members"][number]>();

  constructor(
    private readonly nodes: ReadonlyMap<NodeId, SimulatedNode>,
    private readonly referee: Referee,
    private readonly counters: Counters,
    private readonly witnesses: readonly NodeId[] = [],
  ) {
    for (const id of witnesses) this.known.set(id, { id, incarnation: "", address: id, priority: 1 });
  }

  /** Saves a snapshot now. */
  snapshot(id: NodeId): Order {
    const node = this.nodes.get(id);
    return this.follow("snapshot", node?.isUp === true ? node.node?.snapshot() : undefined);
  }

  /** Hands leadership to this node. */
  transfer(to: NodeId): Order {
    return this.follow("transfer", this.leader()?.node?.transferLeadership(to));
  }

  /** Changes the members, of whom all were members before, or are witnesses. A witness votes or is no member (M12): it never learns. */
  change(voters: readonly NodeId[], listeners: readonly NodeId[]): Order {
    const learners = listeners.filter((id) => !this.witnesses.includes(id));
    const node = this.leader()?.node;
    if (node === undefined) return this.follow("change", undefined);
    const { configuration } = node.describe().configuration;
    for (const member of configuration.members) this.known.set(member.id, member);
    const members = [...voters, ...learners].map((id) => {
      const member = this.known.get(id);
      if (member === undefined || configuration.members.includes(member)) return member;
      // Who is no member is asked who it is now (M13): its disk may be another one than when it was.
      const { incarnation } = this.referee.record(id);
      return incarnation === "" ? undefined : { ...member, incarnation };
    });
    if (members.includes(undefined)) return this.follow("change", undefined);
    return this.reshape({
      members: members as Configuration["members"],
      voters,
      votersOld: [],
      learners,
      learnersNext: [],
      witnesses: voters.filter((id) => this.witnesses.includes(id)),
    });
  }

  /**
   * Makes a learner of a voter, a stranger of a learner, and a learner of a stranger: who moves was a member before, so nobody has to
   * catch up first. A voter stays one where too few would be left who never lose their data.
   */
  move(id: NodeId, losers: ReadonlySet<NodeId>): Order {
    const configuration = this.leader()?.node?.describe().configuration.configuration;
    if (configuration === undefined) return this.follow("change", undefined);
    const isVoter = configuration.voters.includes(id);
    const voters = configuration.voters.filter((voter) => voter !== id);
    const others = configuration.learners.filter((learner) => learner !== id);
    const learners = isVoter || others.length === configuration.learners.length ? [...others, id] : others;
    if (2 * voters.filter((voter) => losers.has(voter)).length >= voters.length)
      return this.follow("change", undefined);
    return this.change(voters, learners);
  }

  /** Changes the members to exactly this. */
  reshape(target: Configuration): Order {
    return this.follow("change", this.leader()?.node?.changeConfiguration(target));
  }

  /** Who leads: of several that believe so, the one of the highest term. */
  leader(): SimulatedNode | undefined {
    let found: SimulatedNode | undefined;
    let highest = -1;
    for (const node of this.nodes.values()) {
      // As the last step showed it: it is asked for often, and a node's description of itself is long.
      const { role, term } = this.referee.record(node.id);
      if (role !== "leader" || term <= highest || !node.isUp) continue;
      found = node;
      highest = term;
    }
    return found;
  }

  private follow(what: string, done: Promise<unknown> | undefined): Order {
    if (done === undefined) return { state: "refused", reason: "nobody to ask" };
    const order: Order = { state: "pending" };
    const hear = async (): Promise<void> => {
      try {
        await done;
        order.state = "done";
        this.counters.add(`operator.${what}.ok`);
      } catch (error) {
        order.state = "refused";
        order.reason = String(error);
        if (error instanceof RaftError) order.code = error.code;
        this.counters.add(`operator.${what}.refused`);
      }
    };
    void hear();
    return order;
  }
}
