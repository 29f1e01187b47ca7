import { cpSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LogBlock } from "@hexraft/core/ports";
import { beforeAll, describe, expect, it } from "vitest";
import { diffDirectories, inspectDirectory } from "../../src/index.js";
import { JournalDisk } from "../crash-points/journal-disk.js";
import { cutOff, type Damage, damagedImage, flip, zeroed } from "../damage/damage.js";
import { DamagedReplica } from "../damage/damaged-replica.js";
import { LOG, NEWEST, SNAPSHOTS } from "../damage/replica.js";
import { GOLDEN_CLUSTER } from "../support/golden-life.js";
import { block, checksum, nodeFiles, openLog, temporaryDirectory } from "../support/host.js";
import { ManualScheduler } from "../support/manual-scheduler.js";

const GOLDEN = fileURLToPath(new URL("../golden/format-1", import.meta.url));
const SEGMENT = `${LOG}/0000000000000002.seg`;

let replica: DamagedReplica;
beforeAll(async () => {
  replica = await DamagedReplica.make();
});

const inspectWith = async (...damages: readonly (readonly [string, Damage])[]) => {
  const image = damages.reduce((disk, [path, damage]) => damagedImage(disk, path, damage), replica.intact);
  const disk = new JournalDisk(image);
  const report = await inspectDirectory("/data", disk, checksum);
  expect(disk.journal).toEqual([]);
  return report;
};

