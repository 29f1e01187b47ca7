import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { asText, listBehaviours, readMentions, summary } from "./behaviours/listing.js";
import { proofs } from "./behaviours/proofs.js";
import { prove, testsOf, type Verdict } from "./behaviours/prove.js";
import { readRules } from "./behaviours/rules.js";
import { readArguments, refuse } from "./lib/arguments.js";
import { root } from "./lib/root.js";
import { run } from "./lib/run.js";
import { inTemporaryDirectory } from "./lib/temporary.js";
import { readReport, type TestResult } from "./lib/test-report.js";
import { PATCHED_RUN_MS, Workbench } from "./lib/workbench.js";

const USAGE = `usage: pnpm behaviours [--json] [--report FILE]
       pnpm behaviours --proved [E08 …]

For every rule of docs/PROTOCOL.md: the sources that mention it, and the passed tests that carry it.

  --json          the sum as one line
  --report FILE   reads a report of vitest instead of running the tests
  --proved        takes each rule, or those named, out of a copy and shows a test turning red`;

const { values, positionals } = readArguments(USAGE, {
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    proved: { type: "boolean", default: false },
    report: { type: "string" },
  },
});
const rules = readRules(readFileSync(join(root, "docs", "PROTOCOL.md"), "utf8"));
const unknown = positionals.find((id) => !rules.some((rule) => rule.id === ruleOf(id)));
if (unknown !== undefined) refuse(USAGE, `docs/PROTOCOL.md has no rule ${unknown}`);
if (positionals.length > 0 && !values.proved) refuse(USAGE, "rules are named with --proved only");
process.exitCode = values.proved ? await proveAll(positionals) : await list(values.report);

async function list(reportFile: string | undefined): Promise<number> {
  const results = reportFile === undefined ? await runTests() : readReport(reportFile, root);
  if (results === undefined) {
    console.error("behaviours: vitest left no report");
    return 1;
  }
  const failed = results.filter(({ status }) => status === "failed");
  for (const { file, title } of failed) console.error(`failed, counts for nothing: ${file}: ${title}`);
  const behaviours = listBehaviours(rules, readMentions(root), results);
  console.log(values.json ? JSON.stringify(summary(behaviours)) : asText(behaviours));
  return 0;
}

function runTests(): Promise<TestResult[] | undefined> {
  return inTemporaryDirectory("behaviours", async (directory) => {
    const reportFile = join(directory, "report.json");
    // Tests that start processes run what is compiled.
    await run("tsc", ["-b"], { quiet: true });
    await run("vitest", ["run", "--reporter=json", `--outputFile=${reportFile}`], {
      quiet: true,
      env: { HEXRAFT_TEST_REPORT: "" },
    });
    return existsSync(reportFile) ? readReport(reportFile, root) : undefined;
  });
}

async function proveAll(only: readonly string[]): Promise<number> {
  const wanted = (id: string): boolean => only.length === 0 || only.includes(id) || only.includes(ruleOf(id));
  const named = new Set(only.map(ruleOf));
  const verdicts = new Map<string, Verdict[]>();
  for (const { id } of rules) if (only.length === 0 || named.has(id)) verdicts.set(id, []);
  const problem = await inTemporaryDirectory("proofs", async (directory) => {
    const workbench = new Workbench(root, join(realpathSync(directory), "copy"));
    const chosen = proofs.filter(({ rule }) => wanted(rule));
    // Red must mean "because of the patch": before any patch everything is green.
    const tests = [...new Set(chosen.flatMap(testsOf))];
    const whole = tests.length === 0 ? [] : await workbench.test(tests, { timeoutMs: PATCHED_RUN_MS * 5 });
    if (typeof whole === "string") return whole;
    const red = whole.filter(({ status }) => status === "failed");
    if (red.length > 0) return `red before any patch: ${red.map(({ file, title }) => `${file}: ${title}`).join("\n")}`;

    for (const proof of chosen) {
      // One patch at a time: they share the copy.
      const verdict = await prove(workbench, proof);
      verdicts.get(ruleOf(proof.rule))?.push(verdict);
      console.log(
        `${proof.rule.padEnd(14)} ${verdict.red === undefined ? `UNPROVED  ${verdict.why}` : `red  ${verdict.red}`}`,
      );
    }
    return undefined;
  });
  if (problem !== undefined) {
    console.error(`behaviours: ${problem}`);
    return 1;
  }
  const proved: string[] = [];
  const unproved: string[] = [];
  for (const [id, found] of verdicts) {
    if (found.length === 0) console.log(`${id.padEnd(14)} UNPROVED  no patch in scripts/behaviours takes it out`);
    (found.length > 0 && found.every(({ red }) => red !== undefined) ? proved : unproved).push(id);
  }
  console.log(JSON.stringify({ proved: proved.length, unproved }));
  return unproved.length === 0 ? 0 : 1;
}

function ruleOf(id: string): string {
  return id.split("/")[0] ?? id;
}
