import { createNode } from "@hexraft/core";
import type { RaftError } from "@hexraft/core/ports";
import {
  JournalMachine,
  journalStateMachine,
  type MemoryDisk,
  memoryStorage,
  TestCluster,
  type TestClusterOptions,
  VirtualHost,
} from "@hexraft/testing";
import { describe, expect, it } from "vitest";
import { jointMembership } from "../src/index.js";

const T = 150;
const SECRET = "a secret that only full members may hold";

/** Two full members and a witness, n3, on virtual time; the whole history is judged. */
const inCluster =
  (seed: number, body: (cluster: TestCluster) => Promise<void>, options: TestClusterOptions = {}) =>
  async () => {
    const cluster = new TestCluster({ seed, witnesses: ["n3"], modules: [jointMembership()], ...options });
    await cluster.start();
    await cluster.awaitLeader();
    await body(cluster);
    cluster.dispose();
  };
/** Whether the log or a snapshot on a disk tells the secret. */
const tells = (disk: MemoryDisk): boolean =>
  [...disk.entries().map(({ payload }) => payload), ...disk.snapshots.whole.map(({ bytes }) => bytes)].some((bytes) =>
    new TextDecoder().decode(bytes).includes(SECRET),
  );
const leaderAndOther = async (cluster: TestCluster) => {
  const leader = await cluster.awaitLeader(["n1", "n2"]);
  return { leader, other: cluster.member(leader.id === "n1" ? "n2" : "n1") };
};
const errorOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "done",
    ({ outcome, code, message }: RaftError) => `${outcome} ${code}: ${message}`,
  );

describe("M12 two full members and a witness", () => {
  it(
    "M12 go on when either full member is away, and lose nothing",
    inCluster(1, async (cluster) => {
      const { leader, other } = await leaderAndOther(cluster);
      await cluster.applied("a");
      cluster.crash(other.id);
      await cluster.applied("b");
      await cluster.restart(other.id);
      await cluster.converged();
      cluster.crash(leader.id);
      expect((await cluster.awaitLeader()).id).toBe(other.id);
      await cluster.applied("c");
      await cluster.restart(leader.id);
      await cluster.converged();
      expect(other.lines).toEqual(["a", "b", "c"]);
      expect(cluster.member("n3").roles.filter((role) => !role.startsWith("follower"))).toEqual([]);
    }),
  );

  it(
    "M12/campaign nobody leads while the one that holds an entry is away: the witness neither does, nor votes for who lacks it",
    inCluster(2, async (cluster) => {
      const { leader, other } = await leaderAndOther(cluster);
      cluster.crash(other.id);
      await cluster.applied("a");
      cluster.crash(leader.id);
      await cluster.restart(other.id);
      await cluster.run(20 * T);
      expect(cluster.leader()).toBeUndefined();
      await cluster.restart(leader.id);
      await cluster.converged();
      expect(other.lines).toEqual(["a"]);
    }),
  );

  it(
    "M12/state holds none: no payload is on its disk, and what would want one is refused with the reason",
    inCluster(3, async (cluster) => {
      const { leader } = await leaderAndOther(cluster);
      await cluster.applied(SECRET, SECRET);
      await cluster.converged();
      const { node, disk, machine } = cluster.member("n3");
      await cluster.time.settled(node.snapshot(), 10 * T);
      expect(machine.lines).toEqual([]);
      expect(tells(disk)).toBe(false);
      expect(tells(leader.disk)).toBe(true);
      const asked = [
        () => node.read("lines"),
        () => node.read("lines", { consistency: "local" }),
        () => node.stateHash(),
        () => node.backup({ consistency: "local" }),
      ];
      for (const ask of asked)
        expect(await cluster.time.settled(errorOf(ask()), 20 * T)).toMatch(
          /^refused NoStateHere: This node is a witness and holds no state to /,
        );
    }),
  );

  it(
    "M12/snapshot takes what a snapshot says of the log, and not a byte of its state; across restarts, too",
    inCluster(
      4,
      async (cluster) => {
        const { leader } = await leaderAndOther(cluster);
        cluster.crash("n3");
        for (let i = 0; i < 30; i++) await cluster.applied(`${SECRET} ${i}`);
        expect(leader.describe().base.index).toBeGreaterThan(3);
        await cluster.restart("n3");
        await cluster.converged();
        const witness = cluster.member("n3");
        expect(cluster.messages("InstallSnapshot", { to: "n3" }).length).toBeGreaterThan(0);
        const answers = cluster.messages("InstallSnapshotResponse", { from: "n3" }).map(({ status }) => status);
        expect(new Set(answers)).toEqual(new Set(["done"]));
        expect(witness.describe().base.index).toBeGreaterThan(3);
        expect(tells(witness.disk)).toBe(false);
        cluster.crash("n3");
        await cluster.restart("n3");
        await cluster.converged();
        expect(witness.describe()).toMatchObject({
          restoring: 0,
          configuration: { configuration: { witnesses: ["n3"] } },
        });
      },
      { options: { snapshotEveryEntries: 5, compactionMarginEntries: 0 } },
    ),
  );

  it.each([
    ["its log", 1_000],
    ["a snapshot of its", 5],
  ])("M12/refused a start without the option over %s, and going on from it alone", (_what, snapshotEveryEntries) =>
    inCluster(
      5,
      async (cluster) => {
        await cluster.settled();
        for (let i = 0; i < 12; i++) await cluster.applied(`${i}`);
        await cluster.converged();
        for (const { id } of cluster.members) await cluster.member(id).stop();
        const witness = cluster.member("n3");
        const survivor = await witness.make();
        const { confirmation } = await cluster.time.settled(survivor.survey(), 10 * T);
        const again = await witness.make();
        await expect(cluster.time.settled(again.resetPeers({ confirmation, others: [] }), 10 * T)).rejects.toThrow(
          "n3 is a witness and has no state to go on with",
        );
        const asFull = await createNode({ nodeId: "n3", electionTimeoutMs: T }, [
          new VirtualHost(cluster.time, "as a full member").module(),
          cluster.network.transport(),
          memoryStorage(witness.disk),
          journalStateMachine(new JournalMachine()),
        ]);
        await expect(cluster.time.settled(asFull.start(), 10 * T)).rejects.toThrow("This directory is a witness's");
      },
      { options: { snapshotEveryEntries, compactionMarginEntries: 0 } },
    )(),
  );
});

it("M12 M07 a witness joins a running group by a change of members, and catches up without payloads", async () => {
  const ids = ["n1", "n2", "n3"];
  const cluster = new TestCluster({ seed: 6, ids, strangers: ["n3"], witnesses: ["n3"], modules: [jointMembership()] });
  await cluster.start();
  await cluster.awaitLeader();
  await cluster.applied(SECRET);
  const change = { kind: "addWitnesses", nodes: [{ id: "n3", address: "memory:n3" }] } as const;
  const { node } = await cluster.awaitLeader(["n1", "n2"]);
  await cluster.time.settled(node.changeConfiguration(change), 40 * T);
  await cluster.applied("after");
  await cluster.converged();
  expect(cluster.member("n3").describe().configuration.configuration).toMatchObject({ voters: ids, witnesses: ["n3"] });
  expect(tells(cluster.member("n3").disk)).toBe(false);
  await expect(cluster.time.settled(node.transferLeadership("n3"), 10 * T)).rejects.toThrow("n3 is a witness");
  await expect(cluster.time.settled(node.changeConfiguration(change), 10 * T)).rejects.toThrow(
    "n3 is a member already",
  );
  cluster.dispose();
});
