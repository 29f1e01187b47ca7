import { performance } from "node:perf_hooks";
import { isAssertion, type TestResult } from "../lib/test-report.js";
import type { Workbench } from "../lib/workbench.js";
import type { Failure, Sabotage } from "./failure.js";

/** What became of one failure. */
export interface Finding {
  readonly failure: Failure;
  readonly outcome: "caught" | "missed" | "not applicable";
  /** The test or invariant that noticed; why nobody did; or why there is nothing to notice. */
  readonly by: string;
  /** Random runs until chance noticed, the first one counted; "no" if none of them did, "cut off" if they took too long to say. */
  readonly seeds: number | "no" | "cut off" | undefined;
  readonly seconds: number;
}

/** Random worlds of pure nodes that a sabotage has to live through. */
export const WORLDS = 400;
/** Runs of the simulator that a sabotage has to live through. */
export const SIMULATIONS = 15;
const WORLDS_FILE = "packages/core/test/protocol/worlds.test.ts";
const SIMULATOR = "packages/sim";
const CHANCE_MS = 400_000;

/** Makes the mistake in the copy, and looks who notices. Without `chance` only tests are asked. */
export async function attempt(workbench: Workbench, failure: Failure, chance: boolean): Promise<Finding> {
  const began = performance.now();
  const found = (outcome: Finding["outcome"], by: string, seeds?: Finding["seeds"]): Finding => ({
    failure,
    outcome,
    by,
    seeds,
    seconds: Math.round((performance.now() - began) / 100) / 10,
  });
  if ("notApplicable" in failure) return found("not applicable", failure.notApplicable);
  const noticed = await workbench.patched(failure.patches, async () => {
    const byTest = await askTests(workbench, failure);
    const byChance = chance && failure.chance !== undefined ? await askChance(workbench, failure.chance) : undefined;
    return { byTest, byChance };
  });
  if (typeof noticed === "string") return found("missed", noticed);
  const { byTest, byChance } = noticed;
  const by = byTest.red ?? byChance?.violation;
  return found(by === undefined ? "missed" : "caught", by ?? byTest.why ?? "", byChance?.seeds);
}

type Asked = { readonly red: string; readonly why?: never } | { readonly red?: never; readonly why: string };

async function askTests(workbench: Workbench, { tests }: Sabotage): Promise<Asked> {
  const results = await workbench.test(tests);
  if (typeof results === "string") return { why: results };
  const failed = results.filter(({ status }) => status === "failed");
  const red = failed.find(({ failures }) => failures.some(isAssertion));
  if (red !== undefined) return { red: titled(red) };
  if (failed[0] === undefined) return { why: `all ${results.length} tests stay green` };
  return { why: `a test breaks, but by no assertion: ${titled(failed[0])}: ${failed[0].failures[0]?.split("\n")[0]}` };
}

const titled = ({ file, title }: TestResult): string => `${file}: ${title}`;

/** An invariant or a rule that a random run saw broken. A run that merely breaks is no finding. */
const SEED = /seed (\d+)(?: at [\d.]+ ms)?: ((?:invariant violated: )?[A-Z]\d{1,2}\b[^\n]*)/;

async function askChance(
  workbench: Workbench,
  which: "worlds" | "simulator",
): Promise<{ readonly violation?: string; readonly seeds: number | "no" | "cut off" }> {
  const text = which === "worlds" ? await playWorlds(workbench) : await simulate(workbench);
  if (text === undefined) return { seeds: "cut off" };
  const [, seed, violation] = SEED.exec(text) ?? [];
  if (seed === undefined || violation === undefined) return { seeds: "no" };
  return {
    seeds: Number(seed),
    violation: `${which === "worlds" ? "random world" : "simulator"}: ${violation.slice(0, 120)}`,
  };
}

/** What was printed; nothing if it did not come to its end. */
async function playWorlds(workbench: Workbench): Promise<string | undefined> {
  const env = { HEXRAFT_WORLDS: String(WORLDS), HEXRAFT_SEED: "1" };
  const results = await workbench.test([WORLDS_FILE, "--testTimeout", String(CHANCE_MS)], {
    env,
    timeoutMs: CHANCE_MS,
  });
  return typeof results === "string" ? undefined : results.flatMap(({ failures }) => failures).join("\n");
}

async function simulate(workbench: Workbench): Promise<string | undefined> {
  await workbench.run("tsc", ["-b", SIMULATOR], CHANCE_MS);
  const main = `${SIMULATOR}/dist/main.js`;
  const flags = ["--seed", "1", "--seeds", String(SIMULATIONS)];
  const { output, timedOut } = await workbench.run("node", [main, ...flags], CHANCE_MS);
  return timedOut ? undefined : output;
}
