/** `pnpm bench <name> [--json …]`: runs one program of packages/benchmarks, compiled, with the arguments given. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./lib/root.js";
import { run } from "./lib/run.js";

const benchmarks = join(root, "packages", "benchmarks");
const names = readdirSync(join(benchmarks, "src"))
  .filter((file) => file.endsWith(".ts") && file !== "index.ts")
  .map((file) => file.slice(0, -".ts".length));

const [name, ...args] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  console.error(name === undefined ? "usage: pnpm bench <name> [--json]" : `no benchmark is called ${name}`);
  console.error(`benchmarks: ${names.length === 0 ? "none yet" : names.join(", ")}`);
  process.exitCode = 2;
} else {
  // The compiled program, so that the numbers are those of what users run.
  const { code } = await run("tsc", ["-b", "packages/benchmarks", "packages/server"]);
  process.exitCode =
    code === 0 ? (await run("node", ["--expose-gc", join(benchmarks, "dist", `${name}.js`), ...args])).code : code;
}
