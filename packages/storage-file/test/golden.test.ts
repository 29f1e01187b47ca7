import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { GOLDEN_CLUSTER, GOLDEN_META, GOLDEN_STREAM, liveGoldenLife } from "./support/golden-life.js";
import { checksum, contentOf, OPEN, storageOf, temporaryDirectory, words } from "./support/host.js";

const golden = (name: string): string => fileURLToPath(new URL(`./golden/${name}`, import.meta.url));
const GOLDEN = golden("format-1");

const filesIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith("LOCK"))
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .toSorted((a, b) => a.localeCompare(b));

describe("format 1", () => {
  // The older one is of before batches said now and then where the log stands.
  it.each(["format-1", "format-1-older"])("L10 T09 data directory %s opens, with all that is in it", async (name) => {
    const directory = temporaryDirectory();
    cpSync(golden(name), directory, { recursive: true });
    const { log, snapshots } = storageOf(directory, { segmentBytesMax: 4_096 });
    const opened = await log.open({ ...OPEN, newDirectoryId: "0000000000000bad", newIncarnation: "0000000000000bad" });
    onTestFinished(() => log.close());
    expect(opened).toEqual({
      clusterId: GOLDEN_CLUSTER,
      directoryId: "00000000000000d1",
      incarnation: "00000000000000a1",
      startNumber: 3,
      hardState: { term: 3, vote: null, recoveryNumber: 1, removedAt: 0 },
      commitHint: 40,
      base: { index: 0, term: 0 },
      last: { index: 68, term: 3 },
      runs: [
        { first: 1, term: 1 },
        { first: 18, term: 2 },
        { first: 41, term: 3 },
      ],
      configurationIndices: [1],
      cut: "",
    });
    expect(await contentOf(log, 3, 68)).toEqual([...words(3, 17, 1), ...words(18, 40, 2), ...words(41, 68, 3)]);
    const [found, ...others] = await snapshots.open();
    onTestFinished(() => snapshots.close());
    expect(others).toEqual([]);
    expect(found).toEqual({
      ...GOLDEN_META,
      sizeBytes: GOLDEN_STREAM.length,
      checksum: checksum.crc32(GOLDEN_STREAM),
    });
    const parts: Uint8Array[] = [];
    for await (const chunk of snapshots.read(found as NonNullable<typeof found>, 0)) parts.push(chunk);
    expect(Buffer.concat(parts).equals(GOLDEN_STREAM)).toBe(true);
  });

  it("L10 the same life lays down the same bytes today", async () => {
    const directory = temporaryDirectory();
    await liveGoldenLife(directory);
    expect(filesIn(directory)).toEqual(filesIn(GOLDEN));
    const differing = filesIn(GOLDEN).filter(
      (file) => !readFileSync(join(directory, file)).equals(readFileSync(join(GOLDEN, file))),
    );
    expect(differing).toEqual([]);
  });
});
