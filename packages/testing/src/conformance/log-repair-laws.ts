import type { LogHole } from "@hexraft/core/ports";
import { check, same } from "./check.js";
import type { Law } from "./law.js";
import { block, type LogStorageFactory, type LogStorageRig, linesOf, REQUEST, withLog } from "./log-storage-fixture.js";

/** What a storage that can `repair` owes when it has lost entries; one that cannot has none of it to show. */
export const logRepairLaws = (factory: LogStorageFactory): readonly Law[] => [
  {
    id: "L03 lost entries are named, with file and bytes; their neighbours and the log's end stay",
    why: "an entry that is silently gone may have been the one copy that made a majority",
    run: withDamage(factory, async (rig, { opened, told }) => {
      same(opened.last, { index: 9, term: 2 }, "last");
      const lost = await refusalOf(rig, 4);
      check(lost.first <= 4 && lost.last === 6, `entries ${lost.first}–${lost.last} are said to be lost`);
      check(lost.file !== "" && lost.length > 0, "file and bytes are named");
      same(await rig.entries(1, lost.first - 1), linesOf(block(1, 3, 1)), "the entries before");
      same(await rig.entries(7, 9), linesOf(block(7, 3, 2)), "the entries behind");
      const known = [...(opened.holes ?? []), ...told];
      check(
        known.some(({ first, last }) => first <= 4 && last >= 6),
        "the hole is told of when it is opened, or when it is found",
      );
    }),
  },
  {
    id: "L03 what is put back is there when that is durable, and after a crash",
    why: "a node that votes again on a repair that did not last is where it began",
    run: withDamage(factory, async (rig) => {
      await refusalOf(rig, 4);
      await rig.storage.repair?.([block(4, 3, 2)]);
      const all = linesOf(block(1, 3, 1), block(4, 3, 2), block(7, 3, 2));
      same(await rig.entries(1, 9), all, "entries");
      const again = await rig.crash();
      same([again.last, again.holes ?? []], [{ index: 9, term: 2 }, []], "last and holes");
      same(await rig.entries(1, 9), all, "entries after a crash");
    }),
  },
  {
    id: "L03 a part may be put back, and writes go on meanwhile",
    why: "a hole may be larger than a message, and the node follows its leader all the time",
    run: withDamage(factory, async (rig) => {
      await refusalOf(rig, 4);
      await rig.storage.repair?.([block(4, 1, 2)]);
      await rig.append(block(10, 2, 2));
      const rest = await refusalOf(rig, 5);
      same([rest.first, rest.last], [5, 6], "what is left of the hole");
      await rig.storage.repair?.([block(5, 2, 2)]);
      same(
        await rig.entries(1, 11),
        linesOf(block(1, 3, 1), block(4, 1, 2), block(5, 2, 2), block(7, 3, 2), block(10, 2, 2)),
        "entries",
      );
    }),
  },
];

interface Found {
  readonly opened: LogStorageRig["opened"];
  /** Holes that were told of since. */
  readonly told: readonly LogHole[];
}

/** A log of entries 1 to 9, of which 4 to 6 are lost. */
const withDamage = (
  factory: LogStorageFactory,
  body: (rig: LogStorageRig, found: Found) => Promise<void>,
): (() => Promise<void>) =>
  withLog(factory, async (rig) => {
    const { fixture } = rig;
    if (fixture.damage === undefined) return;
    for (const each of [block(1, 3, 1), block(4, 3, 2), block(7, 3, 2)]) await rig.append(each);
    await rig.storage.close();
    await fixture.damage(4, 6);
    const told: LogHole[] = [];
    rig.storage = await rig.fixture.create();
    const opened = await rig.storage.open({
      ...REQUEST,
      watcher: { damaged: (hole) => void told.push(hole), failed: () => {} },
    });
    await body(rig, { opened, told });
  });

/** The hole that a read of this entry is refused with. */
async function refusalOf(rig: LogStorageRig, index: number): Promise<LogHole> {
  try {
    await rig.storage.read(index, 1 << 20);
  } catch (error) {
    const { code, details } = error as { code: string; details: LogHole };
    same(code, "Damaged", "the code of the refusal");
    return details;
  }
  check(false, `entry ${index} was read, although it was lost`);
  throw new Error("a broken law was passed over");
}
