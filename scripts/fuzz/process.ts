import { openSync, writeSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { SeededRandom } from "../../packages/testing/src/time/seeded-random.js";
import { readCorpus, writeCorpus } from "./corpus.js";
import { Coverage } from "./coverage.js";
import { Fuzzer, type Tally } from "./fuzzer.js";

/** What a fuzzing process is told. */
export interface Order {
  readonly seconds: number;
  readonly seed: string;
  /** Names of targets; empty: all but the planted ones. */
  readonly only: readonly string[];
  /** Whether what was found worth keeping goes into the repository. */
  readonly save: boolean;
  /** Where the input under way is written, so that it is known if it never ends. */
  readonly mailbox: string;
}

/** What it tells. */
export type Report =
  | { readonly type: "alive" }
  | { readonly type: "over"; readonly tally: Tally; readonly branches: number };

/** How often it says that it goes on, ms. */
const ALIVE_MS = 250;

/** Fuzzes until the time is over. */
export async function runFuzzing(order: Order, tell: (report: Report) => void): Promise<void> {
  const coverage = new Coverage().start(); // before the targets are loaded, or their blocks are not counted
  const { plantedTargets, targets } = await import("./targets.js");
  const random = new SeededRandom(order.seed);
  const mailbox = openSync(order.mailbox, "w");
  const pick = {
    below: (below: number) => Math.floor(random.next() * below),
    of: <T>(values: readonly T[]) => values[Math.floor(random.next() * values.length)] as T,
  };
  let toldMs = 0;
  const fuzzer = new Fuzzer(coverage, pick, (target, input) => {
    if (performance.now() - toldMs > ALIVE_MS) {
      toldMs = performance.now();
      tell({ type: "alive" });
    }
    const head = Buffer.from(`${target} ${input.length}\n`);
    writeSync(mailbox, Buffer.concat([head, input]), 0, head.length + input.length, 0);
  });
  const chosen = [...targets, ...plantedTargets].filter(({ name }) =>
    order.only.length === 0 ? targets.some((target) => target.name === name) : order.only.includes(name),
  );
  const endMs = performance.now() + order.seconds * 1_000;
  for (const target of chosen) await fuzzer.add(target, readCorpus(target.corpus ?? target.name));
  while (performance.now() < endMs && fuzzer.tally.findings.length === 0) await fuzzer.round();
  if (order.save) for (const { name, corpus } of chosen) if (corpus === undefined) writeCorpus(name, fuzzer.kept(name));
  coverage.stop();
  tell({ type: "over", tally: fuzzer.tally, branches: coverage.branches });
}
