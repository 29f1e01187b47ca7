import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ChaosVerdict } from "../src/index.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "hexraft-test-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Runs it, with its files in a directory of the test. */
function chaos(onLine: (line: string, child: ReturnType<typeof spawn>) => void, ...args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, TMPDIR: directory } });
  const said = { out: "", error: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    said.out += chunk.toString();
    onLine(said.out, child);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    said.error += chunk.toString();
  });
  return new Promise<{ readonly code: number | null; readonly out: string; readonly error: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, ...said }));
  });
}

/** Processes that were told of the test's directory. */
const processesLeft = (): readonly string[] =>
  spawnSync("ps", ["-A", "-ww", "-o", "args"], { encoding: "utf8" })
    .stdout.split("\n")
    .filter((line) => line.includes(directory));

describe("pnpm chaos", () => {
  it("I15 I16 C02 ten seconds of faults lose nothing, are explained, and leave nothing behind", async () => {
    const { code, out, error } = await chaos(() => {}, "--minutes", "0.17", "--json");
    expect({ error, code }).toEqual({ error: "", code: 0 });
    const verdict = JSON.parse(out.trimEnd().split("\n").at(-1) ?? "") as ChaosVerdict;
    expect(verdict).toMatchObject({ lost: 0, linearizable: true, undecided: 0 });
    expect(verdict.faults).toBeGreaterThanOrEqual(3);
    expect(verdict.operations).toBeGreaterThan(1_000);
    expect(Object.keys(verdict)).toHaveLength(6);
    expect([readdirSync(directory), processesLeft()]).toEqual([[], []]);
  });

  it("leaves nothing behind when it is interrupted in the middle", async () => {
    const interrupt = (out: string, child: ReturnType<typeof spawn>) => {
      if (out.includes(" s  ")) child.kill("SIGINT");
    };
    const { code, error } = await chaos(interrupt, "--minutes", "5");
    expect(error).toContain("ended by SIGINT");
    expect(code).toBe(1);
    expect([readdirSync(directory), processesLeft()]).toEqual([[], []]);
  });

  it("refuses a wrong call with its usage and status 2", async () => {
    const { code, error } = await chaos(() => {}, "--minutes", "0");
    expect([code, error.includes("--minutes")]).toEqual([2, true]);
  });
});
