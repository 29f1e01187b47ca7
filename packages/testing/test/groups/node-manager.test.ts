import { RaftError } from "@hexraft/core";
import { describe, expect, it } from "vitest";
import { FAULT_PREFIX, SeededRandom } from "../../src/index.js";
import { Households } from "./households.js";

const error = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "it resolved",
    (thrown: unknown) => (thrown instanceof RaftError ? `${thrown.code}: ${thrown.message}` : String(thrown)),
  );

describe("many groups in one process", () => {
  it("G01 groups of one process have logs, leaders and state machines of their own", async () => {
    const world = new Households();
    await world.found("a", "b");
    await world.apply("a", "to a");
    await world.apply("b", "to b");
    await world.time.advance(100);
    for (const process of world.processes) {
      expect(process.lines("a")).toEqual(["to a"]);
      expect(process.lines("b")).toEqual(["to b"]);
    }
    const [n1] = world.processes;
    expect(Object.keys(n1?.manager.describe().groups ?? {})).toEqual(["a", "b"]);
    await world.stop();
  });

  it("G01 M13 all groups of a process belong to one cluster, also those that were founded at once", async () => {
    const world = new Households();
    await world.found();
    for (const process of world.processes) for (const group of ["a", "b", "c"]) await process.add(group);
    const n1 = world.process("n1");
    await world.soon(Promise.all(["a", "b", "c"].map((group) => n1.node(group).bootstrap(world.plan()))));
    await world.apply("a", "x");
    await world.apply("c", "y");
    const { clusterId } = n1.manager.describe();
    expect(clusterId).toMatch(/^[0-9a-f]{32}$/);
    for (const { manager } of world.processes) {
      expect(manager.describe().clusterId).toBe(clusterId);
      for (const group of ["a", "b", "c"]) expect(manager.group(group)?.describe().identity.clusterId).toBe(clusterId);
    }
    await world.stop();
  });

  it("G01 M11 a group that two processes found at once is founded once: the other founding is refused by all it needs", async () => {
    const world = new Households();
    await world.found("first");
    await world.apply("first", "all processes are claimed");
    await world.time.advance(300);
    for (const process of world.processes) await process.add("g");
    const plans = [world.plan(["n1", "n3"]), world.plan(["n2", "n3"])] as const;
    const [n1, n2] = [world.process("n1"), world.process("n2")];
    await world.soon(Promise.all([n1.node("g").bootstrap(plans[0]), n2.node("g").bootstrap(plans[1])]));
    await world.awaitLeader("g");
    await world.time.advance(5_000);
    const leaders = world.processes.filter(({ manager }) => manager.group("g")?.describe().role === "leader");
    expect(leaders).toHaveLength(1);
    const voters = leaders[0]?.node("g").describe().configuration.configuration.voters ?? [];
    const numberOf = (id: string) =>
      world.sent.findLast(({ envelope }) => envelope.group === "g" && envelope.from === id);
    const member = voters.find((id) => id !== "n3") as string;
    expect(numberOf("n3")?.envelope.recoveryNumber).toBe(numberOf(member)?.envelope.recoveryNumber);
    expect(numberOf("n1")?.envelope.recoveryNumber).not.toBe(numberOf("n2")?.envelope.recoveryNumber);
    await world.stop();
  });

  it.each(Array.from({ length: 12 }, (_, seed) => seed))(
    "G01 M11 M13 all processes found the same groups at once, the first ones included: each is founded once, and nobody is refused (seed %i)",
    async (seed) => {
      const world = new Households(`founding ${seed}`);
      await world.found();
      const groups = ["a", "b", "c"];
      for (const process of world.processes) for (const group of groups) await process.add(group);
      const random = new SeededRandom(seed);
      // Whoever is late finds that others have asked it, voted, or sent it their log meanwhile; each names them in an order of its own.
      const calls = world.processes.flatMap((process, at) =>
        groups.map(async (group) => {
          await world.after(seed < 2 ? 0 : random.integer(0, 60));
          const { voters } = world.plan();
          const plan = { voters: voters.map((_, i) => voters[(i + at) % voters.length] as (typeof voters)[number]) };
          return error(process.node(group).bootstrap(plan));
        }),
      );
      expect(await world.soon(Promise.all(calls))).toEqual(calls.map(() => "it resolved"));
      for (const group of groups) await world.apply(group, `in ${group}`);
      await world.time.advance(300);
      for (const group of groups) {
        const said = world.processes.map((process) => process.node(group).describe());
        expect(new Set(said.map(({ identity: { clusterId } }) => clusterId)).size).toBe(1);
        expect(new Set(said.map(({ configuration }) => JSON.stringify(configuration))).size).toBe(1);
        for (const process of world.processes) expect(process.lines(group)).toEqual([`in ${group}`]);
      }
      // Asked once more it is there already, and nothing is written.
      const before = world.processes.map((process) => process.node("a").describe().last);
      for (const process of world.processes)
        expect(await error(world.soon(process.node("a").bootstrap(world.plan())))).toBe("it resolved");
      expect(world.processes.map((process) => process.node("a").describe().last)).toEqual(before);
      await world.stop();
    },
  );

  it("G01 M13 another founding than the one that was is refused, also to a process that holds nothing of it any more", async () => {
    const world = new Households();
    await world.found("a", "b");
    await world.apply("a", "x");
    await world.apply("b", "y");
    await world.time.advance(300);
    const n1 = world.process("n1");
    const found = (group: string, plan = world.plan()) => error(world.soon(n1.node(group).bootstrap(plan)));
    expect(await found("a", world.plan(["n1", "n2"]))).toMatch(/^BootstrapRefused: .*this node has a log/);
    const others = world.plan(["n2", "n3"]).voters;
    const elsewhere = { voters: [{ id: "n1", address: "memory:elsewhere" }, ...others] };
    expect(await found("a", elsewhere)).toMatch(/^BootstrapRefused: .*this node has a log/);
    await world.soon(n1.manager.removeGroup("a"));
    await n1.add("a");
    expect(await found("a")).toMatch(/^BootstrapRefused: .*n2 holds a log of group a already, of another founding/);
    expect(n1.node("a").describe()).toMatchObject({ term: 0, last: { index: 0 } });
    expect(await found("b")).toBe("it resolved");
    await world.stop();
  });

  it("G01 R13 of thousands of groups none keeps 64 MiB of its log in memory: 4, unless it is said otherwise", async () => {
    const world = new Households();
    await world.found("a", "b");
    const leader = await world.awaitLeader("a");
    const follower = world.processes.find((process) => process !== leader);
    // What it lacks its leader keeps for it.
    follower?.crash();
    for (let i = 0; i < 6; i++) await world.apply("a", "x".repeat(1024 * 1024 - 64));
    const { cachedBytes } = leader.node("a").describe();
    expect(cachedBytes).toBeGreaterThan(3 * 2 ** 20);
    expect(cachedBytes).toBeLessThanOrEqual(4 * 2 ** 20);
    await world.stop();
  });

  it("G01 a group is added, and another one removed, while others serve", async () => {
    const world = new Households();
    await world.found("a", "b");
    await world.apply("a", "before");
    await world.foundGroup("c", "n2");
    await world.apply("c", "new");
    for (const { manager } of world.processes) await world.soon(manager.removeGroup("b"));
    await world.apply("a", "after");
    await world.time.advance(100);
    for (const process of world.processes) {
      expect(process.manager.group("b")).toBeUndefined();
      expect(process.lines("a")).toEqual(["before", "after"]);
      expect(process.lines("c")).toEqual(["new"]);
      expect(process.disk.disks.has("b")).toBe(false);
    }
    await world.stop();
  });

  it("G01 M13 what is added under the name of a removed group is another replica", async () => {
    const world = new Households();
    await world.found("a");
    const n3 = world.process("n3");
    const before = n3.node("a").describe().identity.incarnation;
    await world.soon(n3.manager.removeGroup("a"));
    const back = await n3.add("a");
    expect(back.describe().identity.incarnation).not.toBe(before);
    expect(back.describe().last.index).toBe(0);
    await world.stop();
  });

  it("G01 T11 all groups share the start number, and come back with the process", async () => {
    const world = new Households();
    await world.found("a", "b");
    await world.apply("a", "x");
    await world.apply("b", "y");
    await world.time.advance(100);
    const n2 = world.process("n2");
    n2.crash();
    await world.apply("a", "meanwhile");
    expect(await n2.start()).toEqual(["a", "b"]);
    for (const group of ["a", "b"]) expect((await n2.add(group)).describe().identity.startNumber).toBe(2);
    await world.apply("b", "again");
    await world.time.advance(200);
    expect(n2.lines("a")).toEqual(["x", "meanwhile"]);
    expect(n2.lines("b")).toEqual(["y", "again"]);
    await world.stop();
  });

  it("G01 T11 a group that was stopped comes back with the next start alone: its requests would bear the same numbers", async () => {
    const world = new Households();
    await world.found("a");
    const n1 = world.process("n1");
    expect(await error(n1.add("a"))).toMatch(/^BadOption: .*names a group that runs here/);
    await world.soon(n1.node("a").stop());
    expect(await error(n1.add("a"))).toMatch(/^BadOption: .*comes back with the next start of the process/);
    await world.stop();
  });

  it("G03 a state machine's fault stays in its group", async () => {
    const world = new Households();
    await world.found("a", "b");
    await world.apply("b", "before");
    const leader = await world.awaitLeader("a");
    expect(await error(world.soon(leader.node("a").apply(`${FAULT_PREFIX}boom`)))).toMatch(/^StateMachineFaulted: /);
    await world.apply("b", "after");
    await world.time.advance(100);
    for (const process of world.processes) expect(process.lines("b")).toEqual(["before", "after"]);
    await world.stop();
  });

  it("G03 a failed fsync stops every group of that log, also one that had nothing to write", async () => {
    const world = new Households();
    await world.found("a", "b", "idle");
    for (const group of ["a", "b", "idle"]) await world.apply(group, "x");
    await world.time.advance(300);
    const n1 = world.process("n1");
    n1.disk.of("a").failNextWrite(new Error("EIO"));
    const leader = await world.awaitLeader("a");
    await error(world.soon(leader.node("a").apply("y")));
    await world.time.advance(50);
    const { groups } = n1.manager.describe();
    expect(Object.values(groups).map(({ halted }) => halted)).toEqual(Array(3).fill(expect.stringContaining("EIO")));
    await world.time.advance(1_000);
    for (const group of ["a", "b", "idle"]) await world.apply(group, "z");
    await world.stop();
  });

  it("G04 a process that leads more groups than others hands them over, and they are served on", async () => {
    const world = new Households();
    const groups = Array.from({ length: 6 }, (_, i) => `g${i}`);
    await world.found(...groups);
    for (const group of groups) await world.apply(group, "before");
    const n1 = world.process("n1");
    for (const group of groups) {
      const leader = await world.awaitLeader(group);
      if (leader !== n1) await world.soon(leader.node(group).transferLeadership("n1"));
      await world.time.runUntil(() => world.leaderOf(group) === n1, 5_000, `n1 leads ${group}`);
    }
    const moved = await world.soon(n1.manager.balanceLeaders());
    expect(moved).toHaveLength(4);
    for (const group of groups) await world.apply(group, "after");
    const led = world.processes.map((process) => groups.filter((group) => world.leaderOf(group) === process).length);
    expect(led).toEqual([2, 2, 2]);
    for (const { manager } of world.processes) expect(await world.soon(manager.balanceLeaders())).toEqual([]);
    await world.stop();
  });

  it("G01 E22 the timers of all groups are one action of the scheduler, and what is due in one tick leaves together", async () => {
    const world = new Households();
    const groups = Array.from({ length: 30 }, (_, i) => `g${i}`);
    await world.found(...groups);
    for (const group of groups) await world.awaitLeader(group);
    await world.time.advance(500);
    const before = world.time.actionsRun;
    await world.time.advance(300);
    // 30 groups, 10 heartbeats each, to two peers and back: with an action for each timer and message it would be thousands.
    expect(world.time.actionsRun - before).toBeLessThan(1_000);
    await world.stop();
  });
});
