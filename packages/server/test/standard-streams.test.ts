import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { freePorts } from "@hexraft/testing/proxy";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAIN, nodeArguments, Workshop } from "./support/serve-process.js";

let workshop: Workshop;
beforeAll(() => {
  workshop = new Workshop();
});
afterAll(() => workshop.cleanUp());

const STARTS_MS = 60_000;
/** Takes no byte: a disk that is full. */
const FULL = "/dev/full";

/** `hexraft …` whose standard output goes to a descriptor, or to a reader that leaves at once. */
async function run(output: number | "pipe", ...args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", output, "pipe"] });
  child.stdout?.destroy();
  let error = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    error += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, error };
}

describe("a process that nobody listens to", { timeout: STARTS_MS }, () => {
  it("O04 a node whose log nobody reads any more serves on, and stops as it should", async () => {
    const [port = 0] = await freePorts(1);
    const node = workshop.run(...nodeArguments(workshop.directory, "n1", port, `n1=127.0.0.1:${port}`));
    const { http } = await node.ready;
    node.child.stdout?.destroy();
    // Told of at once: it ends nobody.
    node.child.kill("SIGHUP");
    const write = async () => (await fetch(`http://${http}/v1/kv/k`, { method: "PUT", body: "v" })).status;
    await expect.poll(write).toBe(200);
    expect([await node.signal("SIGTERM"), node.error]).toEqual([0, ""]);
  });

  it("O05 a command whose reader had enough says nothing of it", async () => {
    expect(await run("pipe", "admin", "--help")).toEqual({ code: 0, error: "" });
  });

  it("O05 a command that cannot say what it found, because the disk is full, says that, and has failed", async () => {
    const full = openSync(FULL, "w");
    try {
      expect(await run(full, "--help")).toEqual({
        code: 1,
        error: expect.stringMatching(/^hexraft: standard output takes no more \(ENOSPC.*\): from here on .*\n$/),
      });
    } finally {
      closeSync(full);
    }
  });
});
