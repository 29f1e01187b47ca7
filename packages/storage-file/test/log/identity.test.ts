import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { batchesOf } from "../damage/places.js";
import { block, checksum, OPEN, openLog, storageOf, temporaryDirectory } from "../support/host.js";
import { groupsOf, OPEN_GROUPS } from "../support/shared.js";

const CLUSTER = "c".repeat(32);
const SEGMENT = "main/log/0000000000000001.seg";

async function directoryOf(nodeId = "n1", cluster = CLUSTER, incarnation = OPEN.newIncarnation): Promise<string> {
  const directory = temporaryDirectory();
  const { log } = storageOf(directory);
  await log.open({ ...OPEN, nodeId, newIncarnation: incarnation });
  await log.adopt(cluster);
  await log.write({ blocks: [block(1, 3, 1)] });
  await log.close();
  return directory;
}

/** Changes a file's version, and makes its checksum right again. */
function raiseVersion(path: string, sealedBytes: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt16LE(2, 4);
  bytes.writeUInt32LE(checksum.crc32(bytes.subarray(0, sealedBytes)), sealedBytes);
  writeFileSync(path, bytes);
}

const refusal = (directory: string, request = OPEN) =>
  storageOf(directory)
    .log.open(request)
    .then(
      () => expect.unreachable("it was opened"),
      (error: unknown) => error as { code: string; message: string },
    );

