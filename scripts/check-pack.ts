import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readArguments } from "./lib/arguments.js";
import { root } from "./lib/root.js";
import { type RunOptions, run } from "./lib/run.js";
import { inTemporaryDirectory } from "./lib/temporary.js";
import { readExample } from "./pack/example.js";

const USAGE = `usage: pnpm check:pack

What a user would get: packs every public package, lints the tarballs, installs them in an empty npm project, and
type-checks and runs README's example there.`;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
}

/** The example elects, writes, reads and stops; it has to end by itself. */
const EXAMPLE_MS = 60_000;

const readManifest = (...path: readonly string[]): Manifest =>
  JSON.parse(readFileSync(join(...path, "package.json"), "utf8")) as Manifest;

const installed = (name: string): string => readManifest(root, "node_modules", name).version;

async function step(title: string, command: string, args: readonly string[], options: RunOptions): Promise<void> {
  console.log(`\n== ${title}`);
  const { code, timedOut, output } = await run(command, args, options);
  if (code !== 0) console.error(output);
  if (timedOut) throw new Error(`${title}: did not end`);
  if (code !== 0) throw new Error(`${title}: exit status ${code}`);
}

async function pack(directory: string): Promise<Map<string, string>> {
  const tarballs = new Map<string, string>();
  for (const folder of readdirSync(join(root, "packages"))) {
    const cwd = join(root, "packages", folder);
    const manifest = readManifest(cwd);
    if (manifest.private === true) continue;
    const destination = join(directory, folder);
    mkdirSync(destination);
    await step(`pack ${manifest.name}`, "pnpm", ["pack", "--pack-destination", destination], { cwd });
    const [file] = readdirSync(destination);
    if (file === undefined) throw new Error(`${manifest.name}: pnpm pack left no file`);
    tarballs.set(manifest.name, join(destination, file));
  }
  return tarballs;
}

function writeProject(project: string, tarballs: ReadonlyMap<string, string>, example: string): void {
  const files = Object.fromEntries([...tarballs].map(([name, file]) => [name, `file:${file}`]));
  const manifest = {
    name: "empty-project",
    private: true,
    type: "module",
    dependencies: files,
    // The packages name each other by version; none of them is in a registry yet.
    overrides: files,
    devDependencies: { typescript: installed("typescript"), "@types/node": installed("@types/node") },
  };
  const tsconfig = {
    compilerOptions: { target: "ES2022", module: "NodeNext", strict: true, outDir: "out", types: ["node"] },
    files: ["example.ts"],
  };
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest, undefined, 2));
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(tsconfig, undefined, 2));
  writeFileSync(join(project, "example.ts"), example);
}

async function check(directory: string): Promise<void> {
  const readme = join(root, "README.md");
  if (!existsSync(readme)) throw new Error("there is no README.md, so there is no example to check");
  const example = readExample(readFileSync(readme, "utf8"));

  await step("build", "tsc", ["-b"], {});
  const tarballs = await pack(directory);
  for (const [name, file] of tarballs) {
    await step(`publint ${name}`, "publint", [file, "--strict"], {});
    await step(`attw ${name}`, "attw", ["--profile", "esm-only", "--no-emoji", file], { quiet: true });
  }
  const project = join(directory, "project");
  writeProject(project, tarballs, example);
  await step("npm install", "npm", ["install", "--no-audit", "--no-fund"], { cwd: project });
  await step("compile README's example", join(project, "node_modules/.bin/tsc"), ["-p", "."], { cwd: project });
  await step("run README's example", "node", ["out/example.js"], { cwd: project, timeoutMs: EXAMPLE_MS });
}

readArguments(USAGE, {});
try {
  await inTemporaryDirectory("pack", check);
  console.log("\ncheck:pack: all passed");
} catch (error) {
  console.error(`\ncheck:pack: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