describe("inspectDirectory", () => {
  it("O08 lists a directory of format 1: whose it is, entries, terms, configurations, segments, snapshots", async () => {
    const report = await inspectDirectory(GOLDEN, nodeFiles, checksum);
    expect(report).toMatchObject({
      identity: { nodeId: "n1", clusterId: GOLDEN_CLUSTER, startNumber: 2 },
      damage: [],
    });
    const [group, ...others] = report.groups;
    expect(others).toEqual([]);
    expect(group).toMatchObject({
      groupId: "main",
      incarnation: "00000000000000a1",
      hardState: { term: 3, vote: null, recoveryNumber: 1 },
      commitHint: 40,
      base: { index: 0, term: 0 },
      last: { index: 68, term: 3 },
      configurations: [{ id: { index: 1, term: 1 }, configuration: { voters: ["n1", "n2"] } }],
      unfinished: "",
      refusal: "",
    });
    expect(group?.runs.map(({ first, term }) => [first, term])).toEqual([
      [1, 1],
      [18, 2],
      [41, 3],
    ]);
    expect(group?.segments.map(({ first, last, closed }) => [first, last, closed])).toEqual([
      [1, 22, true],
      [18, 40, true],
      [41, 65, true],
      [66, 68, true],
      [0, 0, false],
      [0, 0, false],
    ]);
    expect(group?.snapshots.map(({ id }) => id)).toEqual([{ index: 30, term: 2 }]);
  });

  it("O08 L03 finds every damaged range of a log at once, and goes on behind it", async () => {
    const report = await inspectWith(
      [SEGMENT, flip(5_000)],
      [SEGMENT, zeroed(9_000)],
      [`${LOG}/0000000000000003.seg`, flip(7_000)],
      [`${SNAPSHOTS}/50-2.snap`, flip(600)],
    );
    expect(report.damage.map(({ file, offset, length }) => [file.slice(-8), offset, offset + length])).toEqual([
      ["0002.seg", 4_736, 6_144],
      ["0002.seg", 8_960, 10_368],
      ["0003.seg", 6_144, 7_552],
      ["0-2.snap", 228, 1_328],
    ]);
    expect(report.groups[0]).toMatchObject({ hardState: NEWEST, last: { index: 138, term: 6 } });
  });

  it("O08 L03 names each damage that opening would refuse, or that a read would find", async () => {
    const wrong: string[] = [];
    for (const path of replica.paths.filter((each) => !each.endsWith("/mark"))) {
      const { length } = replica.bytesOf(path);
      for (let at = 0; at < length; at += 331) {
        for (const damage of [flip(at), cutOff(at)]) {
          const { damage: found } = await inspectWith([path, damage]);
          const isFound = found.some(
            ({ file, offset, length: size }) =>
              file === path && offset < damage.at + damage.length && at < offset + Math.max(1, size),
          );
          const isNothing = (await replica.misjudged(path, damage)) === undefined && found.length === 0;
          if (!isFound && !isNothing) wrong.push(`${path} at ${at}: ${JSON.stringify(found)}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it("O08 L02 tells a write that did not end from damage, and leaves it where it is", async () => {
    const directory = temporaryDirectory();
    const { log } = await openLog(directory, { scheduler: new ManualScheduler().asPort() });
    await log.write({ blocks: [block(1, 3, 1)] });
    const tail = log.describe()["activeBytes"] as number;
    await log.write({ blocks: [block(4, 3, 1)] });
    const crashed = temporaryDirectory();
    cpSync(directory, crashed, { recursive: true, filter: (path) => !path.includes("LOCK") });
    const path = join(crashed, "main/log/0000000000000001.seg");
    const bytes = readFileSync(path);
    bytes[tail + 150] = (bytes[tail + 150] as number) ^ 1;
    writeFileSync(path, bytes);
    const report = await inspectDirectory(crashed, nodeFiles, checksum);
    expect(report).toMatchObject({ damage: [], groups: [{ last: { index: 3 }, refusal: "" }] });
    expect(report.groups[0]?.unfinished).toContain(`${path}: a write that did not end begins at ${tail}`);
    expect(statSync(path).size).toBe(bytes.length);
  });
});

describe("diffDirectories", () => {
  const logWith = (...terms: readonly number[]): Promise<string> =>
    logOf(terms.map((term, i) => block(1 + 10 * i, 10, term, 100)));
  async function logOf(blocks: readonly LogBlock[]): Promise<string> {
    const directory = temporaryDirectory();
    const { log } = await openLog(directory, { segmentBytesMax: 4_096 });
    for (const each of blocks) await log.write({ blocks: [each] });
    await log.close();
    return directory;
  }

  it("O08 says which entries two nodes hold differently, and which end is longer", async () => {
    const [left, right] = [await logWith(1, 1, 1, 2, 2), await logWith(1, 1, 1, 3)];
    expect(await diffDirectories(left, right, "main", nodeFiles, checksum)).toEqual({
      common: { from: 1, to: 40 },
      differing: [{ from: 31, to: 40, terms: [2, 3] }],
      last: [50, 40],
    });
    const shorter = await logWith(1, 1);
    expect(await diffDirectories(left, shorter, "main", nodeFiles, checksum)).toEqual({
      common: { from: 1, to: 20 },
      differing: [],
      last: [50, 20],
    });
  });

  it("O08 finds commands that differ though their term is the same, which must never be", async () => {
    const [left, right] = [
      await logOf([block(1, 10, 1, 100), block(11, 10, 1, 100)]),
      await logOf([block(1, 10, 1, 100), block(11, 3, 1, 100), block(14, 2, 1, 99), block(16, 5, 1, 100)]),
    ];
    expect((await diffDirectories(left, right, "main", nodeFiles, checksum)).differing).toEqual([
      { from: 14, to: 15, terms: [1, 1] },
    ]);
  });

  it("O08 M12 compares what a witness keeps, and takes no missing payload for a difference", async () => {
    const blocks = [block(1, 10, 1, 100), block(11, 10, 2, 100)];
    const whole = await logOf(blocks);
    const witness = await logOf(blocks.map((each) => each.bare(true)));
    expect((await diffDirectories(whole, witness, "main", nodeFiles, checksum)).differing).toEqual([]);
    const other = await logOf([block(1, 10, 1, 100).bare(true), block(11, 10, 3, 100).bare(true)]);
    expect((await diffDirectories(whole, other, "main", nodeFiles, checksum)).differing).toEqual([
      { from: 11, to: 20, terms: [2, 3] },
    ]);
  });
});
