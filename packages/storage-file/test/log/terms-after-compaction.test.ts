import { describe, expect, it } from "vitest";
import { block, openLog, reopen, temporaryDirectory } from "../support/host.js";

describe("FileLogStorage: terms after compaction", () => {
  // Segments go one after the other while one stays active: its head names the old base and the log's end, and a base
  // between the two follows. Seed 3023 of the simulator (profile swarm) found that opening it took the entries behind that
  // base for entries of the old base's term: the node came back with a log that never was.
  it("L08 R01 a base between the head's base and its tail says nothing about the terms in between", async () => {
    const directory = temporaryDirectory();
    const parts = { segmentBytesMax: 4_096 };
    const { log } = await openLog(directory, parts);
    const entries = async (from: number, to: number, term: number): Promise<void> => {
      for (let index = from; index <= to; index++) await log.write({ blocks: [block(index, 1, term, 400)] });
    };
    const compactTo = async (index: number, term: number): Promise<void> => {
      await log.write({ compactTo: { index, term } });
      await log.write({ commitHint: index });
    };
    await entries(1, 20, 1);
    await entries(21, 60, 2);
    // The next segment begins with something else than an entry, and its head names the base of before any compaction.
    const segment = () => log.describe()["activeSegment"];
    const full = segment();
    while (segment() === full) await log.write({ commitHint: 60 });
    const last = segment();
    await compactTo(15, 1);
    await entries(61, 63, 2);
    await compactTo(60, 2);
    // It has no foot, which would name the terms.
    expect(segment()).toBe(last);
    const { opened } = await reopen(log, directory, parts);
    expect(opened.base).toEqual({ index: 60, term: 2 });
    expect(opened.runs).toEqual([{ first: 61, term: 2 }]);
  });
});
