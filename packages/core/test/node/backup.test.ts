import { describe, expect, it } from "vitest";
import { RaftError } from "../../src/model/errors.js";
import type { Backup } from "../../src/node/backup.js";
import { settled } from "../components/support/entries.js";
import { loneNode } from "./support/lone-node.js";
import { SmallDisk } from "./support/small-disk.js";

const reason = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "it resolved",
    (error: unknown) => (error instanceof RaftError ? `${error.code}: ${error.message}` : String(error)),
  );

async function bytesOf({ bytes }: Backup): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for await (const chunk of bytes) parts.push(chunk);
  return parts;
}

async function* out(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

/** A replica that waits, as `identify` finds it. */
const NOBODY = { clusterId: "", directoryId: "d".repeat(16), startNumber: 1, incarnation: "b".repeat(16) };

/** A backup of a node with these lines, which went on with others. */
async function backupOf(...lines: readonly string[]) {
  const disk = new SmallDisk();
  const origin = await loneNode(disk);
  await origin.lead();
  for (const line of lines) await origin.say(line);
  const backup = await origin.node.backup();
  await origin.say("later");
  const parts = await bytesOf(backup);
  await origin.node.stop();
  return { disk, backup, parts };
}

/** A disk with a backup on it, as `restore` leaves it. */
async function restoredDisk(parts: readonly Uint8Array[]): Promise<SmallDisk> {
  const disk = new SmallDisk();
  const { node } = await loneNode(disk);
  await node.restore(out(parts));
  return disk;
}

describe("a backup of a running node", () => {
  it("F08 holds all that was acknowledged before it was asked for, nothing later, and where it is from", async () => {
    const { disk, backup, parts } = await backupOf("a", "b");
    expect(backup.about).toMatchObject({ clusterId: disk.clusterId, groupId: "main", nodeId: "n1", formatVersion: 1 });
    expect(backup.about.id).toEqual({ index: 4, term: 1 });
    expect(parts.reduce((sum, { length }) => sum + length, 0)).toBe(backup.sizeBytes);
    const { node, machine } = await loneNode();
    expect(await node.restore(out(parts))).toEqual({ about: backup.about, stateHash: "a|b" });
    expect(machine.lines).toEqual(["a", "b"]);
  });

  it("F08 S07 a save that began before it is not taken for it", async () => {
    const { node, lead, say, disk } = await loneNode();
    await lead();
    await say("a");
    let release: () => void = () => {};
    disk.holdSnapshots = new Promise((resolve) => {
      release = resolve;
    });
    const early = node.snapshot();
    await settled();
    await say("b");
    const backup = node.backup();
    await settled();
    release();
    expect(await early).toBe(3);
    expect((await backup).about.id.index).toBe(4);
    await node.stop();
  });

  it("F08 Q07 without a leader it is refused, unless what this node has is enough", async () => {
    const { parts } = await backupOf("a");
    const { node, transport, until, time } = await loneNode(await restoredDisk(parts));
    await node.start();
    transport.found.set("h:2", { ...NOBODY, nodeId: "n2" });
    await node.bootstrap({ voters: [1, 2].map((n) => ({ id: `n${n}`, address: `h:${n}` })) });
    const asked = reason(node.backup({ deadlineMs: 300 }));
    const end = time.now() + 400;
    await until(() => time.now() > end);
    expect(await asked).toMatch(/^NotLeader: /);
    const local = await node.backup({ consistency: "local" });
    expect(local.about.id.index).toBe(3);
    expect(local.about.clusterId).toBe(node.describe().identity.clusterId);
    await node.stop();
  });

  it("F08 O05 a consistency that is none, a call that was called off, a node that has nothing: each is refused", async () => {
    const { node } = await loneNode();
    await node.start();
    expect(await reason(node.backup({ consistency: "local" }))).toBe(
      "SnapshotFailed: No snapshot was saved: nothing is applied yet.",
    );
    expect(await reason(node.backup({ consistency: "lease" as "local" }))).toMatch(
      /^BadOption: .*must be linearizable or local for a backup/,
    );
    expect(await reason(node.backup({ signal: AbortSignal.abort() }))).toMatch(/^Cancelled: /);
    await node.stop();
    expect(await reason(node.backup())).toMatch(/^Stopped: /);
  });
});

describe("a restored backup", () => {
  it("F08 M13 begins a new cluster: another id, the same state, and indices that go on", async () => {
    const { disk: old, parts } = await backupOf("a", "b");
    const disk = await restoredDisk(parts);
    expect(disk.clusterId).toBe("");
    const { node, lead, say, machine } = await loneNode(disk);
    await lead();
    const { identity, configuration, base, term } = node.describe();
    expect(identity.clusterId).toMatch(/^[0-9a-f]{32}$/);
    expect(disk.startNumber).toBe(2);
    expect(configuration.configuration.voters).toEqual(["n1"]);
    expect(base).toEqual({ index: 4, term: 1 });
    expect(term).toBe(2);
    expect(old.base.index).toBe(0);
    expect(await say("c")).toBe(3);
    expect(node.describe().last).toEqual({ index: 6, term: 2 });
    await node.stop();
    const again = await loneNode(disk);
    await again.lead();
    expect(again.machine.lines).toEqual(["a", "b", "c"]);
    expect(machine.lines).toEqual(["a", "b", "c"]);
    await again.node.stop();
  });

  it("F08 M13 the founders are in the snapshot that the others get, since no entry of the log names them", async () => {
    const { parts } = await backupOf("a");
    const disk = await restoredDisk(parts);
    expect(disk.snapshots.map(({ meta }) => meta.configuration.configuration.voters)).toEqual([[]]);
    const { node, transport } = await loneNode(disk);
    await node.start();
    transport.found.set("h:2", { ...NOBODY, nodeId: "n2" });
    await node.bootstrap({ voters: [1, 2].map((n) => ({ id: `n${n}`, address: `h:${n}` })) });
    expect(disk.snapshots.map(({ meta }) => [meta.id.index, meta.configuration.configuration.voters])).toEqual([
      [3, ["n1", "n2"]],
    ]);
    await node.stop();
  });

  it("F08 M13 while it waits it stands for nothing, and lets no other founder claim it", async () => {
    const { parts } = await backupOf("a");
    const disk = await restoredDisk(parts);
    const { node, transport, time, until } = await loneNode(disk);
    await node.start();
    const end = time.now() + 3_000;
    await until(() => time.now() > end);
    expect(node.describe()).toMatchObject({ role: "follower", term: 1 });
    expect(transport.sent).toBe(0);
    expect(await reason(transport.receiver?.onClaim("b".repeat(32)) ?? Promise.resolve())).toBe(
      "IdentityMismatch: n1 holds a restored backup, and joins no cluster that another node founded; " +
        "found the cluster on n1, or empty its directory.",
    );
    expect(disk.clusterId).toBe("");
    await node.stop();
  });

  it("F08 it goes into an empty directory alone, and into the group that it is of", async () => {
    const { disk: used, parts } = await backupOf("a");
    const into = async (disk: SmallDisk, groupId = "main") => {
      const { node } = await loneNode(disk, { groupId });
      return reason(node.restore(out(parts)));
    };
    expect(await into(used)).toMatch(/^RecoveryRefused: .*this replica belongs to cluster .*into an empty directory/);
    expect(await into(await restoredDisk(parts))).toMatch(/^RecoveryRefused: .*holds a state up to entry 3/);
    expect(await into(new SmallDisk(), "other")).toMatch(
      /^RecoveryRefused: .*of group main, and this replica is of group other/,
    );
    const { node } = await loneNode(new SmallDisk());
    await node.start();
    expect(await reason(node.restore(out(parts)))).toMatch(/^RecoveryRefused: n1 was started/);
    await node.stop();
  });

  it("F08 what the state machine cannot load, or was cut off, leaves nothing behind, and another backup may be tried", async () => {
    const { parts } = await backupOf("a");
    const disk = new SmallDisk();
    const choosy = await loneNode(disk);
    choosy.machine.snapshotLoad = () => Promise.reject(new RaftError("FormatUnknown", "refused", "format 9"));
    expect(await reason(choosy.node.restore(out(parts)))).toBe("FormatUnknown: format 9");
    const cut = await loneNode(disk);
    expect(await reason(cut.node.restore(out(parts.slice(0, -1))))).toMatch(/^Damaged: it ends at byte /);
    expect(disk.snapshots).toEqual([]);
    expect(disk.base.index).toBe(0);
    expect(disk.open).toBe(0);
    const { node } = await loneNode(disk);
    expect((await node.restore(out(parts))).stateHash).toBe("a");
  });

  it("F08 a state machine that does not read to the end gets nothing lost", async () => {
    const { parts } = await backupOf("a", "b");
    const disk = new SmallDisk();
    const { node, machine } = await loneNode(disk);
    machine.snapshotLoad = async (bytes) => {
      await bytes[Symbol.asyncIterator]().next();
    };
    const { about } = await node.restore(out(parts));
    expect(disk.snapshots.map(({ meta }) => meta.sizeBytes)).toEqual([about.streamBytes]);
  });

  it("F08 a crash before the log begins behind the state is mended by the next start", async () => {
    const { parts } = await backupOf("a");
    const disk = await restoredDisk(parts);
    disk.base = { index: 0, term: 0 };
    const { node, lead, machine } = await loneNode(disk);
    await lead();
    expect(machine.lines).toEqual(["a"]);
    expect(node.describe().base.index).toBe(3);
    await node.stop();
  });
});
