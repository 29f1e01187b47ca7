import type { NodeId } from "@hexraft/core/ports";
import { Scheduler, StateMachine } from "@hexraft/core/ports";
import type { Cast, World } from "@hexraft/testing/simulator";
import { ContainerModule } from "inversify";
import { describe, expect, it } from "vitest";
import { worlds } from "../../src/index.js";
import { type KvStage, story, T } from "./support.js";

/*
 * What sofa-jraft's Jepsen suite and dragonboat's monkeys do to a cluster under load, re-expressed. Clients read, write,
 * count, compare and remove a few keys all the while; what they were told is linearizable, and the invariants are judged
 * after every event.
 */
const LOAD: Cast = { nodes: 5, clients: 10, callsPerSecond: 60 };
/** Each calamity, and each pause behind it, lasts so long, ms. */
const SPELL_MS = 8 * T;

/** A calamity, a while of it, and a while without it: so many rounds, under so many leaders at least. */
const nemesis = (
  cast: Partial<Cast>,
  [rounds, leaders]: readonly [rounds: number, leaders: number],
  strike: (stage: KvStage, round: number) => (() => void)[],
  world?: World,
) =>
  story(
    { ...LOAD, ...cast },
    async (stage) => {
      for (let round = 0; round < rounds; round++) {
        const ends = strike(stage, round);
        await stage.pass(SPELL_MS);
        for (const end of ends) end();
        await stage.pass(SPELL_MS);
        await stage.awaitLeader();
      }
      const { operations } = stage;
      const done = operations.filter(({ outcome }) => outcome === "ok");
      expect(operations.length).toBeGreaterThan(100);
      expect(done.length / operations.length).toBeGreaterThan(0.3);
      expect(stage.leaderOfTerm.size).toBeGreaterThanOrEqual(leaders);
    },
    world,
  );

describe("sofa-jraft's Jepsen suite", () => {
  it(
    "M07 M03 E19 configuration: a member at random leaves, and comes back",
    story(LOAD, async (stage) => {
      const states = [];
      for (let round = 0; round < 6; round++) {
        await stage.awaitLeader();
        const [leaver] = stage.some(1) as [NodeId];
        const orders = [stage.change(stage.others(leaver))];
        await stage.followed(...orders);
        await stage.pass(SPELL_MS / 2);
        await stage.awaitLeader(() => stage.others(leaver));
        orders.push(stage.change(stage.ids));
        await stage.followed(...orders);
        await stage.pass(SPELL_MS / 2);
        states.push(...orders.map(({ state }) => state));
      }
      expect(states.filter((state) => state === "done").length).toBeGreaterThan(6);
    }),
  );

  it(
    "E16 E07 bridge: two halves that meet in one node",
    nemesis({}, [6, 1], (stage) => {
      const [node, ...others] = stage.some(5) as [NodeId, ...NodeId[]];
      return [stage.inflict({ kind: "bridge", node, side: others.slice(0, 2) })];
    }),
  );

  it(
    "E16 E07 majorities ring: everybody sees a majority, no two the same one",
    nemesis({}, [6, 1], (stage) => [stage.inflict({ kind: "ring" })]),
  );

  it(
    "E04 E05 E16 pause: a node at random stands still, and goes on as if nothing had been",
    nemesis({}, [8, 4], (stage, round) => {
      const [node] = (round % 2 === 0 ? [stage.leader()] : stage.some(1)) as [NodeId];
      stage.inflict({ kind: "pause", node }, SPELL_MS);
      return [];
    }),
  );

  it(
    "R16 E02 crash: nodes at random are killed, inside a write or between two, and started again",
    nemesis({}, [8, 3], (stage, round) =>
      stage
        .some(1 + (round % 2))
        .map((node) => stage.inflict({ kind: round % 3 === 0 ? "crash" : "crash-in-io", node })),
    ),
  );

  it(
    "R02 R05 E16 partition: the network falls into halves at random",
    nemesis({}, [8, 2], (stage) => [stage.inflict({ kind: "split", side: stage.some(2) })]),
  );

  it(
    "E16 E05 partition-majority: the leader is on the smaller side, each time",
    nemesis({}, [8, 9], (stage) => {
      const leader = stage.leader() as NodeId;
      const [companion] = stage.others(leader) as [NodeId];
      return [stage.inflict({ kind: "split", side: [leader, companion] })];
    }),
  );
});

