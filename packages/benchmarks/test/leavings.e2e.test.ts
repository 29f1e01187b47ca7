import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

const soak = fileURLToPath(new URL("../dist/soak.js", import.meta.url));
const groups = fileURLToPath(new URL("../dist/groups.js", import.meta.url));
const durable = fileURLToPath(new URL("../dist/durable.js", import.meta.url));
let directory = "";
let bench: ChildProcess | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "hexraft-leavings-"));
});
afterEach(() => {
  bench?.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

/** Longest wait for what others do, ms. */
const PATIENCE_MS = 50_000;

/** Looks until it finds something; fails after {@link PATIENCE_MS}. */
async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; ) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no ${what} within ${PATIENCE_MS} ms`);
}

/** Processes that hold the data directories of a benchmark's nodes. */
function holders(): number[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((path) => /^LOCK\.\d+$/.test(basename(path)))
    .map((path) => Number(/\d+/.exec(readFileSync(join(directory, path), "utf8"))?.[0]));
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

it.each([
  ["SIGTERM", soak, ["--minutes", "5"]],
  ["SIGINT", soak, ["--minutes", "5"]],
  ["SIGTERM", groups, ["--idle", "3"]],
  ["SIGTERM", durable, ["--ms", "600000"]], // whose processes are started by a process that it started
] as const)(
  "O04 a benchmark that is ended by %s leaves no process and no file behind",
  async (signal, program, args) => {
    bench = spawn(process.execPath, ["--expose-gc", program, ...args], {
      env: { ...process.env, TMPDIR: directory },
      stdio: "ignore",
    });
    const nodes = await until("three nodes", () => {
      const pids = holders();
      return pids.length === 3 ? pids : undefined;
    });
    expect(nodes.every(isThere)).toBe(true);
    const gone = once(bench, "exit");
    bench.kill(signal);
    expect(await gone).toEqual([null, signal]);
    await until("end of all", () => (nodes.some(isThere) || readdirSync(directory).length > 0 ? undefined : true));
  },
);
