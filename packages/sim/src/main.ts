import { readFileSync, writeFileSync } from "node:fs";
import { RaftError } from "@hexraft/core";
import {
  faultText,
  type Plan,
  type Profile,
  planOf,
  profiles,
  readTranscript,
  shrink,
  type Transcript,
  traceAsMermaid,
  traceAsNdjson,
  traceAsText,
  writeTranscript,
} from "@hexraft/testing/simulator";
import { Command, InvalidArgumentError, Option } from "commander";
import { campaign } from "./campaign.js";
import { HEAP_GROWTH_MIB_MAX } from "./heap-watch.js";
import { type WorldName, worlds } from "./kv-world.js";
import { runSeed } from "./run-seed.js";

interface Flags {
  readonly seed: number;
  readonly seeds: number;
  readonly jobs: number;
  readonly json: boolean;
  readonly trace: boolean;
  readonly shrink: boolean;
  readonly ndjson?: string;
  readonly diagram?: string;
  readonly save?: string;
  readonly replay?: string;
  readonly profile: keyof typeof profiles;
  readonly world: WorldName;
}

/** Refused calls make errors by the thousand; nobody looks at where they were made. */
const STACK_LINES = 0;
/** Exit status of a call that is wrong; 1 is a seed that failed. */
const WRONG_CALL = 2;
/** Traces of the failing seed show this many lines on the terminal; files get all of it. */
const LINES_SHOWN = 200;

const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("must be a whole number from 0 on");
  return value;
};

// Whose reader has had enough (`| head`) still says with its exit status what it found.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

const program = new Command("sim")
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : WRONG_CALL))
  .description("Whole clusters on virtual time: the same seed is the same run.")
  .option("--seed <n>", "the seed, or the first of many", wholeNumber, 1)
  .option("--seeds <n>", "how many seeds", wholeNumber, 1)
  .option("--jobs <n>", "in how many threads; what is found does not depend on it", wholeNumber, 1)
  .addOption(new Option("--profile <name>", "what goes wrong").choices(Object.keys(profiles)).default("swarm"))
  .addOption(new Option("--world <name>", "what is simulated").choices(Object.keys(worlds)).default("files"))
  .option("--trace", "print what happened, for reading", false)
  .option("--shrink", "make a failing seed's schedule as small as it gets, and show it", false)
  .option("--ndjson <file>", "write what happened, a JSON object per line")
  .option("--diagram <file>", "write the end of it as a Mermaid sequence diagram")
  .option("--save <file>", "write the run down as a transcript: its plan, what broke and the story")
  .option("--replay <file>", "play a transcript instead of a seed")
  .option("--json", "print one JSON object at the end", false);

async function main(): Promise<number> {
  const flags = program.parse().opts<Flags>();
  const profile: Profile = profiles[flags.profile];
  Error.stackTraceLimit = STACK_LINES;
  const { trace, ndjson, diagram, save, replay } = flags;
  const kept = replay === undefined ? undefined : transcriptIn(replay);
  const { world, plan } = kept ?? { world: flags.world, plan: planOf(flags.seed, profile) };
  if (flags.shrink) return shrunk({ ...flags, world }, plan);
  if (kept !== undefined) return replayed({ ...flags, world }, kept);
  if (flags.seeds === 1 && (trace || [ndjson, diagram, save].some(Boolean))) return traced(flags, plan);
  const report = await campaign({
    world: flags.world,
    profile,
    firstSeed: flags.seed,
    seeds: flags.seeds,
    jobs: flags.jobs,
    onViolation: ({ seed, violation, virtualMs }) =>
      console.error(`seed ${seed} at ${virtualMs.toFixed(1)} ms: ${violation}`),
  });
  const { missing, ...told } = report;
  // What only one seed may miss, many may not.
  const lacks = flags.seeds > 1 ? missing : [];
  if (flags.json) console.log(JSON.stringify(told));
  else {
    console.log(
      `${told.seeds} seeds, ${told.violations} violations, ${told.events} events, ${told.virtualSecondsPerSecond}× real time, ${told.virtualSecondsPerCpuSecond}× per core`,
    );
    if (told.heapMib !== undefined) console.log(`  live heap, MiB: ${JSON.stringify(told.heapMib)}`);
    for (const [what, count] of Object.entries(told.coverage)) console.log(`  ${what.padEnd(28)} ${count}`);
  }
  const { heapMib } = told;
  const leaks = (heapMib?.growthPer1000Seeds ?? 0) > HEAP_GROWTH_MIB_MAX;
  if (leaks)
    console.error(
      `what lives grows by more than ${HEAP_GROWTH_MIB_MAX} MiB in 1,000 seeds: ${JSON.stringify(heapMib)}`,
    );
  if (lacks.length > 0) console.error(`never seen, although the profile should show it: ${lacks.join(", ")}`);
  return told.violations === 0 && lacks.length === 0 && !leaks ? 0 : 1;
}

type Kept = Transcript & { readonly world: WorldName };

function transcriptIn(file: string): Kept {
  const kept = readTranscript(readFileSync(file, "utf8"), file);
  const known = Object.keys(worlds).find((name) => name === kept.world);
  if (known !== undefined) return { ...kept, world: known as WorldName };
  const wrong = `${file}: world ${kept.world} is none of ${Object.keys(worlds).join(", ")}`;
  throw new RaftError("BadOption", "refused", wrong, { file });
}

/** Whether it is still so, and whether the code still does step by step what it did. */
async function replayed(flags: Flags, { plan, saw, traceHash }: Kept): Promise<number> {
  const status = await traced(flags, plan);
  if (!flags.json) console.log(`when it was written down: ${saw ?? "it held"}, trace ${traceHash}`);
  return status;
}

async function shrunk(flags: Flags, plan: Plan): Promise<number> {
  const found = await shrink(plan, (smaller) => runSeed(flags.world, smaller));
  if (found === undefined) {
    console.log(`seed ${plan.seed} holds: there is nothing to shrink`);
    return 0;
  }
  const { faults, clients, durationMs } = found.plan;
  console.log(
    `${found.runs} runs: ${plan.faults.length} faults, ${plan.clients} clients, ${plan.durationMs} ms became`,
  );
  console.log(`${faults.length} faults, ${clients} clients, ${Math.round(durationMs)} ms:`);
  for (const fault of faults) console.log(`  at ${fault.atMs.toFixed(1).padStart(9)} ms  ${faultText(fault)}`);
  return traced(flags, found.plan);
}

async function traced({ world, trace, ndjson, diagram, save, json }: Flags, plan: Plan): Promise<number> {
  const { seed } = plan;
  const report = await runSeed(world, plan, true);
  const { lines, violation, traceHash, virtualMs, events } = report;
  if (trace) process.stdout.write(traceAsText(violation === undefined ? lines : lines.slice(-LINES_SHOWN)));
  if (ndjson !== undefined) writeFileSync(ndjson, traceAsNdjson(lines));
  if (diagram !== undefined) writeFileSync(diagram, traceAsMermaid(lines));
  if (save !== undefined) writeFileSync(save, writeTranscript(world, plan, report));
  const told = { seed, violation: violation?.message ?? null, virtualMs: Math.round(virtualMs), events, traceHash };
  console.log(json ? JSON.stringify(told) : `seed ${seed}: ${violation?.message ?? "holds"}, trace ${traceHash}`);
  return violation === undefined ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  // A file that cannot be read or written, or is no transcript: what, where, and no stack.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = WRONG_CALL;
}
