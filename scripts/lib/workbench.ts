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
import { type Outcome, run } from "./run.js";
import { readReport, type TestResult } from "./test-report.js";

/** One change of a source file. */
export interface Patch {
  /** The source file, relative to the root. */
  readonly file: string;
  /** Exact source text that occurs once in the file. */
  readonly find: string;
  /** What takes its place. It must still type-check. */
  readonly replace: string;
}

/** Which tests run, and for how long at most. */
export interface TestRun {
  /** Only titles with that id. */
  readonly carrying?: string;
  /** After this long the run is killed. ms. */
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** No run of tests on a patched copy may take longer; a rule that is gone may well loop. */
export const PATCHED_RUN_MS = 120_000;

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

  /** Runs tests in the copy; words if they could not run to their end. */
  async test(files: readonly string[], { carrying, timeoutMs, env }: TestRun = {}): Promise<TestResult[] | string> {
    const reportFile = join(this.copy, "report.json");
    writeFileSync(reportFile, '{"testResults":[]}');
    const narrowed = carrying === undefined ? [] : ["-t", carrying];
    const { output, timedOut } = await run(
      "vitest",
      ["run", ...files, ...narrowed, "--reporter=json", `--outputFile=${reportFile}`],
      {
        cwd: this.copy,
        quiet: true,
        env: { ...env, HEXRAFT_TEST_REPORT: "" },
        timeoutMs: timeoutMs ?? PATCHED_RUN_MS,
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

  /** Runs a command in the copy. */
  run(command: string, args: readonly string[], timeoutMs: number): Promise<Outcome> {
    return run(command, args, { cwd: this.copy, quiet: true, timeoutMs });
  }

  /** Applies patches, looks what becomes of it, and takes them back; words if they do not apply or do not compile. */
  async patched<T>(patches: readonly Patch[], look: () => Promise<T | string>): Promise<T | string> {
    const before = new Map<string, ReadonlySet<string>>();
    for (const patch of patches) before.set(packageOf(patch), await this.typesBefore(packageOf(patch)));
    const sources = new Map<string, string>();
    try {
      for (const { file, find, replace } of patches) {
        const path = join(this.copy, file);
        if (!existsSync(path)) return `${file} does not exist`;
        const source = readFileSync(path, "utf8");
        const times = source.split(find).length - 1;
        if (times !== 1) return `the patch of ${file} no longer applies: its text occurs ${times} times`;
        if (!sources.has(path)) sources.set(path, source);
        writeFileSync(
          path,
          source.replace(find, () => replace),
        );
      }
      for (const [owner, known] of before) {
        const added = [...(await this.checkTypes(owner))].find((error) => !known.has(error));
        if (added !== undefined) return `the patched file does not compile: ${added}`;
      }
      return await look();
    } finally {
      for (const [path, source] of sources) writeFileSync(path, source);
    }
  }

  private async typesBefore(owner: string): Promise<ReadonlySet<string>> {
    const known = this.typeErrors.get(owner) ?? (await this.checkTypes(owner));
    this.typeErrors.set(owner, known);
    return known;
  }
}

/** The package that a patch changes, as a path. */
export const packageOf = (patch: Pick<Patch, "file">): string => patch.file.split("/").slice(0, 2).join("/");

const lastLine = (output: string): string => output.trimEnd().split("\n").at(-1) ?? "";
