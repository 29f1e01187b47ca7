import type { Configuration, Incarnation, Member, NodeId } from "@hexraft/core/ports";
import type { Referee } from "../invariants/referee.js";
import type { SimulatedNode } from "../world/simulated-node.js";
import type { SimulatedTime } from "../world/simulated-time.js";
import type { Operators, Order } from "./operators.js";

/** What somebody whose disk was lost was, and shall be again. */
interface Place {
  readonly member: Member;
  readonly isVoter: boolean;
  /** M12: it votes from the moment on in which it is back. */
  readonly isWitness: boolean;
}

/**
 * M13, as operators do it: a node whose data is lost comes back with an empty directory, as somebody new. It is taken out of the
 * configuration, joins as a learner, catches up, and becomes what it was, step by step, each tried until it is done.
 */
export class Replacements {
  private readonly waiting = new Map<NodeId, Place | undefined>();
  /** How often each was looked at since it was wiped or restarted. */
  private readonly looks = new Map<NodeId, number>();
  private order: Order | undefined;
  private askedAtMs = 0;
  private isLooking = false;

  constructor(
    private readonly time: SimulatedTime,
    private readonly nodes: ReadonlyMap<NodeId, SimulatedNode>,
    private readonly operators: Operators,
    private readonly referee: Referee,
    private readonly rejoined: () => void,
    /** How often an operator looks. ms. */
    private readonly everyMs: number,
    /** Who may lose its data, ever: a minority of the voters at all times, or there would be nothing to come back to. */
    private readonly losers: ReadonlySet<NodeId> = new Set(),
  ) {}

  /** Whether everybody is back. */
  get isDone(): boolean {
    return this.waiting.size === 0;
  }

  /** Gives a node an empty disk, and sees to it that it rejoins once it runs. @returns whether its disk can be emptied. */
  wipe(node: SimulatedNode): boolean {
    if (!node.wipe()) return false;
    this.referee.record(node.id).wiped();
    if (!this.waiting.has(node.id)) this.waiting.set(node.id, undefined);
    if (!this.isLooking) this.lookLater();
    return true;
  }

  private lookLater(): void {
    this.isLooking = true;
    this.time.after(this.everyMs, () => {
      this.isLooking = false;
      this.look();
      if (!this.isDone) this.lookLater();
    });
  }

  private look(): void {
    const leader = this.operators.leader();
    // Whoever was asked may have died over it, and nobody will ever answer.
    const isOpen = this.order?.state === "pending" && this.time.now() < this.askedAtMs + PATIENCE * this.everyMs;
    if (leader?.node === undefined || isOpen) return;
    const { configuration, committed } = standingOf(leader);
    if (!committed) return;
    for (const id of this.waiting.keys()) {
      const { incarnation } = this.referee.record(id);
      if (this.nodes.get(id)?.isUp !== true || incarnation === "") continue;
      this.order = this.nextStep(configuration, id, incarnation);
      this.askedAtMs = this.time.now();
      if (this.waiting.has(id)) this.lookAfter(id);
      if (this.order !== undefined) return;
    }
  }

  /** Whoever takes so long, say because its disk failed while it joined, is restarted. */
  private lookAfter(id: NodeId): void {
    const looks = (this.looks.get(id) ?? 0) + 1;
    this.looks.set(id, looks % RESTART_AFTER);
    if (looks < RESTART_AFTER) return;
    const node = this.nodes.get(id);
    node?.crash("for a restart");
    node?.start();
  }

  private nextStep(configuration: Configuration, id: NodeId, incarnation: Incarnation): Order | undefined {
    const voters = configuration.voters.filter((voter) => voter !== id);
    const learners = configuration.learners.filter((learner) => learner !== id);
    const others = configuration.members.filter((member) => member.id !== id);
    const member = configuration.members.find((known) => known.id === id);
    const isVoter = voters.length < configuration.voters.length;
    if (member !== undefined && member.incarnation !== incarnation) {
      const witnesses = configuration.witnesses.filter((witness) => witness !== id);
      this.waiting.set(id, { member, isVoter, isWitness: witnesses.length < configuration.witnesses.length });
      return this.operators.reshape({ ...configuration, members: others, voters, learners, witnesses });
    }
    const place = this.waiting.get(id);
    if (member === undefined) {
      // Somebody took it out on purpose: there is nothing to come back to.
      if (place === undefined) return this.finish(id);
      const members = [...others, { ...place.member, incarnation }];
      if (!place.isWitness) return this.operators.reshape({ ...configuration, members, learners: [...learners, id] });
      if (this.isTooMany([...voters, id])) return this.finish(id);
      const witnesses = [...configuration.witnesses, id];
      return this.operators.reshape({ ...configuration, members, voters: [...voters, id], witnesses });
    }
    if (place?.isVoter !== true || isVoter || this.isTooMany([...voters, id])) return this.finish(id);
    const { commit } = this.referee.record(id);
    if (commit + CATCH_UP_ENTRIES < this.referee.commits.highest) return undefined;
    return this.operators.reshape({ ...configuration, voters: [...voters, id], learners });
  }

  /** Meanwhile others left: too many of these voters could lose their data. */
  private isTooMany(voters: readonly NodeId[]): boolean {
    return 2 * voters.filter((voter) => this.losers.has(voter)).length >= voters.length;
  }

  private finish(id: NodeId): undefined {
    this.looks.delete(id);
    this.waiting.delete(id);
    this.rejoined();
    return undefined;
  }
}

/** A node that is not back after so many looks is restarted. */
const RESTART_AFTER = 10;
/** An order without an answer is given up after so many looks. */
const PATIENCE = 5;
/** How far behind a learner may be when it is made a voter, entries. */
const CATCH_UP_ENTRIES = 20;

function standingOf({ node }: SimulatedNode): { readonly configuration: Configuration; readonly committed: boolean } {
  if (node === undefined) throw new Error("a node that leads has been made");
  const { configuration, commitIndex } = node.describe();
  const isJoint = configuration.configuration.votersOld.length > 0;
  return { configuration: configuration.configuration, committed: !isJoint && configuration.id.index <= commitIndex };
}
