import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EntryType, encodeConfiguration, LogBlock, votersOnly } from "@hexraft/core/ports";
import { expect, it } from "vitest";
import { diffDirectories, inspectDirectory } from "../../src/index.js";
import { block, checksum, nodeFiles, OPEN, storageOf, temporaryDirectory } from "../support/host.js";
import { groupsOf, OPEN_GROUPS, openOf } from "../support/shared.js";

const member = { id: "n1", incarnation: "00000000000000a1", address: "n1:1", priority: 1 };
const first = LogBlock.of(1, 1, 0, EntryType.configuration, [encodeConfiguration(votersOnly([member]))]);
const inspect = (directory: string) => inspectDirectory(directory, nodeFiles, checksum);

/** The directory of a process that stopped, with the groups `apples` and `pears` in one log. */
async function stopped(term = 2): Promise<string> {
  const directory = temporaryDirectory();
  const groups = groupsOf(directory);
  await groups.open(OPEN_GROUPS);
  for (const name of ["pears", "apples"]) {
    const { log } = groups.group(name);
    await log.open(openOf(name));
    await log.write({ hardState: { term: 2, vote: null, recoveryNumber: 0, removedAt: 0 }, blocks: [first] });
    await log.write({ blocks: [block(2, 10, name === "pears" ? term : 2, name.length * 100)] });
    await log.close();
  }
  await groups.close();
  return directory;
}
const segmentOf = (directory: string): string =>
  join(directory, "log", readdirSync(join(directory, "log")).find((each) => each.endsWith(".seg")) as string);

it("O08 G01 tells of every group of a shared log: terms, entries, configurations, and the files that hold them all", async () => {
  const directory = await stopped();
  const report = await inspect(directory);
  expect(report).toMatchObject({ identity: { nodeId: "n1" }, damage: [] });
  expect(report.sharedLog).toMatchObject({ segments: [{ file: segmentOf(directory), number: 1 }], unfinished: "" });
  expect(report.groups.map(({ groupId }) => groupId)).toEqual(["apples", "pears"]);
  for (const group of report.groups)
    expect(group).toMatchObject({
      hardState: { term: 2 },
      last: { index: 11, term: 2 },
      runs: [
        { first: 1, term: 1 },
        { first: 2, term: 2 },
      ],
      configurations: [{ id: { index: 1, term: 1 }, configuration: { voters: ["n1"] } }],
      refusal: "",
    });
});

it("O08 G03 names file and bytes of what is damaged, and the group that it has touched", async () => {
  const directory = await stopped();
  const segment = segmentOf(directory);
  const bytes = readFileSync(segment);
  // The payload of a block of pears, whose header is whole.
  const at = bytes.indexOf(Buffer.from(block(2, 10, 2, 500).payloadAt(5))) + 10;
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(segment, bytes);
  const { damage } = await inspect(directory);
  expect(damage.length).toBeGreaterThan(0);
  for (const { file, offset, length } of damage) {
    expect(file).toBe(segment);
    expect([offset <= at, at < offset + length]).toEqual([true, true]);
  }
});

it("O08 L03 says what was durable and is not there, where the log was cut short; nothing is changed", async () => {
  const directory = await stopped();
  const segment = segmentOf(directory);
  const size = readFileSync(segment).length;
  truncateSync(segment, size - 64);
  const report = await inspect(directory);
  expect(report.damage).toMatchObject([{ file: segment, offset: size - 64, length: 64 }]);
  expect(report.groups).toHaveLength(2);
  expect(readFileSync(segment).length).toBe(size - 64);
});

it("O08 G01 compares one group of two shared logs, or of a shared one with one that is alone", async () => {
  const [left, right] = [await stopped(), await stopped(3)];
  const diff = (a: string, b: string, group: string) => diffDirectories(a, b, group, nodeFiles, checksum);
  const all = { common: { from: 1, to: 11 }, last: [11, 11] };
  expect(await diff(left, right, "apples")).toEqual({ ...all, differing: [] });
  expect(await diff(left, right, "pears")).toEqual({ ...all, differing: [{ from: 2, to: 11, terms: [2, 3] }] });
  const alone = temporaryDirectory();
  const { log } = storageOf(alone, { groupId: "pears" });
  await log.open({ ...OPEN, groupId: "pears" });
  await log.write({ blocks: [first] });
  await log.close();
  expect(await diff(alone, left, "pears")).toEqual({ common: { from: 1, to: 1 }, differing: [], last: [1, 11] });
  await expect(diff(left, right, "main")).rejects.toMatchObject({
    code: "BadOption",
    message: "there is no group main in the log; there are: pears, apples",
  });
});

it("O08 G03 does not compare past what is damaged", async () => {
  const [left, right] = [await stopped(), await stopped()];
  const segment = segmentOf(left);
  const bytes = readFileSync(segment);
  const at = bytes.indexOf(Buffer.from(block(2, 10, 2, 500).payloadAt(5))) + 10;
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(segment, bytes);
  await expect(diffDirectories(left, right, "pears", nodeFiles, checksum)).rejects.toMatchObject({ code: "Damaged" });
});
