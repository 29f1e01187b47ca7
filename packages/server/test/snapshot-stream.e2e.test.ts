import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ClusterAdmin, HexraftClient, valueOf } from "@hexraft/client";
import { FaultyNetwork, freePorts } from "@hexraft/testing/proxy";
import { dialerOf } from "@hexraft/transport-tcp";
import { afterEach, expect, it } from "vitest";
import { heldBy, TELLS_MEMORY } from "./support/held-memory.js";
import { ThreeNodes, until } from "./support/three-nodes.js";

/*
 * A state of 64 MiB, streamed to a node that was away while it was written, by real processes: under load, and at a rate that
 * makes the stream last some four seconds.
 */
const MIB = 1024 * 1024;
const STATE_BYTES = 64 * MIB;
const VALUE_BYTES = 512 * 1024;
const RATE_BYTES = 16 * MIB; // a second
const AWAY = "n3";
const raft = {
  snapshotEveryBytes: 16 * MIB,
  compactionMarginEntries: 0,
  snapshotBytesPerSecondMax: RATE_BYTES,
};

let closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  const steps = closing.toReversed();
  closing = [];
  for (const step of steps) await step();
});

interface Status {
  readonly term: number;
  readonly appliedIndex: number;
  readonly storage: {
    readonly snapshots: { readonly newest: number; readonly receiving: readonly { readonly bytes: number }[] };
  };
}

/**
 * A cluster with that state, whose n3 has seen none of it; what goes to n3 goes through the network.
 *
 * @param electionTimeoutMs - half of what a stream lasts: who is held up by it loses office, and who only shares a busy machine does not.
 */
async function behind(execArgv: readonly string[] = [], electionTimeoutMs = 2_000) {
  const network = new FaultyNetwork({ dialerOf });
  closing.push(() => network.stop());
  const ports = await freePorts(3);
  await network.add(AWAY);
  network.leadsTo(AWAY, ports[2] as number);
  const flags: string[] = [];
  const cluster = new ThreeNodes(ports, {
    flags,
    electionTimeoutMs,
    execArgv,
    reachedAt: (id, port) => (id === AWAY ? network.addressOf(AWAY) : `127.0.0.1:${port}`),
  });
  closing.push(() => cluster.stop());
  const config = join(cluster.workshop.directory, "raft.json");
  writeFileSync(config, JSON.stringify({ raft }));
  flags.push("--config", config);
  await cluster.start();
  await cluster.of(AWAY).process.signal("SIGKILL");
  const others = cluster.ids.filter((id) => id !== AWAY);
  const leader = await cluster.leader(others);
  const client = new HexraftClient({ endpoints: cluster.endpoints, deadlineMs: 60_000 });
  closing.push(async () => client.close());
  const admin = new ClusterAdmin({ endpoints: cluster.endpoints });
  closing.push(async () => admin.close());
  const value = new Uint8Array(VALUE_BYTES).fill(7);
  const write = async (what: string, bytes: number) => {
    for (let at = 0; at < bytes / VALUE_BYTES; at++) await client.put(`${what}${at}`, value);
  };
  await write("big", STATE_BYTES);
  const status = (id: string) => cluster.ask<Status>(id, "/v1/status");
  // Of two that ask at once the second shares the first one's, which may end before the last value.
  const { appliedIndex } = await status(leader);
  await until("a snapshot of all of it", async () =>
    valueOf(await admin.snapshot({ node: leader })) >= appliedIndex ? true : undefined,
  );
  // Nothing yet while its file is being opened: where it goes on is not known before.
  const held = async () => (await status(AWAY)).storage.snapshots.receiving[0]?.bytes || undefined;
  return { cluster, network, leader, client, write, status, held };
}

/** Puts small values until it is told to stop; says how many, and the longest that one took. */
function load(client: HexraftClient) {
  const told = { puts: 0, longestMs: 0, stop: async () => {} };
  const over = new AbortController();
  const running = (async () => {
    while (!over.signal.aborted) {
      const began = performance.now();
      await client.put(`small${told.puts % 1_000}`, "v");
      told.puts++;
      told.longestMs = Math.max(told.longestMs, performance.now() - began);
    }
  })();
  told.stop = () => {
    over.abort();
    return running;
  };
  return told;
}

