import { HexraftClient } from "@hexraft/client";
import type { Explanation } from "@hexraft/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { STEADY_MS, ThreeNodes } from "./support/three-nodes.js";

const CALLERS = 8;
let cluster: ThreeNodes;
beforeAll(async () => {
  cluster = await new ThreeNodes([], { electionTimeoutMs: STEADY_MS }).start();
});
afterAll(() => cluster.stop());

/** The samples of a scrape, by name and labels, without those that every sample has. */
async function scrape(id: string): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://${cluster.of(id).listening.http}/metrics`);
  expect([response.status, response.headers.get("content-type")]).toEqual([
    200,
    expect.stringContaining("text/plain; version=0.0.4"),
  ]);
  const samples = new Map<string, number>();
  for (const line of (await response.text()).split("\n")) {
    const [, name = "", labels = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    const own = labels.split(",").filter((each) => each !== "" && !/^(?:node|group)=/.test(each));
    if (value !== undefined) samples.set(`${name}${own.length > 0 ? `{${own.join()}}` : ""}`, Number(value));
  }
  return samples;
}

const explained = async (...args: readonly string[]): Promise<readonly [number | string, string]> => {
  const run = cluster.workshop.run("explain", ...args);
  return [await run.end(), run.out + run.error];
};

it("O02 a process under load can be scraped: every batch counts, and the figures fit one another", async () => {
  const client = new HexraftClient({ endpoints: cluster.endpoints, deadlineMs: 30_000 });
  const leader = await cluster.leader();
  const before = await scrape(leader);
  const load = { on: true };
  let done = 0;
  const callers = Array.from({ length: CALLERS }, async () => {
    while (load.on) {
      await client.increment("n");
      done++;
    }
  });
  await expect.poll(() => done, { timeout: 40_000 }).toBeGreaterThan(500);
  const during = await scrape(leader);
  load.on = false;
  await Promise.all(callers);
  client.close();
  // Whoever follows by now, on a machine that was busy for too long, has it all a moment later.
  await cluster.converged();
  const after = await scrape(leader);
  const grew = (name: string) => (after.get(name) as number) - (before.get(name) as number);
  expect(grew("hexraft_applied_index")).toBeGreaterThanOrEqual(done);
  expect(during.get("hexraft_applied_index")).toBeGreaterThan(before.get("hexraft_applied_index") as number);
  expect(grew("hexraft_log_writes_total")).toBeGreaterThan(0);
  expect(grew("hexraft_log_write_seconds_total")).toBeGreaterThan(0);
  expect(grew("hexraft_apply_batches_total")).toBeGreaterThan(0);
  expect(grew("hexraft_apply_batches_total")).toBeLessThanOrEqual(grew("hexraft_applied_index"));
  const now = await cluster.leader();
  const led = await scrape(now);
  expect(led.get('hexraft_role{role="leader"}')).toBe(1);
  const others = cluster.ids.filter((id) => id !== now);
  for (const id of others) {
    expect(led.get(`hexraft_peer_match_index{peer="${id}"}`)).toBeGreaterThan(0);
    expect((await scrape(id)).get('hexraft_role{role="follower"}')).toBe(1);
  }
});

it("O07 hexraft explain says who leads; after two are gone, which peers are silent, and what the one that is left waits for", async () => {
  const from = cluster.ids.map((id) => cluster.of(id).listening.http).join(",");
  const leader = await cluster.leader();
  const [code, healthy] = await explained("--from", from);
  expect([code, healthy]).toEqual([0, expect.stringMatching(/leader: This node leads term \d+\./)]);
  expect(healthy.match(/leader: This node follows/g)).toHaveLength(2);
  const others = cluster.ids.filter((id) => id !== leader);
  await Promise.all(others.map((id) => cluster.of(id).process.signal("SIGKILL")));
  const alone = cluster.of(leader).listening.http;
  const said = () => cluster.ask<Explanation>(leader, "/v1/explain");
  await expect.poll(async () => (await said()).findings.map(({ code: what }) => what)).toContain("asks");
  const [, left] = await explained("--from", alone);
  expect(left).toMatch(
    new RegExp(
      `^${leader} \\(http://${alone}\\)\\n  leader: This node asks for pre-votes .*no answer from ${others.join(", ")}`,
    ),
  );
  const [partly, some] = await explained("--json", "--from", from);
  const all = JSON.parse(some) as readonly { readonly error?: string }[];
  expect([partly, all.filter(({ error }) => error?.includes("cannot be asked")).length]).toEqual([0, 2]);
  const [none, why] = await explained("--from", cluster.of(others[0] as string).listening.http);
  expect([none, why]).toEqual([1, expect.stringContaining("cannot be asked")]);
  expect(await explained("--from", "ftp://x")).toEqual([2, expect.stringContaining("--from is")]);
  const words = await (await fetch(`http://${alone}/v1/explain?format=text`)).text();
  expect(words).toMatch(/^This node asks for pre-votes/);
});
