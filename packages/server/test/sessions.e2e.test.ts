import { HexraftClient } from "@hexraft/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ThreeNodes } from "./support/three-nodes.js";

const KILLS = 5;
const CALLERS = 16;
let cluster: ThreeNodes;
beforeAll(async () => {
  cluster = await new ThreeNodes().start();
});
afterAll(() => cluster.stop());

it("C03 C05 C02 leaders are killed and paused in the middle of increments, and each counts exactly once", async () => {
  const client = new HexraftClient({ endpoints: cluster.endpoints, deadlineMs: 60_000, connectTimeoutMs: 500 });
  const load = { on: true };
  const sums: bigint[] = [];
  const callers = Array.from({ length: CALLERS }, async () => {
    while (load.on) sums.push(await client.increment("n"));
  });
  const passed = (count: number) => expect.poll(() => sums.length, { timeout: 40_000 }).toBeGreaterThan(count);
  for (let kill = 0; kill < KILLS; kill++) {
    await passed(sums.length + 100);
    const leader = await cluster.leader();
    const { process } = cluster.of(leader);
    if (kill % 2 === 0) {
      await process.signal("SIGKILL");
      await passed(sums.length + CALLERS);
      await cluster.startOne(leader);
    } else {
      process.child.kill("SIGSTOP");
      await passed(sums.length + CALLERS);
      process.child.kill("SIGCONT");
    }
    await cluster.leader();
  }
  load.on = false;
  await Promise.all(callers); // nothing was unknown
  expect(sums.map(Number).toSorted((a, b) => a - b)).toEqual(sums.map((_, i) => i + 1));
  const total = await client.get("n");
  expect(Buffer.from(total ?? []).toString()).toBe(String(sums.length));
  client.close();
  await cluster.converged();
});
