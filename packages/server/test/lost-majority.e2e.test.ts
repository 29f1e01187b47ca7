import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Answered, HexraftClient, valueOf } from "@hexraft/client";
import type { Survivor } from "@hexraft/core";
import { increment } from "@hexraft/statemachine-kv";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ELECTION_TIMEOUT_MS, ThreeNodes, until } from "./support/three-nodes.js";

const HELD_BY_ALL = 50;
const LOST = 20;
const AFTERWARDS = 20;
let cluster: ThreeNodes;
const clients: HexraftClient[] = [];

beforeAll(async () => {
  cluster = await new ThreeNodes().start();
});
afterAll(async () => {
  for (const client of clients) client.close();
  await cluster.stop();
});

function makeClient(): HexraftClient {
  const client = new HexraftClient({ endpoints: cluster.endpoints, deadlineMs: 60_000, connectTimeoutMs: 500 });
  clients.push(client);
  return client;
}

/** So many increments at once, with the sums that they brought, ascending. */
async function sumsOf(client: HexraftClient, key: string, count: number): Promise<number[]> {
  const sums = await Promise.all(Array.from({ length: count }, () => client.increment(key)));
  return sums.map(Number).toSorted((a, b) => a - b);
}

const countedOn = (first: number, count: number): number[] => Array.from({ length: count }, (_, at) => first + at);
const outcomesOf = (all: readonly Answered<unknown>[]): string[] => all.map(({ outcome }) => outcome);
const numberOf = async (client: HexraftClient, key: string): Promise<number> =>
  Number(Buffer.from((await client.get(key)) ?? []).toString());

/** Increments that are under way when nobody answers any more, and how they end. */
function underWay(client: HexraftClient, key: string, count: number) {
  return Promise.all(Array.from({ length: count }, () => client.propose(increment(key))));
}

/** One step of `hexraft admin reset-peers` on this node's directory. */
async function reset(id: string, ...more: readonly string[]): Promise<Survivor> {
  const where = ["--data-directory", join(cluster.workshop.directory, id)];
  const timing = ["--election-timeout", `${ELECTION_TIMEOUT_MS}`];
  const step = cluster.workshop.run("admin", "reset-peers", ...where, ...timing, ...more, "--json");
  expect([await step.exited, step.out]).toEqual([0, expect.stringContaining('"outcome":"ok"')]);
  return (JSON.parse(step.out) as { readonly value: Survivor }).value;
}

it("M11 C02 C03 C04 C05 a client in its session goes on through an unsafe recovery: what the survivor holds counts once, and who cannot know says unknown", async () => {
  const known = makeClient();
  expect(await sumsOf(known, "known", HELD_BY_ALL)).toEqual(countedOn(1, HELD_BY_ALL));
  await cluster.converged();
  const leader = await cluster.leader();
  const [survivor = "", other = ""] = cluster.ids.filter((id) => id !== leader);

  // What comes now is acknowledged, and the survivor never hears of it: a session is opened there, too.
  cluster.of(survivor).process.child.kill("SIGSTOP");
  expect(await sumsOf(known, "known", LOST)).toEqual(countedOn(HELD_BY_ALL + 1, LOST));
  const unknown = makeClient();
  expect(await sumsOf(unknown, "unknown", LOST)).toEqual(countedOn(1, LOST));

  // The majority is lost for good, with commands in its hands.
  cluster.of(leader).process.child.kill("SIGSTOP");
  const doubtful = { known: underWay(known, "known", 3), unknown: underWay(unknown, "unknown", 3) };
  await until("a client that gave its leader up", async () => known.leaderEndpoint === null || undefined);
  for (const id of [leader, other, survivor]) await cluster.of(id).process.signal("SIGKILL");
  for (const id of [leader, other]) rmSync(join(cluster.workshop.directory, id), { recursive: true });

  // Nobody is there: what was never sent was certainly not done.
  const inVain = await known.propose(increment("known"), { deadlineMs: 300 });
  expect(inVain).toMatchObject({ outcome: "refused", error: { code: "DeadlineExceeded" } });

  const { confirmation, recoveryNumber } = await reset(survivor);
  expect(recoveryNumber).toBe(0);
  await reset(survivor, "--confirm", confirmation);
  await cluster.startOne(survivor);

  // The survivor knows the one session: what was under way in it is done now, once, on top of what the survivor held.
  const done = (await doubtful.known).map((answered) => Number(valueOf(answered as Answered<{ value: bigint }>).value));
  expect(done.toSorted((a, b) => a - b)).toEqual(countedOn(HELD_BY_ALL + 1, done.length));
  // Of the other session it knows nothing, nor whether what was under way in it was ever done.
  const ended = await doubtful.unknown;
  expect(outcomesOf(ended)).toEqual(["unknown", "unknown", "unknown"]);
  for (const each of ended) expect(each).toMatchObject({ error: { code: "SessionExpired", outcome: "unknown" } });

  // Both go on, the one in its session, the other in a new one: what is acknowledged from here on is counted once each.
  const before = HELD_BY_ALL + done.length;
  expect(await sumsOf(known, "known", AFTERWARDS)).toEqual(countedOn(before + 1, AFTERWARDS));
  expect(await sumsOf(unknown, "unknown", AFTERWARDS)).toEqual(countedOn(1, AFTERWARDS));
  expect(await numberOf(unknown, "known")).toBe(before + AFTERWARDS);
  expect(await numberOf(known, "unknown")).toBe(AFTERWARDS);
});
