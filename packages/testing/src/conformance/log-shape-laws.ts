import { blockBytes, EntryType, LogBlock, openBlock } from "@hexraft/core/ports";
import { crc32 } from "../time/crc32.js";
import { check, pattern, same } from "./check.js";
import type { Law } from "./law.js";
import { block, type LogStorageFactory, linesOf, withLog } from "./log-storage-fixture.js";

/** Reads, truncation, compaction, reset: which entries there are. */
export const logShapeLaws = (factory: LogStorageFactory): readonly Law[] => [
  {
    id: "R13 entries read back are those written: type, payload, term and log time",
    why: "a slow follower gets what the disk says; one changed bit is two different histories",
    run: withLog(factory, async (rig) => {
      const types = [EntryType.empty, EntryType.command, EntryType.configuration, EntryType.sessionCommand] as const;
      const mixed = LogBlock.of(
        1,
        3,
        123_456,
        types,
        types.map((_, i) => pattern(i * 5, i)),
      );
      const rest = block(5, 20, 4);
      await rig.append(mixed, rest);
      same(await rig.entries(1, 24), linesOf(mixed, rest), "before a restart");
      await rig.crash();
      same(await rig.entries(1, 24), linesOf(mixed, rest), "after it");
    }),
  },
  {
    id: "R13 a read may begin inside a block, and its first entry is the one asked for",
    why: "a follower's next index knows nothing of blocks",
    run: withLog(factory, async (rig) => {
      const [a, b] = [block(1, 10, 1), block(11, 10, 1)];
      await rig.append(a, b);
      const lines = linesOf(a, b);
      for (const from of [1, 2, 7, 10, 11, 15, 20]) {
        const [head] = await rig.storage.read(from, 1 << 20);
        same(head?.first, from, "first entry of the first block");
        same(await rig.entries(from, 20), lines.slice(from - 1), `entries from ${from}`);
      }
    }),
  },
  {
    id: "R10 R13 a read keeps to its bytes, yet always brings an entry",
    why: "without the bound a slow follower costs memory; without the exception one large entry blocks it for ever",
    run: withLog(factory, async (rig) => {
      const blocks = Array.from({ length: 30 }, (_, i) =>
        LogBlock.of(i + 1, 1, 0, EntryType.command, [pattern(1_000, i)]),
      );
      await rig.append(...blocks);
      for (const bytesMax of [1, 1_200, 5_000, 20_000]) {
        const got = await rig.storage.read(4, bytesMax);
        const bytes = got.reduce((sum, each) => sum + each.sizeBytes, 0);
        check(got.length > 0 && got[0]?.first === 4, `read(4, ${bytesMax}) does not begin with entry 4`);
        check(
          got.length === 1 || bytes <= bytesMax,
          `read(4, ${bytesMax}) brought ${bytes} bytes in ${got.length} blocks`,
        );
      }
      same(await rig.entries(1, 30, 2_500), linesOf(...blocks), "all of it, in pieces");
    }),
  },
  {
    id: "R13 empty payloads, a megabyte, and blocks of a thousand entries come back whole",
    why: "a layout that fails at its edges fails on the one day they are reached",
    run: withLog(factory, async (rig) => {
      const empty = LogBlock.of(1, 1, 5, EntryType.empty, [new Uint8Array(0)]);
      const large = LogBlock.of(2, 1, 6, EntryType.command, [pattern(1 << 20, 1)]);
      const many = LogBlock.of(
        3,
        2,
        7,
        EntryType.command,
        Array.from({ length: 1_000 }, (_, i) => pattern(i % 17, i)),
      );
      await rig.append(empty, large, many);
      await rig.reopen();
      same(await rig.entries(1, 1_002, 4 << 20), linesOf(empty, large, many), "entries");
    }),
  },
  {
    id: "R13 a block received as bytes is kept as well as one made of parts",
    why: "a follower lays down the bytes it got from the wire, cut where they conflict",
    run: withLog(factory, async (rig) => {
      const parts = block(1, 12, 2);
      const received = openBlock(blockBytes(parts, crc32).slice(), 0, crc32);
      await rig.append(received.slice(1, 5), received.slice(6, 12));
      await rig.crash();
      same(await rig.entries(1, 12), linesOf(parts), "entries");
    }),
  },
  {
    id: "L07 R02 what replaces a truncated suffix is all there is",
    why: "a stale record behind the new tail, read again after a restart, is an entry nobody voted for",
    run: withLog(factory, async (rig) => {
      const [a, old, fresh] = [block(1, 5, 1), block(6, 5, 2), block(4, 3, 3)];
      await rig.append(a, old);
      await rig.storage.write({ truncateFrom: 4, blocks: [fresh] });
      const expected = [...linesOf(a).slice(0, 3), ...linesOf(fresh)];
      same(await rig.entries(1, 6), expected, "at once");
      const { last, runs } = await rig.crash();
      same(
        [last, runs],
        [
          { index: 6, term: 3 },
          [
            { first: 1, term: 1 },
            { first: 4, term: 3 },
          ],
        ],
        "after a crash",
      );
      same(await rig.entries(1, 6), expected, "entries after a crash");
    }),
  },
  {
    id: "L07 a truncation alone is durable, and the dead suffix stays dead when the log grows over it",
    why: "an old batch behind a new one of equal length must not come back to life",
    run: withLog(factory, async (rig) => {
      await rig.append(block(1, 3, 1));
      await rig.append(block(4, 3, 2));
      await rig.append(block(7, 3, 2));
      await rig.storage.write({ truncateFrom: 4 });
      same((await rig.crash()).last, { index: 3, term: 1 }, "after the truncation");
      const fresh = block(4, 3, 5);
      await rig.append(fresh);
      const { last } = await rig.crash();
      same(last, { index: 6, term: 5 }, "after an equally long append");
      same(await rig.entries(4, 6), linesOf(fresh), "entries");
    }),
  },
  {
    id: "L07 a truncation may take the whole log, down to the base",
    why: "a follower whose every entry was another leader's begins again from nothing",
    run: withLog(factory, async (rig) => {
      await rig.append(block(1, 4, 1));
      await rig.storage.write({ truncateFrom: 1 });
      const { last, runs, base } = await rig.reopen();
      same([last, runs, base], [{ index: 0, term: 0 }, [], { index: 0, term: 0 }], "ends");
      await rig.append(block(1, 1, 9));
      same((await rig.reopen()).last, { index: 1, term: 9 }, "a new beginning");
    }),
  },
  {
    id: "M01 M10 configuration entries are found at opening, and truncated ones are not",
    why: "a node that misses a configuration counts the wrong majority; one that keeps a dead one does too",
    run: withLog(factory, async (rig) => {
      await rig.append(
        block(1, 1, 1, EntryType.configuration),
        block(2, 3, 1),
        block(5, 2, 1, EntryType.configuration),
      );
      same((await rig.reopen()).configurationIndices, [1, 5, 6], "all");
      await rig.storage.write({ truncateFrom: 6, blocks: [block(6, 1, 2)] });
      same((await rig.crash()).configurationIndices, [1, 5], "after a truncation");
    }),
  },
  {
    id: "L08 compaction drops entries up to its index at most, and the rest, the terms and the ballot stay",
    why: "a base beyond the snapshot is a hole; a ballot that went with an old segment is a second vote",
    run: withLog(factory, async (rig) => {
      const vote = { term: 4, vote: { id: "n3", incarnation: "00000000000000cc" }, recoveryNumber: 0, removedAt: 0 };
      await rig.storage.write({ hardState: vote, blocks: [block(1, 4, 1)] });
      const tail = [block(5, 4, 2), block(9, 4, 4)];
      await rig.append(...tail);
      await rig.storage.write({ compactTo: { index: 8, term: 2 } });
      const { base, last, hardState, runs } = await rig.crash();
      check(base.index <= 8, `the base ${base.index} is beyond 8`);
      same([last, hardState], [{ index: 12, term: 4 }, vote], "what stays");
      same(runs.at(-1), { first: 9, term: 4 }, "last run");
      check((runs[0]?.first ?? 0) === base.index + 1, "the runs do not begin after the base");
      same(await rig.entries(9, 12), linesOf(tail[1] as LogBlock), "entries");
    }),
  },
  {
    id: "R01 L08 the base keeps its term",
    why: "without it the first append after compaction can be matched with nothing",
    run: withLog(factory, async (rig) => {
      await rig.append(block(1, 4, 1), block(5, 4, 3));
      await rig.storage.write({ compactTo: { index: 8, term: 3 } });
      await rig.append(block(9, 1, 3));
      const { base } = await rig.reopen();
      const expected = base.index === 0 ? 0 : base.index <= 4 ? 1 : 3;
      same(base.term, expected, `term of the base ${base.index}`);
    }),
  },
  {
    id: "S05 a reset leaves nothing but its base, and the log goes on from there",
    why: "an old suffix kept beside an installed snapshot is a log with two histories",
    run: withLog(factory, async (rig) => {
      await rig.append(block(1, 10, 1));
      await rig.storage.write({ resetTo: { index: 50, term: 6 } });
      const { base, last, runs } = await rig.crash();
      same([base, last, runs], [{ index: 50, term: 6 }, { index: 50, term: 6 }, []], "after the reset");
      const next = block(51, 3, 6);
      await rig.append(next);
      same((await rig.crash()).last, { index: 53, term: 6 }, "after an append");
      same(await rig.entries(51, 53), linesOf(next), "entries");
    }),
  },
  {
    id: "S05 a reset may come with a ballot and entries in one write",
    why: "an install and what followed it may share one fsync",
    run: withLog(factory, async (rig) => {
      await rig.append(block(1, 3, 1));
      const hardState = { term: 8, vote: null, recoveryNumber: 0, removedAt: 0 };
      const next = block(21, 2, 8);
      await rig.storage.write({ hardState, resetTo: { index: 20, term: 7 }, blocks: [next] });
      const opened = await rig.crash();
      same(
        [opened.base, opened.last],
        [
          { index: 20, term: 7 },
          { index: 22, term: 8 },
        ],
        "ends",
      );
      same(opened.hardState, hardState, "hard state");
      same(await rig.entries(21, 22), linesOf(next), "entries");
    }),
  },
  {
    id: "L09 many blocks of several terms are read back in order while the log grows",
    why: "a follower catches up while clients write",
    run: withLog(factory, async (rig) => {
      const written: LogBlock[] = [];
      const lines: string[] = [];
      for (let i = 0; i < 60; i++) {
        const next = block(i * 5 + 1, 5, 1 + Math.floor(i / 20));
        written.push(next);
        const write = rig.append(next);
        if (i % 10 === 9) lines.push(...(await rig.entries(lines.length + 1, i * 5 - 5, 700)));
        await write;
      }
      lines.push(...(await rig.entries(lines.length + 1, 300, 700)));
      same(lines, linesOf(...written), "entries");
    }),
  },
];
