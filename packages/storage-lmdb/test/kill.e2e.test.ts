import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { openLog, temporaryDirectory } from "./support/host.js";

const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const program = fileURLToPath(new URL("./support/life-process.ts", import.meta.url));
const nodeArguments = ["--conditions=@hexraft/source", "--import", tsx];
/** The adapters' decorators are TypeScript's own. */
const env = {
  ...process.env,
  TSX_TSCONFIG_PATH: fileURLToPath(new URL("../../../tsconfig.base.json", import.meta.url)),
};

interface Said {
  readonly durable?: number;
  readonly failed?: string;
}

/** A life of the log in a process of its own, and what it said was durable. */
class Life {
  durable = 0;
  readonly failures: string[] = [];
  readonly ended: Promise<unknown>;

  constructor(private readonly child: ChildProcess) {
    this.ended = once(child, "close"); // all that it said has been heard by then
    child.on("message", ({ durable, failed }: Said) => {
      this.durable = Math.max(this.durable, durable ?? 0);
      if (failed !== undefined) this.failures.push(failed);
    });
    onTestFinished(() => this.kill());
  }

  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGKILL");
    await this.ended;
  }
}

/** What the log holds now: every entry to its end must be readable, and the ballot the one that came with the last. */
async function holdsOf(directory: string): Promise<number> {
  const { log, opened } = await openLog(directory);
  let next = 1;
  while (next <= opened.last.index) {
    const blocks = await log.read(next, 1 << 20);
    for (const { first, last, term } of blocks) {
      expect([first, term]).toEqual([next, next]);
      next = last + 1;
    }
  }
  expect(opened.hardState.term).toBe(opened.last.index);
  await log.close();
  return opened.last.index;
}

describe("LmdbLogStorage in a process that dies", () => {
  it("L01 L11 kill -9 at any moment loses nothing that was said to be durable, and the directory is free again", async () => {
    const directory = temporaryDirectory();
    let held = 0;
    for (const writes of [1, 7, 40, 150, 400]) {
      const life = new Life(fork(program, [directory], { execArgv: nodeArguments, env }));
      await expect.poll(() => life.durable, { timeout: 40_000, interval: 1 }).toBeGreaterThan(held + writes);
      await life.kill();
      const now = await holdsOf(directory);
      expect(now).toBeGreaterThanOrEqual(life.durable);
      held = now;
    }
  });

  it("L04 R16 a file that may not grow fails the write, for good, and what was durable is there", async () => {
    const directory = temporaryDirectory();
    const limited = `ulimit -f 600; exec "$0" "$@"`;
    const child = spawn("/bin/bash", ["-c", limited, process.execPath, ...nodeArguments, program, directory], {
      env,
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const life = new Life(child);
    await life.ended;
    expect(child.exitCode).toBe(0);
    expect(life.failures).toEqual(["StorageFailed", "StorageFailed", "StorageFailed", "StorageFailed"]);
    expect(life.durable).toBeGreaterThan(20);
    expect(await holdsOf(directory)).toBe(life.durable);
  });
});
