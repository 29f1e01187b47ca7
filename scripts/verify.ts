import { createHash } from "node:crypto";
import { readArguments } from "./lib/arguments.js";
import { root } from "./lib/root.js";
import { run } from "./lib/run.js";
import { inTemporaryDirectory } from "./lib/temporary.js";

const USAGE = `usage: pnpm verify [--no-test]

Everything a change has to pass, stage by stage, the quick ones first. Nothing tracked is written: the last stage
compares the work tree with what it was at the beginning. --no-test leaves the tests out.`;

interface Stage {
  readonly name: string;
  /** Resolves to whether the stage passed; it prints its own findings. */
  readonly run: () => Promise<boolean>;
}

const command = (name: string, ...line: readonly [string, ...string[]]): Stage => ({
  name,
  run: async () => (await run(line[0], line.slice(1))).code === 0,
});

/** What git sees of the work tree; `undefined` outside a clone. */
interface WorkTree {
  readonly status: string;
  readonly contents: string;
}

const git = (...args: string[]) => run("git", args, { quiet: true }).catch(() => ({ code: 1, output: "" }));

async function workTree(): Promise<WorkTree | undefined> {
  const [status, diff] = [await git("status", "--porcelain"), await git("diff", "HEAD")];
  if (status.code !== 0 || diff.code !== 0) return undefined;
  return { status: status.output, contents: createHash("sha256").update(diff.output).digest("hex") };
}

const { values } = readArguments(USAGE, { options: { "no-test": { type: "boolean", default: false } } });
const before = await workTree();

const stages: Stage[] = [
  command("types", "tsc", "-b"),
  command("format", "biome", "check", "."),
  command("lint", "oxlint", "--type-aware"),
  command("layers", "tsx", "scripts/check-layers.ts"),
  command("unused", "knip"),
  ...(values["no-test"] ? [] : [command("tests", "vitest", "run")]),
  {
    name: "apidoc",
    run: () =>
      inTemporaryDirectory("apidoc", async (out) => {
        const { code } = await run("docs/node_modules/.bin/typedoc", ["--options", "typedoc.json", "--out", out]);
        return code === 0;
      }),
  },
  {
    name: "work tree unchanged",
    run: async () => {
      if (before === undefined) {
        console.log("not a git clone: nothing to compare");
        return true;
      }
      const after = await workTree();
      if (after?.status === before.status && after.contents === before.contents) return true;
      console.error(`git status before:\n${before.status}\ngit status after:\n${after?.status}`);
      return false;
    },
  },
];

const lines: string[] = [];
let failed: string | undefined;
for (const stage of stages) {
  if (failed !== undefined) {
    lines.push(`  not run  ${stage.name}`);
    continue;
  }
  console.log(`\n== ${stage.name}`);
  const start = performance.now();
  const passed = await stage.run();
  const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(6);
  lines.push(`  ${passed ? "ok    " : "FAILED"} ${seconds} s  ${stage.name}`);
  if (!passed) failed = stage.name;
}

console.log(`\nverify in ${root}\n${lines.join("\n")}`);
console.log(failed === undefined ? "verify: all passed" : `verify: failed at ${failed}`);
process.exitCode = failed === undefined ? 0 : 1;
