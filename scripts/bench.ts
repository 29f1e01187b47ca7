/** `pnpm bench <name> [--json …]`: runs one program of packages/benchmarks, compiled, with the arguments given. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { refuse } from "./lib/arguments.js";
import { root } from "./lib/root.js";
import { run } from "./lib/run.js";

const benchmarks = join(root, "packages", "benchmarks");
const names = readdirSync(join(benchmarks, "src"))
  .filter((file) => file.endsWith(".ts") && file !== "index.ts")
  .map((file) => file.slice(0, -".ts".length));

const USAGE = `usage: pnpm bench <name> [--json] [its own flags: pnpm bench <name> --help]\nbenchmarks: ${names.join(", ")}`;

const [name, ...args] = process.argv.slice(2);
if (name === "--help" || name === "-h") console.log(USAGE);
else if (name === undefined) refuse(USAGE, "which one?");
else if (!names.includes(name)) refuse(USAGE, `no benchmark is called ${name}`);
else {
  // The compiled program, so that the numbers are those of what users run.
  const { code } = await run("tsc", ["-b", "packages/benchmarks", "packages/server"]);
  const program = ["--expose-gc", join(benchmarks, "dist", `${name}.js`), ...args];
  process.exitCode = code === 0 ? (await run("node", program, { passSignals: true })).code : code;
}
