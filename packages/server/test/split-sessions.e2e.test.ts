import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { HexraftClient, keyRanges, rangeOf } from "@hexraft/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ThreeNodes, until } from "./support/three-nodes.js";

const SPLIT_AT = "g,n,t";
const RANGES = keyRanges(SPLIT_AT.split(","));
/** A counter of each range. */
const COUNTERS = ["ants", "hens", "owls", "yaks"];
const KILLS = 5;
/** Sessions over HTTP, and clients of each range. */
const SESSIONS = 6;
const CLIENTS = 2;

let cluster: ThreeNodes;
beforeAll(async () => {
  cluster = await new ThreeNodes([], { flags: ["--split-at", SPLIT_AT] }).start();
});
afterAll(() => cluster.stop());

/** What callers met, beside answers. */
const met = { refused: 0, unknown: 0, lost: 0 };

/** Somebody over HTTP: one session for all ranges, any node, and the same number again until there is an answer (C05). */
class Caller {
  private session = "";
  private sequence = 0;
  private asked = Math.floor(Math.random() * 3);

  async increment(key: string): Promise<number> {
    if (this.session === "") {
      const body = JSON.stringify({ nonce: randomBytes(16).toString("hex") });
      this.session = (await this.answer<{ readonly session: string }>("/v1/sessions", {}, body)).session;
    }
    const sequence = ++this.sequence;
    const numbered = { "hexraft-session": this.session, "hexraft-sequence": `${sequence}` };
    const headers = { ...numbered, "hexraft-acknowledged": `${sequence - 1}` };
    return (await this.answer<{ readonly value: number }>(`/v1/incr/${key}`, headers)).value;
  }

  private async answer<T>(path: string, headers: Record<string, string>, body?: string): Promise<T> {
    for (;;) {
      const id = cluster.ids[this.asked++ % 3] as string;
      const signal = AbortSignal.timeout(2_000);
      const request = { method: "POST", headers, signal, ...(body !== undefined && { body }) };
      const reply = await fetch(`http://${cluster.of(id).listening.http}${path}`, request)
        .then(async (response) => ({ status: response.status, text: await response.text() }))
        .catch(() => undefined);
      if (reply?.status === 200) return JSON.parse(reply.text) as T;
      if (reply !== undefined && reply.status !== 503 && reply.status !== 504) throw new Error(reply.text);
      met[reply === undefined ? "lost" : reply.status === 503 ? "refused" : "unknown"]++;
      await sleep(20);
    }
  }
}

it("C02 C03 C04 G01 leaders of several ranges are killed in the middle of retries, and each increment counts exactly once", async () => {
  const load = { on: true };
  /** What each counter said, to whomever. */
  const said = new Map<string, number[]>(COUNTERS.map((key) => [key, []]));
  const sums = () => [...said.values()].map((each) => each.length);
  const clients = COUNTERS.flatMap((key) =>
    Array.from({ length: CLIENTS }, () => {
      const { group } = rangeOf(RANGES, key);
      return {
        key,
        client: new HexraftClient({ endpoints: cluster.endpoints, group, deadlineMs: 60_000, connectTimeoutMs: 500 }),
      };
    }),
  );
  const callers = [
    ...clients.map(async ({ key, client }) => {
      while (load.on) said.get(key)?.push(Number(await client.increment(key)));
    }),
    ...Array.from({ length: SESSIONS }, async (_, caller) => {
      const own = new Caller();
      for (let at = caller; load.on; at++) {
        const key = COUNTERS[at % COUNTERS.length] as string;
        said.get(key)?.push(await own.increment(key));
      }
    }),
  ];
  const passed = (more: number) => {
    const before = sums();
    const isFurther = () => sums().every((count, at) => count >= (before[at] as number) + more);
    return until("more of every counter", async () => (isFurther() ? true : undefined), 40_000);
  };
  const killed = new Set<string>();
  for (let kill = 0; kill < KILLS; kill++) {
    await passed(20);
    // Each time another range's leader, and whatever else it leads.
    const { group } = rangeOf(RANGES, COUNTERS[kill % COUNTERS.length] as string);
    const leader = (await cluster.leaders()).get(group) as string;
    killed.add(group);
    await cluster.of(leader).process.signal("SIGKILL");
    await passed(5); // whatever led there is led elsewhere
    await cluster.startOne(leader);
  }
  await cluster.leaders();
  load.on = false;
  await Promise.all(callers); // nothing was unknown to the end, and no session was lost
  expect(killed.size).toBe(RANGES.length);
  for (const { key, client } of clients) {
    const answers = said.get(key) as number[];
    expect([key, answers.toSorted((a, b) => a - b)]).toEqual([key, answers.map((_, at) => at + 1)]);
    expect([key, Buffer.from((await client.get(key)) ?? []).toString()]).toEqual([key, `${answers.length}`]);
    client.close();
  }
  expect(met.lost + met.unknown).toBeGreaterThan(0); // answers were lost, and asked for again
}, 240_000);
