import { DEFAULT_OPTIONS, type NodeEvent } from "@hexraft/core";
import type { Envelope, NodeId } from "@hexraft/core/ports";
import { holdWatchedCalls } from "../determinism/apply-watch.js";
import { SeededRandom } from "../time/seeded-random.js";
import { Client, type ClientParts } from "./clients/client.js";
import { ClientSession } from "./clients/client-session.js";
import { History } from "./clients/history.js";
import { dressed, upgradesOf } from "./dressed.js";
import { Injector } from "./faults/injector.js";
import { Operators } from "./faults/operators.js";
import type { Plan } from "./faults/plan.js";
import { foundCluster } from "./found-cluster.js";
import { Gates } from "./invariants/gates.js";
import { Referee } from "./invariants/referee.js";
import { ShadowCrash } from "./invariants/shadow-crash.js";
import { judgeHistory } from "./judge-history.js";
import { LeakWatch } from "./leak-watch.js";
import { Recovery } from "./recovery.js";
import type { RunReport } from "./run-report.js";
import { Stage } from "./stage.js";
import { electionTimeoutOf } from "./stage-parts.js";
import { standing } from "./standing.js";
import { Chronicle } from "./trace/chronicle.js";
import { Counters } from "./trace/counters.js";
import { Trace } from "./trace/trace.js";
import { SimulatedNetwork } from "./world/simulated-network.js";
import { SimulatedNode } from "./world/simulated-node.js";
import { SimulatedTime } from "./world/simulated-time.js";
import type { TapPlaces } from "./world/taps.js";
import type { World } from "./world/world.js";

/** How a run is done. */
export interface RunOptions {
  /** Keep the trace's lines. Default false. */
  readonly trace?: boolean;
}

/** How often a condition is looked at, virtual ms. */
const LOOK_EVERY_MS = 20;
/** Longest time that founding may take, virtual ms. */
const FOUNDING_MS_MAX = 60_000;

/**
 * One run: whole production nodes on virtual time, first under faults, then healed; every invariant is judged after every
 * event. The same plan gives the same run.
 */
export class Simulation {
  private readonly time = new SimulatedTime();
  private readonly trace: Trace;
  private readonly chronicle: Chronicle;
  private readonly counters = new Counters();
  private readonly referee: Referee;
  private readonly network: SimulatedNetwork;
  private readonly nodes: ReadonlyMap<NodeId, SimulatedNode>;
  private readonly operators: Operators;
  private readonly injector: Injector;
  private readonly history = new History();
  private readonly places: TapPlaces;
  private readonly clients: readonly Client[];
  private readonly shadows: ShadowCrash;
  private audience: Stage | undefined;
  private undecided = false;
  private readonly gates: Gates;
  private readonly world: World;

  /** Nothing runs yet; a simulation is run once. */
  constructor(
    simulated: World,
    private readonly plan: Plan,
    options: RunOptions = {},
  ) {
    const { time } = this;
    const world = dressed(simulated, plan);
    this.world = world;
    const seed = String(plan.seed);
    this.trace = new Trace(() => time.now(), options.trace ?? false);
    this.referee = new Referee(plan.nodes, plan.witnesses);
    this.chronicle = new Chronicle(this.trace, this.counters, this.referee.records);
    this.network = new SimulatedNetwork(time, new SeededRandom(`${seed}/network`), {
      encode: plan.encode,
      late: plan.late ?? 0,
      onFate: (envelope, fate) => {
        this.audience?.saw(envelope, fate);
        if (fate === "sent") this.said(envelope);
        this.chronicle.fate(envelope, fate);
      },
    });
    this.places = {
      referee: this.referee,
      origins: new WeakMap(),
      decode: (payload) => payload,
      hasCodec: false,
      watchesDeterminism: world.watchesDeterminism === true,
      formatOf: world.releases?.formatOf,
      onStep: (id, event, effects) => this.chronicle.step(id, event, effects),
    };
    this.nodes = new Map(
      plan.nodes.map((id) => [
        id,
        new SimulatedNode(id, {
          time,
          network: this.network,
          disk: world.disks({ nodeId: id, time, random: new SeededRandom(`${seed}/${id}/disk`) }),
          seed,
          options: plan.witnesses?.includes(id) === true ? { ...plan.options, witness: true } : plan.options,
          places: this.places,
          trace: this.trace,
          checksum: world.checksum,
          modules: world.releases?.modules ?? world.modules,
          ...upgradesOf(world, `${seed}/${id}`, () => this.counters.add("upgrades.restarts")),
          onRefusal: (node) => this.injector.stumbled(node),
          onEvent: (node, event) => this.heard(node, event),
        }),
      ]),
    );
    this.gates = new Gates(this.nodes, this.referee, this.counters);
    this.shadows = new ShadowCrash(
      (invariant, what) => this.referee.accuse(invariant, what),
      world.checksum,
      () => this.counters.add("shadowCrashes"),
    );
    this.operators = new Operators(this.nodes, this.referee, this.counters, plan.witnesses);
    const { network, nodes, operators, referee, trace, counters } = this;
    this.injector = new Injector({ time, network, nodes, operators, referee, trace, counters, plan });
    this.clients = Array.from({ length: plan.clients }, (_, i) => this.client(i));
  }