describe("rheakv's chaos", () => {
  it(
    "M07 M10 Q01 two members leave while clients write, and read everything when they are back",
    story({ ...LOAD, options: { snapshotEveryEntries: 20, compactionMarginEntries: 0 } }, async (stage) => {
      const [first, second] = stage.others(await stage.settled()) as [NodeId, NodeId];
      await stage.followed(stage.change(stage.others(first)));
      await stage.pass(SPELL_MS);
      await stage.followed(stage.change(stage.others(first, second)));
      await stage.pass(SPELL_MS);
      for (const voters of [stage.others(first), stage.ids]) {
        const order = stage.change(voters);
        await stage.followed(order);
        expect(order.state).toBe("done");
      }
      const leader = await stage.settled();
      for (const id of [first, second]) expect(stage.applied(id)).toEqual(stage.applied(leader));
    }),
  );
});

/** The key-value service over files, whose state machine takes its time for every batch, and for loading a snapshot. */
const sluggish: World = {
  ...worlds.files,
  modules: () => [
    ...worlds.files.modules(),
    new ContainerModule(({ onActivation }) => {
      onActivation(StateMachine, (context, machine) => {
        const scheduler = context.get<Scheduler>(Scheduler);
        let waits = 0;
        const aWhile = (): Promise<void> =>
          new Promise((resolve) => void scheduler.schedule(() => resolve(), (waits++ * 7) % 40));
        const [apply, snapshotLoad] = [machine.apply.bind(machine), machine.snapshotLoad.bind(machine)];
        machine.apply = async (batch) => {
          await aWhile();
          return apply(batch);
        };
        machine.snapshotLoad = async (bytes, meta) => {
          await aWhile();
          return snapshotLoad(bytes, meta);
        };
        return machine;
      });
    }),
  ],
};

describe("dragonboat's monkeys", () => {
  it(
    "R16 S06 nodes are killed and started, one or all at once, while snapshots and compaction never rest",
    nemesis({ options: { snapshotEveryEntries: 10, compactionMarginEntries: 0 } }, [8, 3], (stage, round) =>
      round % 4 === 3
        ? [stage.inflict({ kind: "crash-all" })]
        : stage.some(2).map((node) => stage.inflict({ kind: "crash", node })),
    ),
  );

  it(
    "R11 R19 T10 messages are lost, doubled and overtaken, and come late from connections that broke",
    nemesis({}, [6, 1], (stage) => [
      stage.inflict({ kind: "noise", drop: 0.2, duplicate: 0.3, reorder: 0.4, late: 0.5 }),
      stage.inflict({ kind: "reset", node: stage.some(1)[0] as NodeId, peer: stage.leader() as NodeId }),
    ]),
  );

  it(
    "E16 R04 hosts at random are cut off from the rest, one after the other, some both at once",
    nemesis({}, [8, 3], (stage, round) =>
      stage.some(1 + (round % 2)).map((node) => stage.inflict({ kind: "isolate", node })),
    ),
  );

  it(
    "L04 L05 disks fail under a node, and it is started again",
    nemesis({}, [8, 2], (stage, round) => {
      const faults = ["EIO", "ENOSPC", "failed-sync", "short-write"] as const;
      return [
        stage.inflict({
          kind: "disk-fault",
          node: stage.some(1)[0] as NodeId,
          fault: faults[round % 4] as (typeof faults)[number],
        }),
      ];
    }),
  );

  it(
    "R14 S04 S08 entries are applied, and snapshots written and loaded, with delays, while nodes crash",
    nemesis(
      { clients: 4, options: { snapshotEveryEntries: 15, compactionMarginEntries: 0 } },
      [6, 2],
      (stage) => {
        const [node, slow] = stage.some(2) as [NodeId, NodeId];
        return [
          stage.inflict({ kind: "crash", node }),
          stage.inflict({ kind: "slow-disk", node: slow, rangeMs: [5, T / 3] }),
        ];
      },
      sluggish,
    ),
  );
});
