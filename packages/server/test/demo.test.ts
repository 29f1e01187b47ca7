import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MAIN, Workshop } from "./support/serve-process.js";

let workshop: Workshop;
beforeEach(() => {
  workshop = new Workshop();
});
afterEach(() => workshop.cleanUp());

/** What a demo has left behind. */
const leftovers = () => readdirSync(workshop.directory);

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("hexraft demo --once", () => {
  it("R16 C02 kills the leader in mid-load, loses nothing, and leaves nothing behind", {
    timeout: 120_000,
  }, async () => {
    const demo = workshop.run("demo", "--once", "--keys", "2000");
    expect(await demo.exited, `${demo.out}${demo.error}`).toBe(0);
    const last = demo.out.trimEnd().split("\n").at(-1) as string;
    const verdict = JSON.parse(last) as { acknowledged: number; failoverMs: number };
    expect(verdict).toMatchObject({ nodes: 3, lost: 0, converged: true });
    expect(verdict.acknowledged).toBeGreaterThanOrEqual(2_000);
    expect(verdict.failoverMs).toBeGreaterThan(0);
    const [, pid = "0"] = /kill -9 (\d+): n\d, leader of term \d+, with \d+ writes in flight/.exec(demo.out) ?? [];
    expect(Number(pid)).toBeGreaterThan(0);
    expect(alive(Number(pid))).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  it("leaves nothing behind when it is interrupted in the middle", { timeout: 60_000 }, async () => {
    const demo = workshop.run("demo", "--once");
    await expect.poll(() => demo.out, { timeout: 30_000 }).toContain("concurrent clients");
    demo.child.kill("SIGINT");
    expect(await demo.exited).toBe(1);
    expect(demo.error).toContain("ended by SIGINT");
    expect(leftovers()).toEqual([]);
  });

  it("demo-writer alone says that it is not for people", () => {
    const ended = spawnSync(process.execPath, [MAIN, "demo-writer"], { encoding: "utf8" });
    expect([ended.status, ended.stderr]).toEqual([2, "hexraft: demo-writer is started by the demo, not by hand\n"]);
  });
});
