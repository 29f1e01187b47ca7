import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join, relative } from "node:path";
import { run } from "../lib/run.js";
import type { Proof } from "./proof.js";
import { isAssertion, readReport, type TestResult } from "./report.js";

/** What became of one proof. */
export interface Verdict {
  readonly proof: Proof;
  /** The test that turned red, or undefined if none did as it should. */
  readonly red?: string;
  /** Why the rule is not proved. */
  readonly why?: string;
}

/** No run of tests on a patched copy may take longer; a rule that is gone may well loop. */
const PATCHED_RUN_MS = 120_000;

/**
 * A copy of the repository in which sources can be changed: packages point at the copies of each other,
 * everything else at what is installed in the original.
 */
export class Workbench {
  private readonly typeErrors = new Map<string, ReadonlySet<string>>();

  constructor(
    private readonly root: string,
    private readonly copy: string,
  ) {
    const left = new Set(["node_modules", "dist", ".git", "site", "coverage"]);
    cpSync(root, copy, { recursive: true, filter: (path) => path === root || !left.has(basename(path)) });
    for (const name of [".", ...readdirSync(join(root, "packages")).map((each) => join("packages", each))]) {
      this.linkModules(name);
    }
  }

  private linkModules(owner: string): void {
    const from = join(this.root, owner, "node_modules");
    if (!existsSync(from)) return;
    const to = join(this.copy, owner, "node_modules");
    mkdirSync(to, { recursive: true });
    const original = realpathSync(this.root);
    for (const name of readdirSync(from)) {
      if (name.startsWith(".")) continue;
      if (name !== "@hexraft") {
        symlinkSync(realpathSync(join(from, name)), join(to, name));
        continue;
      }
      mkdirSync(join(to, name));
      for (const sibling of readdirSync(join(from, name))) {
        const inside = relative(original, realpathSync(join(from, name, sibling)));
        symlinkSync(join(this.copy, inside), join(to, name, sibling));
      }
    }
  }

  /** Runs tests in the copy; `carrying` narrows them to titles with that id. */
  async test(files: readonly string[], carrying?: string): Promise<TestResult[] | string> {
    const reportFile = join(this.copy, "report.json");
    writeFileSync(reportFile, '{"testResults":[]}');
    const narrowed = carrying === undefined ? [] : ["-t", carrying];
    const { output, timedOut } = await run(
      "vitest",
      ["run", ...files, ...narrowed, "--reporter=json", `--outputFile=${reportFile}`],
      {
        cwd: this.copy,
        quiet: true,
        env: { HEXRAFT_TEST_REPORT: "" },
        timeoutMs: carrying === undefined ? PATCHED_RUN_MS * 5 : PATCHED_RUN_MS,
      },
    );
    if (timedOut) return "the tests did not end";
    const results = readReport(reportFile, realpathSync(this.copy));
    return results.length > 0 ? results : `no test ran: ${lastLine(output)}`;
  }

  /** What the compiler says of a package, without line numbers: a patch is blamed only for what it adds. */
  private async checkTypes(owner: string): Promise<ReadonlySet<string>> {
    const { output } = await run("tsc", ["-b", owner, "--pretty", "false"], { cwd: this.copy, quiet: true });
    const errors = output.split("\n").filter((line) => / error TS\d+: /.test(line));
    return new Set(errors.map((line) => line.replace(/\(\d+,\d+\)/, "")));
  }

  /** Takes a rule out, judges what the tests say, and puts the rule back. */
  async prove(proof: Proof): Promise<Verdict> {
    const file = join(this.copy, proof.file);
    if (!existsSync(file)) return { proof, why: `${proof.file} does not exist` };
    const source = readFileSync(file, "utf8");
    const times = source.split(proof.find).length - 1;
    if (times !== 1) return { proof, why: `the patch no longer applies: its text occurs ${times} times` };
    const owner = packageOf(proof);
    const before = this.typeErrors.get(owner) ?? (await this.checkTypes(owner));
    this.typeErrors.set(owner, before);
    const patched = source.replace(proof.find, () => proof.replace);
    writeFileSync(file, patched);
    try {
      const added = [...(await this.checkTypes(owner))].find((error) => !before.has(error));
      if (added !== undefined) return { proof, why: `the patched file does not compile: ${added}` };
      const results = await this.test(testsOf(proof), proof.rule);
      if (typeof results === "string") return { proof, why: results };
      return judge(proof, results);
    } finally {
      writeFileSync(file, source);
    }
  }
}

/** The package a proof changes, as a path. */
const packageOf = (proof: Proof): string => proof.file.split("/").slice(0, 2).join("/");

/** What a proof runs. */
export const testsOf = (proof: Proof): readonly string[] => proof.tests ?? [`${packageOf(proof)}/test/`];

function judge(proof: Proof, results: readonly TestResult[]): Verdict {
  const carrying = results.filter(({ ids, status }) => ids.has(proof.rule) && status !== "other");
  if (carrying.length === 0) return { proof, why: `no test that ran leads with ${proof.rule}` };
  const failed = carrying.filter(({ status }) => status === "failed");
  const red = failed.find(({ failures }) => failures.some(isAssertion));
  if (red !== undefined) return { proof, red: `${red.file}: ${red.title}` };
  if (failed.length === 0) return { proof, why: `all ${carrying.length} tests stay green without the rule` };
  return { proof, why: `a test breaks, but by no assertion: ${failed[0]?.failures[0]?.split("\n")[0]}` };
}

const lastLine = (output: string): string => output.trimEnd().split("\n").at(-1) ?? "";