describe("FileLogStorage: identity and format", () => {
  it("L10 another node's directory is refused, naming file and both nodes", async () => {
    const directory = await directoryOf();
    const error = await refusal(directory, { ...OPEN, nodeId: "n2" });
    expect(error).toMatchObject({ code: "IdentityMismatch", details: { found: "n1", expected: "n2" } });
    expect(error.message).toContain(`${directory}/identity belongs to node n1, not to n2`);
  });

  it("L10 G01 a directory whose groups share a log is not taken for a new one of a group alone, nor the other way round", async () => {
    const shared = temporaryDirectory();
    const groups = groupsOf(shared);
    await groups.open(OPEN_GROUPS);
    await groups.close();
    expect(await refusal(shared)).toMatchObject({
      code: "BadOption",
      message: expect.stringContaining("holds the log that many groups share; open it with sharedFileStorage"),
    });
    await expect(groupsOf(await directoryOf()).open(OPEN_GROUPS)).rejects.toMatchObject({
      code: "BadOption",
      message: expect.stringContaining("the group main's alone; open it with fileStorage"),
    });
  });

  it("L10 a segment of another cluster or replica is refused", async () => {
    const [ours, foreign, other] = [
      await directoryOf(),
      await directoryOf("n1", "d".repeat(32)),
      await directoryOf("n1", CLUSTER, "00000000000000b2"),
    ];
    cpSync(join(foreign, "main/log/0000000000000002.seg"), join(ours, "main/log/0000000000000002.seg"));
    const { log } = storageOf(foreign);
    await log.open(OPEN);
    await log.close();
    cpSync(join(other, SEGMENT), join(ours, SEGMENT));
    expect(await refusal(ours)).toMatchObject({ code: "IdentityMismatch", details: { what: "replica" } });
  });

  it("L10 a segment made under another cluster id is refused", async () => {
    const grown = async (cluster: string) => {
      const directory = await directoryOf("n1", cluster);
      const { log } = storageOf(directory, { segmentBytesMax: 4_096 });
      await log.open(OPEN);
      for (let i = 0; i < 6; i++) await log.write({ blocks: [block(4 + 10 * i, 10, 1, 100)] });
      await log.close();
      return directory;
    };
    const [ours, foreign] = [await grown(CLUSTER), await grown("d".repeat(32))];
    cpSync(join(foreign, "main/log/0000000000000003.seg"), join(ours, "main/log/0000000000000003.seg"));
    const error = await refusal(ours);
    expect(error).toMatchObject({ code: "IdentityMismatch", details: { what: "cluster" } });
    expect(error.message).toContain("0000000000000003.seg");
  });

  it("L10 an unknown version of any file is refused, not guessed", async () => {
    for (const [file, sealed] of [
      ["identity", 252],
      ["main/replica", 252],
      [SEGMENT, 188],
    ] as const) {
      const directory = await directoryOf();
      raiseVersion(join(directory, file), sealed);
      const error = await refusal(directory);
      expect(error).toMatchObject({ code: "FormatUnknown", details: { version: 2, known: 1 } });
      expect(error.message).toContain(file);
    }
  });

  it("L10 a wrong byte in a small file or a segment's head is damage, and so is a file that is missing", async () => {
    for (const file of ["identity", "main/replica", SEGMENT]) {
      const directory = await directoryOf();
      const path = join(directory, file);
      const bytes = readFileSync(path);
      bytes[30] = (bytes[30] as number) ^ 1;
      writeFileSync(path, bytes);
      expect(await refusal(directory)).toMatchObject({ code: "Damaged", details: { file: path } });
      rmSync(path);
      expect((await refusal(directory)).code).toBe("Damaged");
    }
  });

  it("L12 a log that is gone is not taken for a new one", async () => {
    const directory = await directoryOf();
    rmSync(join(directory, "main/log"), { recursive: true });
    mkdirSync(join(directory, "main/log"));
    expect(await refusal(directory)).toMatchObject({ code: "Damaged" });
  });

  it("L11 a directory that is open is refused to the next one, at once", async () => {
    const directory = temporaryDirectory();
    const { log } = await openLog(directory);
    await expect(storageOf(directory).log.open(OPEN)).rejects.toMatchObject({ code: "DirectoryLocked" });
    await expect(log.write({ blocks: [block(1, 1, 1)] })).resolves.toBeUndefined();
  });

  it("L10 lengths are bounded before memory is spent: a batch that claims 4 GiB is a torn tail", async () => {
    const directory = await directoryOf();
    const path = join(directory, SEGMENT);
    const bytes = readFileSync(path);
    const last = batchesOf(path, bytes).at(-1)?.at ?? 0;
    const claim = Buffer.alloc(64);
    bytes.copy(claim, 0, last);
    claim.writeUInt32LE(0xffff_ffc0, 4);
    claim.writeUInt32LE(claim.readUInt32LE(8) + 1, 8);
    claim.writeUInt32LE(bytes.length, 16);
    claim.writeUInt32LE(bytes.readUInt32LE(last + 60), 56);
    claim.writeUInt32LE(checksum.crc32(claim.subarray(0, 60)), 60);
    writeFileSync(path, Buffer.concat([bytes, claim]));
    const { opened } = await openLog(directory);
    expect(opened).toMatchObject({ last: { index: 3, term: 1 } });
    expect(opened.cut).toContain("is longer than the file");
  });

  it("L10 the directory and its files are the owner's alone", async () => {
    const directory = join(temporaryDirectory(), "deep", "data");
    await openLog(directory);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, SEGMENT)).mode & 0o777).toBe(0o600);
  });

  it("L10 a group's name cannot lead out of the directory, or to the files beside the groups", async () => {
    for (const groupId of ["..", ".", "identity", "LOCK.1"])
      expect(await refusal(temporaryDirectory(), { ...OPEN, groupId })).toMatchObject({ code: "BadOption" });
  });

  it("L10 a directory that cannot be made is refused with its name and the cause", async () => {
    const file = join(temporaryDirectory(), "file");
    writeFileSync(file, "");
    const error = await refusal(join(file, "data"));
    expect(error).toMatchObject({ code: "StorageFailed", details: { code: "ENOTDIR" } });
    expect(error.message).toContain(`${file}/data`);
  });

  it("O05 a wrong option is refused with field, value and rule", () => {
    const refused = (options: object) => () => storageOf("/data", options);
    expect(refused({ segmentBytesMax: 100 })).toThrow(/segmentBytesMax of fileStorage is 100, but it must be/);
    expect(refused({ directory: "" })).toThrow(/option directory of fileStorage is ""/);
    expect(refused({ preallocate: "yes" })).toThrow(/preallocate/);
    expect(refused({ groupId: "a/b" })).toThrow(/groupId/);
    expect(refused({ segmentBytes: 1 })).toThrow(/segmentBytes of fileStorage is 1, but it is not an option/);
  });

  it("L10 a record with a number beyond 2⁵³ is refused, as counting on from it would never end", async () => {
    const directory = temporaryDirectory();
    const { log } = storageOf(directory);
    await log.open(OPEN);
    await log.write({ resetTo: { index: 2 ** 60, term: 1 } });
    await log.write({ commitHint: 1, hardState: { term: 2, vote: null, recoveryNumber: 0, removedAt: 0 } });
    await log.close();
    await expect(storageOf(directory).log.open(OPEN)).rejects.toMatchObject({ code: "Damaged" });
  });
});
