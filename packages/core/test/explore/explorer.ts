import { type Fingerprint, nameOf, plainFingerprint } from "./fingerprint.js";
import type { Happening, KnownMessage, LocalState, Outcome } from "./local-state.js";
import { LocalStates } from "./local-states.js";
import { NumberSet } from "./number-set.js";
import type { Budget, Scope } from "./scope.js";
import { Trail } from "./trail.js";
import { type Past, Pasts } from "./world-rules.js";

/** When an exploration stops early. */
export interface ExploreBounds {
  /** Events in a row; the scope's own depth if left out. */
  readonly depthMax?: number;
  /** Distinct states. */
  readonly statesMax?: number;
}

/** What an exploration saw. */
export interface Exploration {
  readonly scope: string;
  /** Distinct states, up to the names of the nodes. */
  readonly states: number;
  /** Events taken, those that led to a known state included. */
  readonly transitions: number;
  /** Every state that this many events can reach was seen. */
  readonly depth: number;
  /** Whether nothing is left to happen within the scope, at any depth. */
  readonly isComplete: boolean;
  /** Distinct states of single nodes, and distinct messages. */
  readonly nodeStates: number;
  readonly messages: number;
  /** Steps that were really taken; all others were known. */
  readonly steps: number;
  readonly violation: Violation | undefined;
}

/** A schedule that breaks a rule; breadth-first, so there is no shorter one. */
export interface Violation {
  readonly rule: string;
  readonly depth: number;
  readonly schedule: readonly string[];
}

interface World {
  readonly nodes: readonly LocalState[];
  readonly wire: readonly KnownMessage[];
  readonly past: Past;
  readonly budget: Budget;
  /** Its number on the trail. */
  readonly at: number;
}

/** What takes three election timeouts. */
const WAITS: ReadonlySet<Happening> = new Set(["timeout", "silence", "give-up"]);

/**
 * Explores everything that can happen within a scope, breadth-first, each state once up to the names of the nodes. A
 * message may be delivered in any order, or never, which is what a loss is. Any node's wait may run out at any time: no
 * safety can rest on clocks.
 */
export class Explorer {
  private readonly pasts: Pasts;
  private readonly seen = new NumberSet();
  private readonly trail = new Trail();
  private readonly budgets = new Map<Budget, Fingerprint>();
  private readonly spent = new Map<string, Budget>();
  /** The terms in which somebody led, in whatever world. */
  private readonly led = new Set<number>();
  private frontier: World[] = [];
  private transitions = 0;
  private violation: Violation | undefined;
  private depth = 0;

  constructor(
    private readonly scope: Scope,
    private readonly local = new LocalStates(scope),
  ) {
    this.pasts = new Pasts(scope.nodes, this.local.renamings);
  }

  run({ depthMax = this.scope.depthMax, statesMax = Number.POSITIVE_INFINITY }: ExploreBounds = {}): Exploration {
    const root = this.root();
    this.trail.add(-1, "");
    this.seen.add(this.nameOf(root));
    this.frontier = [root];
    let isCut = false;
    while (this.frontier.length > 0 && this.depth < depthMax && !isCut) {
      const worlds = this.frontier;
      this.frontier = [];
      for (let at = 0; at < worlds.length && !isCut && this.violation === undefined; at++) {
        this.expand(worlds[at] as World);
        isCut = this.seen.size >= statesMax;
      }
      if (this.violation !== undefined) break;
      if (!isCut) this.depth++;
    }
    this.lookForLeader(isCut);
    return {
      scope: this.scope.name,
      states: this.seen.size,
      transitions: this.transitions,
      depth: this.depth,
      isComplete: !isCut && this.violation === undefined && this.frontier.length === 0,
      nodeStates: this.local.states.length,
      messages: this.local.messages.length,
      steps: this.local.stepsTaken,
      violation: this.violation,
    };
  }

  private root(): World {
    const { initial: nodes, underWay: wire } = this.local;
    let past = this.pasts.empty;
    for (const state of nodes) {
      const judged = this.pasts.judge(past, state, nodes, state.node, []);
      if (typeof judged === "string") throw new Error(`${this.scope.name} begins with what must not be: ${judged}`);
      past = judged;
    }
    return { nodes, wire, past, budget: this.scope.budget, at: 0 };
  }

  /** E19: a group in which nobody could ever be elected breaks no rule of safety. */
  private lookForLeader(isCut: boolean): void {
    const { electableIn: term } = this.scope;
    if (term === undefined || isCut || this.violation !== undefined || this.led.has(term)) return;
    const rule = `E19 nobody can be elected in term ${term} within ${this.depth} events`;
    this.violation = { rule, depth: this.depth, schedule: [] };
  }

