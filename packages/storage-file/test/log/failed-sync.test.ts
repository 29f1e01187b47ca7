import { SeededRandom } from "@hexraft/testing";
import { SimulatedFileSystem } from "@hexraft/testing/simulator";
import { describe, expect, it } from "vitest";
import { block, contentOf, OPEN, storageOf, words } from "../support/host.js";

/**
 * "Can applications recover from fsync failures?" (ATC'20): the host drops what it could not write, goes on to show it, and
 * calls it clean. Seeds 98 and 159 of the simulator (profile swarm) found that a process restarted without a power cut
 * then sealed what no disk ever held; after the next power cut the node could not be opened any more.
 */
async function afterFailedSync(segmentBytesMax: number, entries: number): Promise<void> {
  const disk = new SimulatedFileSystem(new SeededRandom(1));
  const life = () => storageOf("data", { files: disk.mount(), segmentBytesMax }).log;
  const first = life();
  await first.open(OPEN);
  for (let index = 1; index < entries; index++) await first.write({ blocks: [block(index, 1, 1)] });
  disk.fail("failed-sync");
  await expect(first.write({ blocks: [block(entries, 1, 1)] })).rejects.toThrow("EIO");
  await first.close();

  const second = life();
  const { last } = await second.open(OPEN);
  await second.write({ blocks: [block(last.index + 1, 1, 2)] });
  await second.write({ blocks: [block(last.index + 2, 1, 2)] });
  disk.crash("none");

  const third = life();
  const opened = await third.open(OPEN);
  expect(opened.last).toEqual({ index: last.index + 2, term: 2 });
  expect(opened.holes ?? []).toEqual([]);
  expect(await contentOf(third, 1, last.index + 2)).toEqual([
    ...words(1, last.index, 1),
    ...words(last.index + 1, last.index + 2, 2),
  ]);
  await third.close();
}

describe("FileLogStorage: after a failed sync", () => {
  it("L01 L02 L04 what the host shows and never wrote is written again before anything is sealed upon it", async () => {
    await afterFailedSync(1024 * 1024, 4);
  });

  it("L02 L04 L06 a foot that the host shows and never wrote is written again before the next segment is used", async () => {
    // Whichever write makes the segment roll over: its foot is the one whose sync fails.
    for (let entries = 2; entries < 80; entries++) await afterFailedSync(4_096, entries);
  });
});
