import { HexraftClient } from "@hexraft/client";
import { put } from "@hexraft/statemachine-kv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RawClient, resp } from "./support/raw-client.js";
import { STEADY_MS, ThreeNodes, until } from "./support/three-nodes.js";

let cluster: ThreeNodes;
beforeAll(async () => {
  cluster = await new ThreeNodes([], { electionTimeoutMs: STEADY_MS }).start();
});
afterAll(() => cluster.stop());

const followers = async () => {
  const leader = await cluster.leader();
  return cluster.ids.filter((id) => id !== leader);
};

/** What is held under a key, as a node says it. */
const valueAt = async (id: string, key: string) => (await cluster.http(id, `/v1/kv/${key}`)).text();

describe("three processes", { timeout: 120_000 }, () => {
  it("M13 the first one named founds the cluster, and the others join it", async () => {
    type Said = { identity: { clusterId: string }; configuration: { configuration: { voters: string[] } } };
    const status = () => Promise.all(cluster.ids.map((id) => cluster.ask<Said>(id, "/v1/status")));
    const voters = async () => (await status()).map(({ configuration }) => configuration.configuration.voters);
    await expect.poll(voters).toEqual(cluster.ids.map(() => ["n1", "n2", "n3"]));
    expect(new Set((await status()).map(({ identity }) => identity.clusterId)).size).toBe(1);
  });

  it("R18 C01 a follower takes writes over HTTP and the Redis protocol, and passes them on", async () => {
    for (const id of await followers()) {
      expect((await cluster.http(id, `/v1/kv/from-${id}`, { method: "PUT", body: id })).status).toBe(200);
      expect(await (await cluster.http(id, "/v1/incr/counter", { method: "POST" })).json()).toEqual({
        value: expect.any(Number),
      });
      const raw = await RawClient.to(cluster.respPort(id));
      // What was refused was certainly not done.
      const sum = await until("a sum", async () => {
        const said = await raw.exchange(resp("INCR", `n-${id}`));
        return /^-(?:CLUSTERDOWN|TRYAGAIN) /.test(said) ? undefined : said;
      });
      expect(sum).toBe(":1\r\n");
      expect(await raw.exchange(resp("SET", `n-${id}`, "text") + resp("GET", `n-${id}`))).toBe("+OK\r\n$4\r\ntext\r\n");
      raw.socket.destroy();
    }
  });

  it("Q04 F02 what one node acknowledged every node reads", async () => {
    for (let i = 0; i < 20; i++) {
      await cluster.http("n1", "/v1/kv/fresh", { method: "PUT", body: `${i}` });
      const values = await Promise.all(cluster.ids.map((id) => valueAt(id, "fresh")));
      expect(values).toEqual([`${i}`, `${i}`, `${i}`]);
    }
  });

  it("C05 the client goes to the leader, whichever endpoint it is told first", async () => {
    for (const first of cluster.endpoints) {
      const endpoints = [first, ...cluster.endpoints.filter((each) => each !== first)];
      const client = new HexraftClient({ endpoints, deadlineMs: 20_000 });
      expect(await client.put("k", "v")).toBe(true);
      const leader = await cluster.leader();
      expect(client.leaderEndpoint).toEqual(cluster.endpoints[cluster.ids.indexOf(leader as "n1")]);
      client.close();
    }
  });

  it("R16 C02 C05 kill -9 of the leader in mid-load loses no acknowledged write, and the node comes back equal", async () => {
    const clients = cluster.endpoints.map(() => new HexraftClient({ endpoints: cluster.endpoints }));
    const acknowledged = new Map<string, string>();
    const load = { on: true };
    let next = 0;
    const callers = clients.flatMap((client) =>
      Array.from({ length: 4 }, async () => {
        while (load.on) {
          const key = `load-${next++}`;
          const answered = await client.propose(put(key, `value of ${key}`));
          if (answered.outcome === "ok") acknowledged.set(key, `value of ${key}`);
        }
      }),
    );
    const passed = (count: number) => expect.poll(() => acknowledged.size, { timeout: 40_000 }).toBeGreaterThan(count);
    await passed(300);
    const leader = await cluster.leader();
    expect(await cluster.of(leader).process.signal("SIGKILL")).toBe("SIGKILL");
    const before = acknowledged.size;
    await passed(before + 300);
    expect(await cluster.leader(cluster.ids.filter((id) => id !== leader))).not.toBe(leader);
    await cluster.startOne(leader);
    await passed(acknowledged.size + 100);
    load.on = false;
    await Promise.all(callers);
    for (const client of clients) client.close();
    await cluster.converged();
    for (const id of cluster.ids) {
      const state = new Map<string, string>();
      let start: string | null = "load-";
      while (start !== null) {
        const page: { entries: { key: string; value: string }[]; next: string | null } = await cluster.ask(
          id,
          `/v1/kv?limit=5000&consistency=local&end=load.&start=${encodeURIComponent(start)}`,
        );
        for (const { key, value } of page.entries) state.set(key, value);
        start = page.next;
      }
      const lost = [...acknowledged].filter(([key, value]) => state.get(key) !== value);
      expect(lost, `acknowledged and not on ${id}`).toEqual([]);
    }
  });

  it("C02 R18 a command passed on to a leader that has stalled is unknown to its client, and is done at most once", async () => {
    const leader = await cluster.leader();
    const others = cluster.ids.filter((id) => id !== leader);
    const { http } = cluster.of(others[0] as string).listening;
    const count = () => fetch(`http://${http}/v1/incr/once`, { method: "POST" });
    await expect.poll(async () => (await count()).status).toBe(200);
    cluster.of(leader).process.child.kill("SIGSTOP");
    const answer = await count();
    expect([answer.status, await answer.json()]).toEqual([504, expect.objectContaining({ outcome: "unknown" })]);
    await cluster.leader(others);
    cluster.of(leader).process.child.kill("SIGCONT");
    await cluster.leader();
    await cluster.converged();
    expect(["1", "2"]).toContain(await valueAt(others[0] as string, "once"));
  });

  it("C01 Q07 without a majority nothing is done, everybody is told, and nobody hangs", async () => {
    const leader = await cluster.leader();
    const others = cluster.ids.filter((id) => id !== leader);
    const { http } = cluster.of(leader).listening;
    const ready = async () => (await fetch(`http://${http}/readyz`)).status;
    // Who was elected just now is not ready either, and would take a write.
    await expect.poll(ready).toBe(200);
    await Promise.all(others.map((id) => cluster.of(id).process.signal("SIGKILL")));
    await expect.poll(ready).toBe(503);
    const write = await fetch(`http://${http}/v1/kv/k`, { method: "PUT", body: "v" });
    expect([
      write.status,
      write.headers.get("retry-after"),
      ((await write.json()) as { outcome: string }).outcome,
    ]).toEqual([503, "1", "refused"]);
    const read = await fetch(`http://${http}/v1/kv/k`);
    expect(read.status).toBe(503);
    expect((await fetch(`http://${http}/v1/kv/k?consistency=local`)).status).toBe(200);
    const raw = await RawClient.to(cluster.respPort(leader));
    expect(await raw.exchange(resp("SET", "k", "w"))).toMatch(/^-CLUSTERDOWN nothing was done/);
    raw.socket.destroy();
    await Promise.all(others.map((id) => cluster.startOne(id)));
    await cluster.leader();
    await cluster.converged();
    expect(await valueAt(leader, "k")).toBe("v");
  });

  it("O04 E25 SIGTERM ends a leader gracefully, and the others go on", async () => {
    const leader = await cluster.leader();
    expect(await cluster.of(leader).process.signal("SIGTERM")).toBe(0);
    const rest = cluster.ids.filter((id) => id !== leader);
    await cluster.leader(rest);
    const after = await cluster.http(rest[0] as string, "/v1/kv/after", { method: "PUT", body: "v" });
    expect(after.status).toBe(200);
  });
});
