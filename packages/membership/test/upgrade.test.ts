import type { Founder, NodeOptions } from "@hexraft/core";
import { TestCluster, type TestMember } from "@hexraft/testing";
import { describe, expect, it } from "vitest";
import { jointMembership } from "../src/index.js";

const T = 150;
const THREE = ["n1", "n2", "n3"];
const cluster = async (seed: number, options: Partial<NodeOptions> = {}): Promise<TestCluster> => {
  const made = new TestCluster({
    seed,
    ids: [...THREE, "n4"],
    strangers: ["n4"],
    modules: [jointMembership()],
    options,
  });
  await made.start(...THREE);
  await made.awaitLeader();
  return made;
};
/** Stops a node as an upgrade does, and begins its next life with the release that knows this format. */
async function release(on: TestCluster, id: string, formatVersion: number): Promise<void> {
  await on.member(id).stop();
  on.member(id).formatVersion = formatVersion;
  await on.restart(id);
  await on.settled();
}
const openOn = (on: TestCluster): number[] => on.up.map(({ node }) => node.openFormat);
const texts = ({ machine }: TestMember): string[] => machine.lines.map(({ text }) => text);
/** A command of the second format, at the leader. */
async function inSecondFormat(on: TestCluster, what: string): Promise<string> {
  const outcome = on.propose(`format 2: ${what}`);
  await on.until(() => outcome.state !== "pending", 40 * T);
  return outcome.error?.message ?? "done";
}
/** Formats of the snapshots on its disk, the newest first. */
const formatsOf = ({ disk }: TestMember): number[] => disk.snapshots.whole.map(({ meta }) => meta.formatVersion);
const wanted = (...ids: string[]): { readonly voters: Founder[] } => ({
  voters: ids.map((id) => ({ id, address: `memory:${id}` })),
});

describe("F05 a cluster whose nodes are upgraded one by one", () => {
  it("F05 takes commands of the new format from the gate on, on every node, and none before", async () => {
    for (const seed of [1, 2, 3]) {
      const on = await cluster(seed);
      await on.applied("old");
      for (const [done, id] of THREE.entries()) {
        expect(openOn(on)).toEqual([1, 1, 1]);
        expect(await inSecondFormat(on, "too early")).toMatch(/not every member knows format 2/);
        await release(on, id, 2);
        await on.applied(`between ${done}`);
      }
      await on.until(() => openOn(on).every((format) => format === 2), 40 * T, "the gate is applied by all");
      expect(await inSecondFormat(on, "now")).toBe("done");
      await on.converged();
      for (const member of on.up) {
        expect(texts(member)).toEqual(["old", "between 0", "between 1", "between 2", "format 2: now"]);
        const { calls } = member.machine;
        expect(calls.filter(({ call }) => call === "formatOpened")).toEqual([
          { call: "formatOpened", formatVersion: 2 },
        ]);
      }
      const gates = on.members
        .flatMap(({ events }) => events)
        .flatMap(({ event }) => (event.kind === "format" ? event : []));
      expect(new Set(gates.map(({ index }) => index)).size).toBe(1);
      on.dispose();
    }
  });

  it("F05 a snapshot that a new release saves is loaded by an old one until the gate, and refused by it afterwards", async () => {
    const on = await cluster(4, { compactionMarginEntries: 0 });
    await on.applied("a", "b");
    await release(on, "n1", 2);
    await release(on, "n2", 2);
    on.partition("n3");
    const leader = await on.awaitLeader(["n1", "n2"]);
    for (const what of ["c", "d", "e"]) {
      await on.applied(what);
      await on.time.settled(leader.node.snapshot(), 40 * T);
    }
    expect(formatsOf(leader)).toEqual([1, 1]);
    on.network.heal();
    // The log that it lacks is gone.
    await on.until(() => texts(on.member("n3")).length === 5, 40 * T);
    expect(on.member("n3").machine.calls.map(({ call }) => call)).toContain("loaded");
    await release(on, "n3", 2);
    await on.until(() => openOn(on).every((format) => format === 2), 40 * T);
    for (const { node } of on.up) await on.time.settled(node.snapshot(), 40 * T);
    expect(on.up.map((member) => formatsOf(member)[0])).toEqual([2, 2, 2]);
    await on.member("n3").stop();
    on.member("n3").formatVersion = 1;
    await expect(on.restart("n3")).rejects.toThrow(/has format 2, and this state machine knows 1.*Start the release/s);
    on.crash("n3");
    on.dispose();
  });

  it("F05 a newcomer of the old release is refused with the reason, and one of the new release becomes a voter", async () => {
    const on = await cluster(5);
    for (const id of THREE) await release(on, id, 2);
    await on.until(() => openOn(on).every((format) => format === 2), 40 * T);
    await on.restart("n4");
    const { node } = await on.awaitLeader(THREE);
    const refused = on.time.settled(node.changeConfiguration(wanted(...THREE, "n4")), 400 * T);
    await expect(refused).rejects.toThrow(/n4 knows format 1 of the state machine, and format 2 is open here/);
    expect(node.describe().configuration.configuration.voters).toEqual(THREE);
    await on.member("n4").stop();
    on.member("n4").formatVersion = 2;
    await on.restart("n4");
    const now = await on.awaitLeader(THREE);
    await on.time.settled(now.node.changeConfiguration(wanted(...THREE, "n4")), 400 * T);
    expect(await inSecondFormat(on, "by four")).toBe("done");
    await on.converged();
    expect(texts(on.member("n4"))).toEqual(["format 2: by four"]);
    on.dispose();
  });

  it("F05 R15 one that fell back to the old release behind the gate applies nothing of it, and says why", async () => {
    const on = await cluster(6);
    for (const id of THREE) await release(on, id, 2);
    await on.until(() => openOn(on).every((format) => format === 2), 40 * T);
    const follower = on.up.find(({ id }) => id !== on.leader()?.id) as TestMember;
    follower.formatVersion = 1;
    on.crash(follower.id);
    await on.restart(follower.id);
    expect(await inSecondFormat(on, "not for all")).toBe("done");
    await on.until(() => follower.describe().faulted !== "", 40 * T);
    expect(follower.describe().faulted).toMatch(/uses format 2 from here on, and this state machine knows 1/);
    expect(texts(follower)).toEqual([]);
    on.dispose();
  });

  it("F05 R15 a learner of the old release is taken in, stops at the gate and says why, and goes on with the new release", async () => {
    const on = await cluster(7);
    await on.applied("before");
    for (const id of THREE) await release(on, id, 2);
    await on.until(() => openOn(on).every((format) => format === 2), 40 * T);
    expect(await inSecondFormat(on, "behind")).toBe("done");
    await on.restart("n4");
    const learner = on.member("n4");
    const add = { kind: "addLearners", nodes: [{ id: "n4", address: "memory:n4" }] } as const;
    const { node } = await on.awaitLeader(THREE);
    await on.time.settled(node.changeConfiguration(add), 400 * T);
    await on.until(() => learner.describe().faulted !== "", 40 * T, "it stops");
    expect(learner.describe().faulted).toMatch(/uses format 2 from here on, and this state machine knows 1/);
    expect(texts(learner)).toEqual(["before"]);
    // Nobody waits for it: the others go on in the new format.
    expect(await inSecondFormat(on, "without it")).toBe("done");
    const now = await on.awaitLeader(THREE);
    const promoted = on.time.settled(now.node.changeConfiguration(wanted(...THREE, "n4")), 400 * T);
    await expect(promoted).rejects.toThrow(/n4 knows format 1 of the state machine, and format 2 is open here/);
    // Nor by a leader that never heard it when it was new.
    await on.time.settled(now.node.transferLeadership(), 400 * T);
    const next = await on.awaitLeader(THREE.filter((id) => id !== now.id));
    await on.applied("by the next");
    const again = on.time.settled(next.node.changeConfiguration(wanted(...THREE, "n4")), 400 * T);
    await expect(again).rejects.toThrow(/n4 knows format 1 of the state machine, and format 2 is open here/);
    on.crash("n4");
    learner.formatVersion = 2;
    await on.restart("n4");
    await on.converged();
    expect(texts(learner)).toEqual(["before", "format 2: behind", "format 2: without it", "by the next"]);
    on.dispose();
  });
});