  /**
   * Runs it to its end, or to the first violation.
   *
   * @param story - what is done between founding and healing, beside the plan's faults and clients. Default: the plan's
   *   time passes.
   */
  async run(story?: (stage: Stage) => Promise<void>): Promise<RunReport> {
    const { time, plan, referee } = this;
    const stage = story === undefined ? undefined : this.stage();
    const judge = (): void => {
      if (referee.violation !== undefined) throw referee.violation;
    };
    time.afterEach = judge;
    const leaks = new LeakWatch();
    const release = this.places.watchesDeterminism ? holdWatchedCalls() : undefined;
    try {
      await foundCluster({
        nodes: [...this.nodes.values()],
        witnesses: plan.witnesses ?? [],
        operators: this.operators,
        mustHold: (what, condition) => this.mustHold(what, condition, FOUNDING_MS_MAX),
      });
      this.trace.note("process", "", `founded at ${time.now().toFixed(1)} ms`);
      this.injector.schedule(plan.faults);
      for (const client of this.clients) client.start();
      if (story === undefined || stage === undefined) await time.run(time.now() + plan.durationMs);
      else await story(stage);
      if (plan.safetyOnly === true) await this.end();
      else await this.recover();
      const { history, world, places, counters } = this;
      this.undecided = (await judgeHistory({ history, world, places, referee, counters })) === "undecided";
      await leaks.judge((invariant, what) => referee.accuse(invariant, what));
    } catch (error) {
      if (error !== referee.violation) throw error;
    } finally {
      leaks.end();
      release?.();
    }
    if (referee.violation !== undefined) this.trace.note("violation", "", referee.violation.message);
    return {
      seed: plan.seed,
      violation: referee.violation,
      virtualMs: time.now(),
      events: this.trace.events,
      traceHash: this.trace.hash,
      counts: this.counters.toJSON(),
      undecided: this.undecided,
      lines: this.trace.lines,
    };
  }

  private stage(): Stage {
    const { time, plan, nodes, network, injector, operators, referee, history, trace, places } = this;
    const random = new SeededRandom(`${plan.seed}/story`);
    const stuck = (what: string, withinMs: number): never => this.stuck(what, withinMs);
    const parts = { time, plan, nodes, network, injector, operators, referee, history, trace, places, random, stuck };
    const stage = new Stage(parts);
    this.audience = stage;
    return stage;
  }

  private client(number: number): Client {
    const { time, nodes, history, places, trace, counters, plan } = this;
    const parts: ClientParts = {
      time,
      nodes,
      history,
      places,
      trace,
      counters,
      electionTimeoutMs: electionTimeoutOf(plan),
      pauseMs: (1_000 * plan.clients) / plan.callsPerSecond,
      // A forwarded command that was laid out and read again cannot be told from an equal one.
      mayForward: !plan.encode,
      readsVary: plan.readsVary === true,
    };
    const { sessions, workload } = this.world;
    const name = `${plan.seed}/client/${number}`;
    const session =
      sessions && new ClientSession(sessions, new SeededRandom(`${name}/session`), parts.electionTimeoutMs);
    return new Client(number, parts, new SeededRandom(name), workload, session);
  }

  /** Where a quorum may have lost its data there is nothing to wait for; whatever still happens must be right. */
  private async end(): Promise<void> {
    const { time, plan } = this;
    for (const client of this.clients) client.stop();
    this.injector.heal();
    await time.run(time.now() + 20 * electionTimeoutOf(plan));
    for (const node of this.nodes.values()) node.crash("in the end");
    this.counters.add("virtualMs", Math.round(time.now()));
  }

  private async recover(): Promise<void> {
    const { time, nodes, operators, referee, plan, world, history, counters } = this;
    for (const client of this.clients) client.stop();
    const longestWriteMs = Math.max(...[...nodes.values()].map(({ disk }) => disk.longestMs));
    const recovery = new Recovery({
      seed: plan.seed,
      world,
      caller: () => this.client(-1),
      nodes,
      operators,
      referee,
      replacements: this.injector.replacements,
      history,
      electionTimeoutMs: electionTimeoutOf(plan),
      catchUpTimeoutMs: plan.options.catchUpTimeoutMs ?? DEFAULT_OPTIONS.catchUpTimeoutMs,
      longestWriteMs,
      mustHold: (what, condition, withinMs) => this.mustHold(what, condition, withinMs),
    });
    this.injector.heal();
    this.gates.isHealed = true;
    await recovery.run();
    counters.add("virtualMs", Math.round(time.now()));
  }

  private async mustHold(what: string, condition: () => boolean, withinMs: number): Promise<void> {
    const { time } = this;
    const endMs = time.now() + withinMs;
    // Asked now and then, not after each event: a description of a node costs as much as ten events.
    while (!condition() && time.now() < endMs) await time.run(Math.min(time.now() + LOOK_EVERY_MS, endMs));
    if (!condition()) this.stuck(what, withinMs);
  }

  private stuck(what: string, withinMs: number): never {
    const { referee } = this;
    referee.accuse("I17", `not within ${Math.round(withinMs)} ms: ${what}; ${standing(this.nodes.values())}`);
    throw referee.violation;
  }

  private said(envelope: Envelope): void {
    this.referee.said(envelope);
    const node = this.nodes.get(envelope.from);
    // What rotted says nothing of what its node promised.
    if (node !== undefined && !node.isRotten) this.shadows.said(envelope, this.referee.record(node.id), node.disk);
  }

  private heard(id: NodeId, event: NodeEvent): void {
    this.chronicle.event(id, event);
    const node = this.nodes.get(id) as SimulatedNode;
    if (event.kind === "format") this.gates.passed(id, event);
    if (event.kind === "configuration" && event.stage === "committed") this.gates.configured(id, event.entry);
    if (event.kind === "halted") {
      if (!node.isRotten && !event.reason.startsWith("storage failed"))
        this.referee.accuse("I18", `${id} halted: ${event.reason}`);
      // L03: nobody had what its disk lost.
      if (event.reason.startsWith("L03")) this.injector.stumbled(id);
      this.injector.halted(id);
    } else if (event.kind === "error") {
      node.isFaulted = true;
      this.injector.stumbled(id);
    }
  }
}
