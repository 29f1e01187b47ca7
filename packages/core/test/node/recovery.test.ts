import { describe, expect, it } from "vitest";
import { votersOnly } from "../../src/model/configuration.js";
import { encodeConfiguration } from "../../src/model/configuration-layout.js";
import { FRESH_HARD_STATE } from "../../src/model/hard-state.js";
import { EntryType, LogBlock } from "../../src/model/log-block.js";
import type { SnapshotMeta } from "../../src/model/snapshot-meta.js";
import { gate } from "../components/support/entries.js";
import { loneNode } from "./support/lone-node.js";
import { SmallDisk } from "./support/small-disk.js";

const configuration = votersOnly([
  { id: "n1", incarnation: "a".repeat(16), address: "h:1" },
  { id: "n2", incarnation: "b".repeat(16), address: "h:2" },
]);
const founding = LogBlock.of(1, 0, 0, EntryType.configuration, [encodeConfiguration(configuration)]);
const lines = (first: number, term: number, ...texts: string[]): LogBlock =>
  LogBlock.of(
    first,
    term,
    first * 100,
    EntryType.command,
    texts.map((text) => new TextEncoder().encode(text)),
  );

/** A disk as an earlier life of a member left it. */
function diskWith(blocks: LogBlock[], term: number): SmallDisk {
  const disk = new SmallDisk();
  disk.clusterId = "c".repeat(32);
  disk.identity = { directoryId: "d".repeat(16), incarnation: "a".repeat(16) };
  disk.hardState = { ...FRESH_HARD_STATE, term };
  disk.blocks = blocks;
  return disk;
}
function snapshot(disk: SmallDisk, index: number, term: number, state: readonly string[]): void {
  const meta: SnapshotMeta = {
    id: { index, term },
    configuration: { id: { index: 1, term: 0 }, configuration },
    logTimeMs: index * 100,
    formatVersion: 1,
    sizeBytes: 1,
    checksum: 0,
  };
  const bytes = [Uint8Array.of(0, 0, 0, 0), new TextEncoder().encode(JSON.stringify(state))];
  disk.snapshots = [{ meta, bytes, damaged: false }, ...disk.snapshots];
}

