import type { HardState, LogWrite } from "@hexraft/core/ports";
import { check, rejects, same, watch } from "./check.js";
import type { Law } from "./law.js";
import { block, type LogStorageFactory, linesOf, withLog } from "./log-storage-fixture.js";

const ballot = (term: number, id: string | null): HardState => ({
  term,
  vote: id === null ? null : { id, incarnation: "00000000000000aa" },
  recoveryNumber: 0,
  removedAt: 0,
});

/** What a resolved write promises, and what an unresolved one must not do. */
export const logDurabilityLaws = (factory: LogStorageFactory): readonly Law[] => [
  {
    id: "L01 R16 what a resolved write held is there after a crash",
    why: "an entry acknowledged and then lost is a committed entry lost",
    run: withLog(factory, async (rig) => {
      const [a, b] = [block(1, 3, 1), block(4, 2, 2)];
      await rig.append(a);
      await rig.storage.write({ hardState: ballot(2, "n2"), blocks: [b] });
      const opened = await rig.crash();
      same(opened.last, { index: 5, term: 2 }, "last");
      same(opened.hardState, ballot(2, "n2"), "hard state");
      same(await rig.entries(1, 5), linesOf(a, b), "entries");
    }),
  },
  {
    id: "E02 E09 term and vote survive a crash, the vote's incarnation and a free vote included",
    why: "a voter that forgets its ballot votes twice in one term, and two leaders follow",
    run: withLog(factory, async (rig) => {
      for (const state of [ballot(1, "n1"), ballot(2, null), { ...ballot(7, "n3"), recoveryNumber: 2, removedAt: 9 }]) {
        await rig.storage.write({ hardState: state });
        same((await rig.crash()).hardState, state, "hard state");
      }
    }),
  },
  {
    id: "L01 unresolved writes land as a prefix of whole writes, or not at all",
    why: "a vote without the entries it was written with, or a later write without an earlier one, is a state that never was",
    run: withLog(factory, async (rig) => {
      for (let round = 0; round < 4; round++) {
        const start = rig.opened.last.index;
        const writes: LogWrite[] = Array.from({ length: 8 }, (_, i) => ({
          hardState: ballot(start + i + 1, null),
          blocks: [block(start + i + 1, 1, start + i + 1)],
        }));
        const outcomes = writes.map((write) => rig.storage.write(write));
        for (const outcome of outcomes) outcome.catch(() => {});
        await Promise.all(outcomes.slice(0, round * 2));
        const { hardState, last } = await rig.crash();
        check(last.index >= start + round * 2, `resolved writes are missing: the log ends at ${last.index}`);
        if (last.index > start) same(hardState.term, last.index, "the hard state that came with the last entry");
        same(last.term, last.index === 0 ? 0 : last.index, "the last entry's term");
      }
    }),
  },
  {
    id: "L01 overlapping writes resolve in the order of the calls",
    why: "a durable index that runs ahead of an earlier write acknowledges what may still be lost",
    run: withLog(factory, async (rig) => {
      const order: number[] = [];
      const writes = Array.from({ length: 20 }, (_, i) =>
        rig.storage.write({ blocks: [block(i + 1, 1, 1)] }).then(() => order.push(i)),
      );
      await Promise.all(writes);
      same(
        order,
        Array.from({ length: 20 }, (_, i) => i),
        "order",
      );
    }),
  },
  {
    id: "L01 a write without content resolves after those before it",
    why: "the protocol uses it as a barrier: what it says then must not overtake an earlier ballot",
    run: withLog(factory, async (rig) => {
      const before = watch(rig.storage.write({ hardState: ballot(3, "n1"), blocks: [block(1, 50, 3)] }));
      await rig.storage.write({});
      same(before.state, "resolved", "the write before the barrier");
    }),
  },
  {
    id: "L01 entries, truncation and hard state of one write come together",
    why: "a new term's entries behind an old term's vote would let this voter elect someone who lacks them",
    run: withLog(factory, async (rig) => {
      await rig.append(block(1, 6, 1));
      await rig.storage.write({ hardState: ballot(5, null), truncateFrom: 4, blocks: [block(4, 1, 5)] });
      const { last, hardState, runs } = await rig.crash();
      same([last, hardState.term], [{ index: 4, term: 5 }, 5], "ends");
      same(
        runs,
        [
          { first: 1, term: 1 },
          { first: 4, term: 5 },
        ],
        "runs",
      );
    }),
  },
  {
    id: "L04 after a failed write nothing is taken any more, and a restart finds what was acknowledged",
    why: "after a failed fsync nobody knows what the disk holds; going on would acknowledge guesses",
    run: withLog(factory, async (rig) => {
      await rig.append(block(1, 2, 1));
      if (rig.fixture.failNextWrite !== undefined) {
        rig.fixture.failNextWrite();
        await rejects(() => rig.append(block(3, 1, 1)), "the failing write");
        await rejects(() => rig.append(block(3, 1, 1)), "a write after it");
        await rejects(() => rig.storage.write({ hardState: ballot(9, "n3") }), "a ballot after it");
      }
      const { last, hardState } = await rig.crash();
      check(last.index >= 2, `acknowledged entries are missing: the log ends at ${last.index}`);
      check(hardState.term < 9, "a ballot that was refused came back");
    }),
  },
  {
    id: "O04 close waits for the writes under way and may be called twice; afterwards nothing is taken",
    why: "a write that lands after close lands in the next life's log",
    run: withLog(factory, async (rig) => {
      const write = rig.storage.write({ blocks: [block(1, 3, 1)] });
      const seen = watch(write);
      await rig.storage.close();
      check(seen.state !== "pending", "a write was still under way after close");
      await rig.storage.close();
      await rejects(() => rig.append(block(4, 1, 1)), "a write after close");
      await rejects(() => rig.storage.read(1, 1024), "a read after close");
      await write;
      same((await rig.open()).last.index, 3, "the write that resolved before close");
    }),
  },
  {
    id: "R08 the commit hint rides along, survives, and is never above the last entry",
    why: "a hint above the log would let a restarted node apply entries it does not hold",
    run: withLog(factory, async (rig) => {
      await rig.storage.write({ blocks: [block(1, 5, 1)], commitHint: 3 });
      const { commitHint, last } = await rig.reopen();
      check(commitHint <= 3 && commitHint <= last.index, `hint ${commitHint}, last ${last.index}`);
      await rig.storage.write({ blocks: [block(6, 1, 1)], commitHint: 6 });
      check((await rig.reopen()).commitHint <= 6, "the hint is above what was said");
    }),
  },
];
