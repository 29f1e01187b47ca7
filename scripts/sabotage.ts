import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readArguments, refuse } from "./lib/arguments.js";
import { root } from "./lib/root.js";
import { inTemporaryDirectory } from "./lib/temporary.js";
import { PATCHED_RUN_MS, Workbench } from "./lib/workbench.js";
import { attempt, type Finding } from "./sabotage/attempt.js";
import type { Failure } from "./sabotage/failure.js";
import { failures } from "./sabotage/failures.js";
import { line, page, summary } from "./sabotage/table.js";

const USAGE = `usage: pnpm sabotage [--only F-R05[,F-R07]] [--core] [--json] [--table FILE]

Makes each known failure of a real system in a copy of the sources, and shows who notices.

  --only F-R05   these alone
  --core         those of the protocol alone, and tests alone are asked, not chance
  --json         the sum as one line
  --table FILE   writes the page`;

const { values } = readArguments(USAGE, {
  options: {
    only: { type: "string", multiple: true },
    core: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    table: { type: "string" },
  },
});
const only = new Set(values.only?.flatMap((each) => each.split(",")) ?? []);
for (const id of only) if (!failures.some((each) => each.id === id)) refuse(USAGE, `no failure is called ${id}`);
process.exitCode = await main(failures.filter(isChosen));

function isChosen(failure: Failure): boolean {
  if (only.size > 0) return only.has(failure.id);
  return !values.core || ("tests" in failure && failure.tests.every((file) => file.startsWith("packages/core/")));
}

async function main(chosen: readonly Failure[]): Promise<number> {
  const findings: Finding[] = [];
  const problem = await inTemporaryDirectory("sabotage", async (directory) => {
    const workbench = new Workbench(root, join(realpathSync(directory), "copy"));
    const red = await redBefore(workbench, chosen);
    if (red !== undefined) return red;
    for (const failure of chosen) {
      // One at a time: they share the copy.
      const finding = await attempt(workbench, failure, !values.core);
      findings.push(finding);
      console.log(line(finding));
      // Each row when it is known: a run that is broken off has not been for nothing.
      if (values.table !== undefined) writePage(resolve(root, values.table), findings);
    }
    return undefined;
  });
  if (problem !== undefined) {
    console.error(`sabotage: ${problem}`);
    return 1;
  }
  const counts = summary(findings);
  if (values.json) console.log(JSON.stringify(counts));
  else console.log(`\n${counts.caught} caught, ${counts.missed} missed, ${counts.notApplicable} not applicable`);
  return counts.missed === 0 ? 0 : 1;
}

/** Red must mean "because of the patch": before any patch everything is green. */
async function redBefore(workbench: Workbench, chosen: readonly Failure[]): Promise<string | undefined> {
  const files = new Set(chosen.flatMap((failure) => ("tests" in failure ? failure.tests : [])));
  if (files.size === 0) return undefined;
  const results = await workbench.test([...files], { timeoutMs: PATCHED_RUN_MS * 5 });
  if (typeof results === "string") return results;
  const failed = results.filter(({ status }) => status === "failed");
  if (failed.length === 0) return undefined;
  return `red before any patch: ${failed.map(({ file, title }) => `${file}: ${title}`).join("\n")}`;
}

function writePage(path: string, findings: readonly Finding[]): void {
  writeFileSync(path, page(failures, findings, existsSync(path) ? readFileSync(path, "utf8") : ""));
}
