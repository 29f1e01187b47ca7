import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach } from "vitest";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "hexraft-test-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Runs it, with its files in a directory of the test; `onOutput` hears all that it has printed so far. */
export function chaos(
  args: readonly string[],
  onOutput: (out: string, child: ChildProcess) => void = () => {},
  env: NodeJS.ProcessEnv = {},
) {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, TMPDIR: directory, ...env } });
  const said = { out: "", error: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    said.out += chunk.toString();
    onOutput(said.out, child);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    said.error += chunk.toString();
  });
  return new Promise<{ readonly code: number | null; readonly out: string; readonly error: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, ...said }));
  });
}

/** Interrupts a run once the first fault has struck. */
export const interruptInTheMiddle = (out: string, child: ChildProcess): void => {
  if (out.includes(" s  ")) child.kill("SIGINT");
};

/** Files of the test's directory, and processes that were told of it. */
export const leavings = (): readonly string[] => [
  ...readdirSync(directory),
  ...spawnSync("ps", ["-A", "-ww", "-o", "args"], { encoding: "utf8" })
    .stdout.split("\n")
    .filter((line) => line.includes(directory)),
];