it("S04 S08 T06 a snapshot is installed under load: no election, nobody waits long, and the leader's memory stays flat", async () => {
  const { cluster, leader, client, status, held } = await behind(TELLS_MEMORY);
  const { term } = await status(leader);
  const puts = load(client);
  const before = await heldBy(cluster.of(leader).process);
  await cluster.startOne(AWAY);
  const seen: { readonly from: number; readonly to: number; readonly bytes: number; readonly leaderMib: number }[] = [];
  await until(
    "the state on the node that was away",
    async () => {
      const from = performance.now();
      const bytes = await held();
      const to = performance.now();
      // A collection each time that somebody looks would be most of what the leader does.
      if (bytes !== undefined && bytes - (seen.at(-1)?.bytes ?? 0) > STATE_BYTES / 16)
        seen.push({ from, to, bytes, leaderMib: await heldBy(cluster.of(leader).process) });
      return seen.length > 1 && (await status(AWAY)).appliedIndex >= STATE_BYTES / VALUE_BYTES ? true : undefined;
    },
    PATIENCE_MS,
  );
  await puts.stop();
  expect((await status(leader)).term).toBe(term);
  expect(await cluster.leader()).toBe(leader);
  await cluster.converged();
  const after = await heldBy(cluster.of(leader).process);
  const [first, last] = [seen.at(0) as (typeof seen)[0], seen.at(-1) as (typeof seen)[0]];
  // By then so much had passed through it.
  expect(last.bytes).toBeGreaterThan(STATE_BYTES / 2);
  const meanwhile = seen.map(({ leaderMib }) => leaderMib);
  expect(Math.max(...meanwhile) - Math.min(before, after, ...meanwhile)).toBeLessThan(STATE_BYTES / MIB / 4);
  // What was under way when it was looked at first came at no rate.
  expect(last.bytes - first.bytes).toBeLessThan((RATE_BYTES * (last.to - first.from)) / 1_000 + 8 * MIB);
  expect(puts.puts).toBeGreaterThan(20);
  expect(puts.longestMs).toBeLessThan(5_000); // ms; a stream that held the leader up would have cost its office
});

/** So slow that nobody who looks misses the stream, however seldom a busy machine lets him. */
const SLOW = { bytesPerSecond: 5 * MIB };
/** Where a stream goes on is seen though it goes on: in ten seconds it brings less than what it must go on behind. */
const CRAWLING = { bytesPerSecond: MIB / 4 };
/** Of what was written, so much may not be durable: what the sync under way is for, and what comes beside it. */
const IN_DOUBT_BYTES = 8 * MIB;
/** Longest wait for what takes some seconds, ms. */
const PATIENCE_MS = 60_000;

it("S04 S10 a stream that is cut in the middle goes on where it was, though the leader has saved anew, and so it does when the receiver's process is killed", async () => {
  const { cluster, network, leader, write, status, held } = await behind();
  const { term, storage } = await status(leader);
  const beyond = async (bytes: number) => {
    const now = (await held()) ?? 0;
    return now > bytes ? now : undefined;
  };
  network.set(leader, AWAY, SLOW);
  await cluster.startOne(AWAY);
  const first = await until("a quarter of the stream", () => beyond(STATE_BYTES / 4), PATIENCE_MS);
  network.set(leader, AWAY, { passage: "refused" });
  await until("the cut", async () => ((await held()) === undefined ? true : undefined));
  await write("more", raft.snapshotEveryBytes);
  const isSavedAnew = async () => (await status(leader)).storage.snapshots.newest > storage.snapshots.newest;
  await until("a newer snapshot", async () => (await isSavedAnew()) || undefined);
  network.set(leader, AWAY, CRAWLING);
  const again = await until("the stream again", held);
  expect(again).toBeGreaterThanOrEqual(first);
  network.set(leader, AWAY, SLOW);
  await until("more of it", () => beyond(again + 2 * IN_DOUBT_BYTES), PATIENCE_MS);
  await cluster.of(AWAY).process.signal("SIGKILL");
  network.set(leader, AWAY, CRAWLING);
  await cluster.startOne(AWAY);
  // All but what was in doubt and a piece; behind the cut alone it would have to come again from there.
  expect(await until("the stream a third time", held)).toBeGreaterThan(again + IN_DOUBT_BYTES - MIB);
  network.heal();
  const isThere = async () =>
    (await status(AWAY)).appliedIndex >= (STATE_BYTES + raft.snapshotEveryBytes) / VALUE_BYTES || undefined;
  await until("the state on the node that was away", isThere, PATIENCE_MS);
  await cluster.converged();
  expect((await status(leader)).term).toBe(term);
}, 240_000);
