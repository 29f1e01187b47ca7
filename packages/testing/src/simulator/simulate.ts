import type { StateMachine as StateMachinePort } from "@hexraft/core/ports";
import { StateMachine } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import type { Model, Workload } from "./clients/model.js";
import type { Sessions } from "./clients/sessions.js";
import type { Plan, Profile } from "./faults/plan.js";
import { profiles } from "./faults/profiles.js";
import { planOf } from "./faults/swarm.js";
import type { RunReport } from "./run-report.js";
import { Simulation } from "./simulation.js";
import { Counters } from "./trace/counters.js";
import { traceAsText } from "./trace/render.js";
import { readTranscript, writeTranscript } from "./trace/transcript.js";
import { memoryKit } from "./world/memory-kit.js";
import type { DiskKit } from "./world/simulated-disk.js";
import type { Releases, World } from "./world/world.js";

/** A service to be tried. */
export interface SimulateOptions<State, Command, Query> {
  /** Makes the state machine of one life of one node: a machine, or a module that binds StateMachine (and Codec). */
  readonly stateMachine: () => StateMachinePort | ContainerModule;
  /** What it should do. */
  readonly model: Model<State, Command, Query>;
  /** What clients do. Without a Codec commands are of type Uint8Array. */
  readonly workload: Workload<Command, Query>;
  /** How many seeds, from `firstSeed` on. */
  readonly seeds: number;
  /** Default 1. */
  readonly firstSeed?: number;
  /** Transcripts of runs that once failed, by file name: they are played first. */
  readonly kept?: Readonly<Record<string, string>>;
  /** What goes wrong, and how much of it. Default: `profiles.user`. */
  readonly profile?: Profile;
  /** How clients use sessions, for a profile that asks for them (`sessionsEvery`). Default: they do not. */
  readonly sessions?: Sessions;
  /** F05: the service's releases, for a profile that asks for upgrades (`upgradesEvery`); their modules take the place of the state machine's. Default: there is one. */
  readonly releases?: Releases;
  /** Further modules for every life of every node. Fresh ones each time. */
  readonly modules?: () => readonly ContainerModule[];
  /** Disks. Default: in memory. */
  readonly disks?: DiskKit;
  /**
   * F07: whether a state machine that asks the clock or chance while it applies, or leaves work running, is told of by the line that does
   * it, and not by replicas that differ later. Default true.
   */
  readonly watchesDeterminism?: boolean;
}

/** What the seeds showed together. */
export interface SimulateReport {
  /** Seeds run, those of kept transcripts not counted; it stops at the first violation. */
  readonly seeds: number;
  /** The first run that broke something, with its trace. */
  readonly failure: RunReport | undefined;
  /** How often each thing happened, over all seeds. */
  readonly coverage: Readonly<Record<string, number>>;
  /** The failed run to be kept as a file, and given again as {@link SimulateOptions.kept}. Empty if nothing broke. */
  readonly transcript: string;
  /** The failure for people: the seed, what broke, and the last that happened before. Empty if nothing broke. */
  readonly text: string;
}

/** Lines of a failing run's trace that {@link SimulateReport.text} shows. */
const LINES_SHOWN = 40;
/** What a transcript of {@link simulate} says was simulated: only its caller knows. */
const WORLD = "simulate";

/**
 * Tries your own state machine under crashes, cuts, loss and slow disks, on real nodes and virtual time, and holds what
 * clients were told against your model. Every seed is a run of its own, and the same seed is the same run.
 *
 * @example
 * ```ts
 * const report = await simulate({ stateMachine: () => new Counter(), model, workload, seeds: 20 });
 * expect(report.text).toBe("");
 * ```
 */
export async function simulate<State, Command, Query>(
  options: SimulateOptions<State, Command, Query>,
): Promise<SimulateReport> {
  const { stateMachine, seeds, firstSeed = 1, profile = profiles.user, modules, disks = memoryKit } = options;
  const { watchesDeterminism = true, releases } = options;
  const further = (): readonly ContainerModule[] => modules?.() ?? [];
  const world: World = {
    model: options.model,
    workload: options.workload,
    disks,
    watchesDeterminism,
    ...(options.sessions !== undefined && { sessions: options.sessions }),
    ...(releases !== undefined && {
      releases: { ...releases, modules: (release) => [...releases.modules(release), ...further()] },
    }),
    modules: () => [moduleOf(stateMachine()), ...further()],
  };
  const coverage = new Counters();
  const attempt = async (plan: Plan): Promise<Failed | undefined> => {
    const report = await new Simulation(world, plan).run();
    coverage.addAll(report.counts);
    if (report.violation === undefined) return undefined;
    const failure = await new Simulation(world, plan, { trace: true }).run();
    const text = `seed ${plan.seed}: ${report.violation.message}\n${traceAsText(failure.lines.slice(-LINES_SHOWN))}`;
    return { failure, text, transcript: writeTranscript(WORLD, plan, failure) };
  };
  for (const [file, text] of Object.entries(options.kept ?? {})) {
    const failed = await attempt(readTranscript(text, file).plan);
    if (failed !== undefined) return { seeds: 0, coverage: coverage.toJSON(), ...failed };
  }
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const failed = await attempt(planOf(seed, profile));
    if (failed !== undefined) return { seeds: seed - firstSeed + 1, coverage: coverage.toJSON(), ...failed };
  }
  return { seeds, failure: undefined, coverage: coverage.toJSON(), transcript: "", text: "" };
}

type Failed = Pick<SimulateReport, "failure" | "transcript" | "text">;

function moduleOf(made: StateMachinePort | ContainerModule): ContainerModule {
  if (made instanceof ContainerModule) return made;
  return new ContainerModule(({ bind }) => {
    bind(StateMachine).toConstantValue(made);
  });
}