  private expand(world: World): void {
    const { budget, wire, nodes } = world;
    wire.forEach((message, at) => {
      const outcome = this.local.delivered(nodes[message.to] as LocalState, message);
      this.follow(world, message.to, outcome, message.words, wire.toSpliced(at, 1));
      if (budget.duplicates > 0)
        this.follow(world, message.to, outcome, message.wordsOfCopy, wire, this.without(budget, "duplicates"));
      if (budget.breaks > 0 && "rest" in message.carried) {
        const half = this.local.broken(nodes[message.to] as LocalState, message);
        const left = this.without(budget, "breaks");
        this.follow(world, message.to, half, `${message.words}, and break off`, wire.toSpliced(at, 1), left);
      }
    });
    for (const { node, facts } of nodes) {
      if (facts.hasWrites) this.happen(world, node, "persist");
      if (facts.isLeader) {
        if (budget.heartbeats > 0) this.happen(world, node, "heartbeat", "heartbeats");
        if (budget.timeouts > 0) this.happen(world, node, "silence", "timeouts");
        if (facts.canGiveUp) this.happen(world, node, "give-up");
        for (const other of this.scope.nodes) {
          if (budget.transfers > 0 && other !== this.scope.nodes[node])
            this.happen(world, node, "transfer", "transfers", other);
          if (budget.changes > 0) this.happen(world, node, "change", "changes", other);
        }
        if (budget.cancels > 0) this.happen(world, node, "cancel", "cancels");
        if (budget.proposals > 0) this.happen(world, node, "propose", "proposals", `p${budget.proposals}`);
      } else if (facts.canTimeOut && budget.timeouts > 0 && facts.term < this.scope.termMax)
        this.happen(world, node, "timeout", "timeouts");
      if (budget.crashes > 0) this.happen(world, node, "crash", "crashes");
      if (budget.snapshots > 0 && facts.canSave) this.happen(world, node, "snapshot", "snapshots");
      if (budget.rots > 0 && facts.canRot) this.happen(world, node, "rot", "rots");
      if (budget.reads > 0) this.happen(world, node, "read", "reads", String(budget.reads));
    }
  }

  private happen(world: World, node: number, what: Happening, costs?: keyof Budget, payload?: string): void {
    const outcome = this.local.happens(world.nodes[node] as LocalState, what, payload);
    const budget = costs === undefined ? world.budget : this.without(world.budget, costs);
    const words = `${this.scope.nodes[node]} ${what}${payload === undefined ? "" : ` ${payload}`}`;
    const isWait = WAITS.has(what) && this.scope.clocks === "shared";
    const from = isWait
      ? { ...world, nodes: world.nodes.map((each) => this.local.happens(each, "wait").state) }
      : world;
    const asked = costs === "reads" ? { ...from, past: this.pasts.asked(from.past, Number(payload)) } : from;
    this.follow(asked, node, outcome, words, world.wire, budget);
  }

  private follow(
    world: World,
    node: number,
    { state, sent, answers, broken }: Outcome,
    what: string,
    left: readonly KnownMessage[],
    budget = world.budget,
  ): void {
    if (this.violation !== undefined) return;
    this.transitions++;
    const nodes = world.nodes.with(node, state);
    const past = broken ?? this.pasts.judge(world.past, world.nodes[node] as LocalState, nodes, node, answers);
    if (typeof past === "string") {
      const schedule = [...this.trail.to(world.at), what];
      this.violation = { rule: past, depth: schedule.length, schedule };
      return;
    }
    const news = sent.filter((message) => !left.includes(message));
    const wire = news.length === 0 ? left : [...left, ...new Set(news)];
    if (state.facts.isLeader) this.led.add(state.facts.term);
    const next = { nodes, wire, past, budget, at: this.trail.next };
    if (!this.seen.add(this.nameOf(next))) return;
    this.trail.add(world.at, what);
    this.frontier.push(next);
  }

  private nameOf({ nodes, wire, past, budget }: Omit<World, "at">): number {
    const parts = [...nodes, ...wire, past].map(({ fingerprint }) => fingerprint);
    parts.push(this.fingerprintOf(budget));
    return nameOf(parts, nodes, this.local.renamings);
  }

  private without(budget: Budget, what: keyof Budget): Budget {
    const less = { ...budget, [what]: budget[what] - 1 };
    const key = Object.values(less).join();
    const known = this.spent.get(key);
    if (known !== undefined) return known;
    this.spent.set(key, less);
    return less;
  }

  private fingerprintOf(budget: Budget): Fingerprint {
    const known = this.budgets.get(budget);
    if (known !== undefined) return known;
    const print = plainFingerprint(`budget ${Object.values(budget).join()}`, this.local.renamings.length);
    this.budgets.set(budget, print);
    return print;
  }
}