describe("F05 F08 a backup from behind the gate", () => {
  /** A cluster whose disks are empty, of nodes that know that format; and n1, which is not started. */
  async function empty(formatVersion: number) {
    const made = new TestCluster({ seed: 8, unfounded: true });
    for (const member of made.members) member.formatVersion = formatVersion;
    return { made, n1: await made.member("n1").make() };
  }
  async function* out(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
    yield* parts;
  }

  it("F05 F08 is restored into its open format, by who knows that, and its cluster goes on in it without a gate", async () => {
    const on = await cluster(8);
    await on.applied("before");
    for (const id of THREE) await release(on, id, 2);
    await on.until(() => openOn(on).every((format) => format === 2), 40 * T);
    expect(await inSecondFormat(on, "behind")).toBe("done");
    await on.converged();
    const { about, bytes } = await on.time.settled(on.member("n1").node.backup(), 40 * T);
    expect(about.formatVersion).toBe(2);
    const parts: Uint8Array[] = [];
    const read = (async () => {
      for await (const part of bytes) parts.push(part);
    })();
    await on.time.settled(read, 40 * T);
    on.dispose();

    const old = await empty(1);
    await expect(old.made.time.settled(old.n1.restore(out(parts)), 40 * T)).rejects.toThrow(
      /has format 2, and this state machine knows 1.*Start the release/s,
    );
    expect(old.made.member("n1").disk.snapshots.whole).toEqual([]);

    const { made, n1 } = await empty(2);
    await made.time.settled(n1.restore(out(parts)), 40 * T);
    await made.start();
    await made.bootstrap("n1");
    await made.awaitLeader();
    expect(made.member("n1").node.openFormat).toBe(2);
    expect(await inSecondFormat(made, "goes on")).toBe("done");
    await made.until(() => openOn(made).every((format) => format === 2), 40 * T, "the others hold it");
    await made.converged();
    for (const member of made.up) expect(texts(member)).toEqual(["before", "format 2: behind", "format 2: goes on"]);
    const gates = made.members.flatMap(({ events }) => events).filter(({ event }) => event.kind === "format");
    expect(gates).toEqual([]);
    made.dispose();
  });
});