describe("recovery", () => {
  it("R16 R08 the log, its terms and configurations come back; what is known to be committed is applied", async () => {
    const disk = diskWith([founding, lines(2, 1, "a", "b"), lines(4, 3, "c")], 3);
    disk.commitHint = 3;
    const { node, machine, until } = await loneNode(disk);
    await node.start();
    await until(() => node.describe().appliedIndex === 3);
    expect(machine.lines).toEqual(["a", "b"]);
    expect(node.describe()).toMatchObject({
      term: 3,
      last: { index: 4, term: 3 },
      commitIndex: 3,
      durableIndex: 4,
      configuration: { id: { index: 1, term: 0 }, configuration },
    });
    await node.stop();
  });

  it("S06 S05 a log that a crash left behind an installed snapshot is begun anew after it; the term never goes back", async () => {
    for (const blocks of [
      [founding, lines(2, 1, "x")],
      [founding, lines(2, 1, "x", "y", "z", "w")],
    ]) {
      const disk = diskWith(blocks, 1);
      snapshot(disk, 4, 2, ["a", "b"]);
      const { node, machine } = await loneNode(disk);
      await node.start();
      expect(machine.lines).toEqual(["a", "b"]);
      expect(disk.base).toEqual({ index: 4, term: 2 });
      expect(disk.hardState.term).toBe(2);
      expect(node.describe()).toMatchObject({
        base: { index: 4, term: 2 },
        last: { index: 4, term: 2 },
        commitIndex: 4,
        appliedIndex: 4,
        configuration: { id: { index: 1 }, configuration },
      });
      await node.stop();
    }
  });

  it("S06 a log that goes on from the snapshot stays as it is", async () => {
    const disk = diskWith([founding, lines(2, 1, "a", "b", "c")], 1);
    snapshot(disk, 3, 1, ["a", "b"]);
    const { node, machine } = await loneNode(disk);
    await node.start();
    expect(machine.lines).toEqual(["a", "b"]);
    expect(disk.blocks).toHaveLength(2);
    expect(node.describe()).toMatchObject({ base: { index: 0 }, last: { index: 4, term: 1 }, commitIndex: 3 });
    await node.stop();
  });

  it("S09 a damaged snapshot is never loaded; the one before it is, if the log goes on from there", async () => {
    const disk = diskWith([founding, lines(2, 1, "a", "b", "c")], 1);
    snapshot(disk, 2, 1, ["a"]);
    snapshot(disk, 4, 1, ["a", "b", "c"]);
    (disk.snapshots[0] as { damaged: boolean }).damaged = true;
    const { node, machine, logger } = await loneNode(disk);
    await node.start();
    expect(machine.lines).toEqual(["a"]);
    expect(node.describe()).toMatchObject({ appliedIndex: 2, snapshot: { index: 2 } });
    expect(logger.lines.join()).toContain("a snapshot is damaged");
    await node.stop();
  });

  it("S09 S11 a hole between state and log is said, never jumped over: the node waits for a snapshot and does not campaign", async () => {
    const gap = diskWith([founding, lines(2, 1, "a", "b", "c", "d", "e")], 1);
    gap.blocks = [lines(6, 1, "e")];
    gap.base = { index: 5, term: 1 };
    const snapshots = [
      () => {},
      () => snapshot(gap, 5, 1, ["a", "b", "c", "d"]),
      () => snapshot(gap, 3, 1, ["a", "b"]),
    ];
    for (const add of snapshots) {
      add();
      for (const each of gap.snapshots.slice(0, 1)) (each as { damaged: boolean }).damaged = true;
      const { node, machine, logger, until, time } = await loneNode(gap);
      await node.start();
      expect(node.describe()).toMatchObject({ restoring: 4, base: { index: 5 }, last: { index: 6 }, commitIndex: 5 });
      expect(logger.lines.join()).toContain("the leader is asked for one");
      time.advance(10_000);
      await until(() => true);
      expect(node.describe()).toMatchObject({ role: "follower", term: 1 });
      expect(machine.lines.filter((line) => line === "e")).toEqual([]);
      await node.stop();
    }
    expect(gap.open).toBe(0);
  });

  it("F05 one that hears of formats is told at the start which one its snapshot brings, and then of each gate behind it", async () => {
    const disk = diskWith([founding, lines(2, 1, "a"), gate(3, 2), lines(4, 1, "b"), gate(5, 3)], 1);
    disk.commitHint = 5;
    for (const [hasSnapshot, firstFormat, told] of [
      [false, undefined, ["2", "3"]],
      [true, undefined, ["loaded", "2", "3"]],
      [false, 2, ["3"]],
    ] as const) {
      if (hasSnapshot) snapshot(disk, 4, 1, ["a", "b"]);
      else disk.snapshots = [];
      disk.snapshots = disk.snapshots.map((each) => ({ ...each, meta: { ...each.meta, formatVersion: 2 } }));
      const { node, machine, until } = await loneNode(disk);
      machine.open = () => ({ appliedIndex: 0, formatVersion: 3, ...(firstFormat !== undefined && { firstFormat }) });
      Object.assign(machine, { formatOpened: (version: number) => void machine.told.push(String(version)) });
      await node.start();
      await until(() => node.describe().appliedIndex === 5);
      expect(machine.told.filter((what) => !what.startsWith("leader"))).toEqual(told);
      expect([node.openFormat, node.describe().openFormat, node.describe().formatVersion]).toEqual([3, 3, 3]);
      await node.stop();
    }
  });

  it("F05 a release that is older than the snapshot is refused, with both formats, before anything is loaded", async () => {
    const disk = diskWith([founding, lines(2, 1, "a", "b", "c")], 1);
    snapshot(disk, 4, 1, ["a", "b", "c"]);
    disk.snapshots = disk.snapshots.map((each) => ({ ...each, meta: { ...each.meta, formatVersion: 2 } }));
    const { node, machine } = await loneNode(disk);
    Object.assign(machine, { formatOpened: () => {} });
    await expect(node.start()).rejects.toThrow(
      /snapshot at 4 has format 2, and this state machine knows 1: .* Start the release/,
    );
    expect(machine.told).toEqual([]);
  });

  it("F05 F06 a durable state says which format was open where it ends; what does not hear of formats writes its newest", async () => {
    const disk = diskWith([founding, lines(2, 1, "a", "b", "c")], 1);
    const durable = await loneNode(disk);
    durable.machine.open = () => ({ appliedIndex: 4, formatVersion: 3, openFormat: 2 });
    Object.assign(durable.machine, {
      formatOpened: (version: number) => void durable.machine.told.push(String(version)),
    });
    await durable.node.start();
    expect([durable.node.openFormat, durable.machine.told[0]]).toEqual([2, "2"]);
    await durable.node.stop();
    const deaf = await loneNode(disk);
    deaf.machine.open = () => ({ appliedIndex: 0, formatVersion: 3 });
    await deaf.node.start();
    expect(deaf.node.openFormat).toBe(3);
    await deaf.node.stop();
  });

  it("F06 a state machine with a state of its own is not put back behind it, and not replayed below it", async () => {
    const disk = diskWith([founding, lines(2, 1, "a", "b", "c")], 1);
    snapshot(disk, 2, 1, ["a"]);
    const { node, machine, until } = await loneNode(disk);
    machine.open = () => ({ appliedIndex: 4, formatVersion: 1 });
    await node.start();
    // What is applied is committed, whatever the log's hint says.
    expect(node.describe().commitIndex).toBeGreaterThanOrEqual(4);
    await until(() => node.describe().commitIndex === 4);
    expect(machine.lines).toEqual([]);
    expect(node.describe().appliedIndex).toBe(4);
    await node.stop();
  });

  it("F06 a state that is ahead of the log shows that a directory was lost", async () => {
    const { node, machine } = await loneNode(diskWith([founding], 1));
    machine.open = () => ({ appliedIndex: 40, formatVersion: 1 });
    await expect(node.start()).rejects.toThrow(/holds entries up to 40, but the log ends at 1/);
  });
});
