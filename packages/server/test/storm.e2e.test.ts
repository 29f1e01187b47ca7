import { createConnection } from "node:net";
import { HexraftClient } from "@hexraft/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { portOf } from "./support/serve-process.js";
import { STEADY_MS, ThreeNodes } from "./support/three-nodes.js";

const WAVES = 40;
const EACH = 12;
const WRITES = 50;
let cluster: ThreeNodes;
beforeAll(async () => {
  cluster = await new ThreeNodes([], { electionTimeoutMs: STEADY_MS }).start();
});
afterAll(() => cluster.stop());

/** Somebody knocks, in one of four bad ways; resolves when it is over. */
function knock(port: number, manner: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.on("error", () => {});
    socket.once("close", () => resolve());
    socket.once("connect", () => {
      if (manner === 0) socket.resetAndDestroy();
      else if (manner === 1) socket.end("GET / HTTP/1.1\r\n\r\n");
      else if (manner === 2)
        socket.write(new Uint8Array(4_096).fill(0xdd)); // refused by the node
      else setTimeout(() => socket.destroy(), 30);
    });
    socket.resume();
  });
}

it("T07 T04 a storm on all peer ports deposes no leader, loses no write, and fills no log", async () => {
  const leader = await cluster.leader();
  const term = async () => (await cluster.ask<{ term: number }>(leader, "/v1/status")).term;
  const before = await term();
  const ports = cluster.ids.map((id) => portOf(cluster.of(id).listening.peer));
  const client = new HexraftClient({ endpoints: cluster.endpoints, deadlineMs: 30_000 });
  const storm = new AbortController();
  const begunMs = performance.now();
  const written: string[] = [];
  const writing = (async () => {
    while (!storm.signal.aborted) {
      const key = `k${written.length}`;
      expect(await client.put(key, "v")).toBe(true);
      written.push(key);
    }
  })();
  for (let wave = 0; wave < WAVES || written.length < WRITES; wave++)
    await Promise.all(ports.flatMap((port) => Array.from({ length: EACH }, (_, i) => knock(port, i % 4))));
  storm.abort();
  await writing;
  expect([await cluster.leader(), await term()]).toEqual([leader, before]);
  await cluster.converged();
  expect((await client.range({ limit: 10_000 })).entries.length).toBe(written.length);
  client.close();
  // Of ten seconds each ten are told and the number of the others; forty are those of half a minute.
  const warningsMax = Math.max(40, (11 * (performance.now() - begunMs)) / 10_000 + 11);
  for (const id of cluster.ids) {
    const warnings = cluster
      .of(id)
      .process.out.split("\n")
      .filter((line) => line.includes(" warn "));
    expect(warnings.filter((line) => line.includes("refused a connection")).length).toBeLessThan(warningsMax);
  }
});
