import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../lib/root.js";
import { run } from "../lib/run.js";

/** Wrong calls end before any work begins. */
const CALL_MS = 60_000;
const call = (script: string, ...args: string[]) => run("tsx", [script, ...args], { quiet: true, timeoutMs: CALL_MS });

const SCRIPTS = [
  "scripts/behaviours.ts",
  "scripts/sabotage.ts",
  "scripts/verify.ts",
  "scripts/check-pack.ts",
  "packages/core/test/explore/main.ts",
];

describe("calling a script", () => {
  it.each(SCRIPTS)("%s tells its usage when asked, and refuses a flag it does not know", async (script) => {
    const help = await call(script, "--help");
    expect([help.code, help.output]).toEqual([0, expect.stringMatching(/^usage: pnpm \w+/)]);
    const wrong = await call(script, "--nonsense");
    expect([wrong.code, wrong.output]).toEqual([2, expect.stringMatching(/^Unknown option '--nonsense'\n\nusage: /)]);
  });

  it("goes on when its reader has had enough", async () => {
    const args = ["packages/core/test/explore/main.ts", "--scope", "elections", "--depth", "3"];
    const child = spawn(resolve(root, "node_modules/.bin/tsx"), args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    let error = "";
    child.stderr.on("data", (chunk: Buffer) => {
      error += chunk.toString();
    });
    expect([...(await once(child, "close")), error]).toEqual([0, null, ""]);
  });

  it.each([
    ["scripts/behaviours.ts", ["--proved", "E99"], "docs/PROTOCOL.md has no rule E99"],
    ["scripts/behaviours.ts", ["E08"], "rules are named with --proved only"],
    ["scripts/sabotage.ts", ["--only", "F-X99"], "no failure is called F-X99"],
    ["scripts/bench.ts", ["nonsense"], "no benchmark is called nonsense"],
    ["scripts/bench.ts", [], "which one?"],
  ])("%s %j is refused with the reason", async (script, args, reason) => {
    const { code, output } = await call(script, ...args);
    expect([code, output]).toEqual([2, expect.stringContaining(`${reason}\n\nusage: `)]);
  });
});
