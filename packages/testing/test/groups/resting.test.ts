import { describe, expect, it } from "vitest";
import { Households } from "./households.js";

const T = 150;
const GROUPS = Array.from({ length: 12 }, (_, i) => `g${i}`);

/** Founded, each with an entry, and left alone until all rest. */
async function atRest(groups: readonly string[] = GROUPS): Promise<Households> {
  const world = new Households();
  await world.found(...groups);
  for (const group of groups) await world.apply(group, "x");
  await rested(world, groups.length);
  return world;
}

const rested = (world: Households, count: number, among: readonly string[] = ["n1", "n2", "n3"]): Promise<void> =>
  world.time.runUntil(
    () => among.every((id) => world.process(id).manager.describe().resting === count),
    40 * T,
    "all groups rest",
  );
const said = (world: Households, sinceMs: number): string[] =>
  world.sent.filter(({ atMs }) => atMs >= sinceMs).map(({ envelope }) => envelope.message.type);

describe("groups at rest, whole processes", () => {
  it("G02 a group at rest costs neither timer nor message: processes beat once for all of them", async () => {
    const world = await atRest();
    const beganMs = world.time.now();
    await world.time.advance(20 * T);
    // What is left is the beat's: the last deadlines of calls that were answered long ago have run out, too.
    for (const { manager } of world.processes) expect(manager.describe().deadlines).toBe(1);
    // Five beats in T, from each of three processes to the two others.
    const types = said(world, beganMs);
    expect(new Set(types)).toEqual(new Set(["ProcessBeat"]));
    expect(types.length).toBeLessThanOrEqual(20 * 5 * 6);
    expect(world.processes.map(({ manager }) => manager.describe().resting)).toEqual([12, 12, 12]);
    await world.stop();
  });

  it("G02 O01 operators do not take peers of a group at rest for silent, and see at once who is when one is gone", async () => {
    const world = await atRest();
    await world.time.advance(20 * T);
    const leader = await world.awaitLeader("g0");
    const silentMs = () =>
      leader
        .node("g0")
        .describe()
        .peers.map((peer) => peer.silentMs);
    expect(silentMs()).toEqual([0, 0]);
    world.processes.find((process) => process !== leader)?.crash();
    await world.time.advance(4 * T);
    expect(Math.min(...silentMs())).toBeLessThan(T);
    expect(Math.max(...silentMs())).toBeGreaterThan(2 * T);
    await world.stop();
  });

  it("G02 heartbeats of groups that are awake leave joined, and so do their answers; nothing rests, and nobody stands for election", async () => {
    const world = new Households();
    await world.found(...GROUPS);
    for (const group of GROUPS) await world.apply(group, "x");
    await rested(world, GROUPS.length);
    // With one process away no group rests: all leaders beat.
    const leads = (id: string) => GROUPS.filter((group) => world.leaderOf(group)?.id === id).length;
    const away = ["n1", "n2", "n3"].toSorted((x, y) => leads(x) - leads(y))[0] as string;
    world.process(away).crash();
    const left = world.processes.filter(({ id }) => id !== away);
    const isLed = (group: string) => left.some(({ manager }) => manager.group(group)?.describe().role === "leader");
    await world.time.runUntil(() => GROUPS.every(isLed), 20 * T, "all groups are led");
    await world.time.advance(4 * T);
    const terms = () => GROUPS.map((group) => left[0]?.node(group).describe().term);
    const [before, beganMs] = [terms(), world.time.now()];
    await world.time.advance(10 * T);
    const heard = world.sent.filter(({ atMs, envelope }) => atMs >= beganMs && envelope.to !== away);
    const joined = heard.flatMap(({ envelope: { message } }) =>
      message.type === "JoinedHeartbeats" ? message.heartbeats.map((heartbeat) => heartbeat.message.type) : [],
    );
    expect(new Set(joined)).toEqual(new Set(["Heartbeat", "HeartbeatResponse"]));
    expect(joined.length).toBeGreaterThan(2 * heard.length);
    expect(terms()).toEqual(before);
    await world.stop();
  });

  it("G02 a call wakes its group at once, and no other one", async () => {
    const world = await atRest();
    const leader = await world.awaitLeader("g3");
    const beganMs = world.time.now();
    await world.soon(leader.node("g3").apply("y"));
    expect(world.time.now() - beganMs).toBeLessThan(20);
    expect(world.process("n1").manager.describe().resting).toBe(11);
    await world.time.advance(20);
    for (const process of world.processes) expect(process.lines("g3")).toEqual(["x", "y"]);
    await rested(world, 12);
    await world.stop();
  });

  it("G02 a read of a follower wakes the group, and sees what was acknowledged", async () => {
    const world = await atRest();
    const leader = await world.awaitLeader("g5");
    const follower = world.processes.find((process) => process !== leader);
    expect(await world.soon(follower?.node("g5").read("lines") ?? Promise.resolve([]))).toEqual(["x"]);
    await rested(world, 12);
    await world.stop();
  });

  it("G02 when the process of the leaders dies, every group has another leader and goes on", async () => {
    const world = await atRest();
    const dead = await world.awaitLeader("g0");
    const led = GROUPS.filter((group) => world.leaderOf(group) === dead);
    dead.crash();
    const left = world.processes.filter((process) => process !== dead);
    const leads = (group: string): boolean =>
      left.some(({ manager }) => manager.group(group)?.describe().role === "leader");
    await world.time.runUntil(() => GROUPS.every(leads), 20 * T, "all groups are led");
    for (const group of led) {
      const leader = left.find(({ manager }) => manager.group(group)?.describe().role === "leader");
      await world.soon(leader?.node(group).apply("after") ?? Promise.reject(new Error("nobody leads")));
    }
    // One of three is away: not every member agrees, so that nothing rests.
    await world.time.advance(10 * T);
    for (const { manager } of left) expect(manager.describe().resting).toBe(0);
    await dead.start();
    for (const group of GROUPS) await dead.add(group);
    await rested(world, 12);
    for (const group of led) expect(dead.lines(group)).toEqual(["x", "after"]);
    await world.stop();
  });

  it("G02 a member whose connection hangs wakes after T, is held back by those who hear the leader, and disturbs nobody", async () => {
    const world = await atRest();
    const view = () =>
      GROUPS.map((group) => {
        const { term, leader } = world.process("n1").node(group).describe();
        return { group, term, leader };
      });
    const before = view().filter(({ leader }) => leader !== "n3");
    const ends = ["n1", "n2"].flatMap((id) => [world.network.drop(id, "n3"), world.network.drop("n3", id)]);
    await world.time.advance(6 * T);
    for (const end of ends) end();
    await rested(world, 12);
    expect(before.length).toBeGreaterThan(3);
    expect(view()).toEqual(expect.arrayContaining(before));
    await world.stop();
  });

  it("G02 offers, answers and beats that are lost keep nobody asleep whose leader is awake", async () => {
    const world = await atRest(["a", "b", "c"]);
    const leader = await world.awaitLeader("a");
    const others = world.processes.filter((process) => process !== leader);
    const lossy = others.flatMap(({ id }) => [
      world.network.drop(leader.id, id, ({ message }) => message.type === "AppendEntries"),
      world.network.drop(leader.id, id, ({ message }) => message.type === "Heartbeat"),
    ]);
    // What wakes the followers is lost; the list of the leader's process is not.
    void leader
      .node("a")
      .apply("y")
      .catch(() => {});
    await world.time.advance(T / 2);
    expect(others.map(({ manager }) => manager.describe().resting)).toEqual([2, 2]);
    for (const end of lossy) end();
    await world.time.advance(T);
    for (const other of others) expect(other.lines("a")).toEqual(["x", "y"]);
    await world.stop();
  });

  it("G02 a group whose replica is gone at its leader wakes, and elects another one", async () => {
    const world = await atRest(["a", "b"]);
    const leader = await world.awaitLeader("a");
    await world.soon(leader.node("a").stop());
    await world.time.runUntil(
      () => world.processes.some(({ manager }) => manager.group("a")?.describe().role === "leader"),
      20 * T,
      "a is led by another process",
    );
    await world.apply("a", "after");
    await world.stop();
  });
});
