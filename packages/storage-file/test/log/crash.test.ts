import { AssertionError } from "node:assert";
import { isDeepStrictEqual } from "node:util";
import type { LogStorage, LogWrite, OpenedLog } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { FaultDisk, type Survival } from "../support/fault-disk.js";
import { block, contentOf, OPEN, storageOf } from "../support/host.js";
import { ManualScheduler } from "../support/manual-scheduler.js";
import { ModelLog } from "../support/model-log.js";

const DIRECTORY = "/data";
const SEGMENT = { segmentBytesMax: 4_096 };

/** A life that appends, rolls over, truncates within and across segments, votes, resets and compacts. */
function script(): LogWrite[] {
  const vote = (term: number) => ({
    hardState: { term, vote: { id: "n2", incarnation: "00000000000000b2" }, recoveryNumber: 0, removedAt: 0 },
  });
  return [
    { ...vote(1), blocks: [block(1, 5, 1, 60)] },
    ...Array.from({ length: 6 }, (_, i) => ({ blocks: [block(6 + 10 * i, 10, 1, 90)] })),
    { ...vote(2), truncateFrom: 50, blocks: [block(50, 3, 2)] },
    { truncateFrom: 12, commitHint: 9 },
    { blocks: [block(12, 20, 2, 90), block(32, 8, 2, 90)] },
    { compactTo: { index: 30, term: 2 } },
    { blocks: [block(40, 20, 2, 90)], commitHint: 35 },
    { ...vote(3), blocks: [block(60, 20, 3, 90)], compactTo: { index: 45, term: 2 } },
    { blocks: [block(80, 2, 3, 3_000)] },
    { resetTo: { index: 500, term: 4 }, ...vote(4) },
    { blocks: [block(501, 20, 4, 120)] },
    { blocks: [block(521, 20, 4, 120)], compactTo: { index: 510, term: 4 } },
    { truncateFrom: 535 },
    ...Array.from({ length: 5 }, (_, i) => ({ blocks: [block(535 + 15 * i, 15, 5, 130)] })),
  ];
}

interface Life {
  readonly disk: FaultDisk;
  readonly preallocate: boolean;
  /** State after each prefix of the writes. */
  readonly models: readonly ModelLog[];
  /** How many writes were acknowledged, and how many were asked for. */
  readonly acknowledged: number;
  /** Segments that were laid over files used before. */
  readonly recycled: number;
  readonly asked: number;
}

function logOn(files: FaultDisk, preallocate: boolean): LogStorage {
  return storageOf(DIRECTORY, { ...SEGMENT, preallocate, files, scheduler: new ManualScheduler().asPort() }).log;
}

/** Runs the script until the crash; writes overlap in threes. */
async function live(crashBefore: number, preallocate: boolean): Promise<Life> {
  const disk = new FaultDisk();
  disk.crashBefore = crashBefore;
  const models = [new ModelLog()];
  let acknowledged = 0;
  let asked = 0;
  let recycled = 0;
  try {
    const log = logOn(disk, preallocate);
    await log.open(OPEN);
    const writes = script();
    while (asked < writes.length) {
      const underWay: Promise<void>[] = [];
      for (const write of writes.slice(asked, asked + 3)) {
        models.push((models.at(-1) as ModelLog).after(write));
        asked++;
        underWay.push(log.write(write).then(() => void acknowledged++));
      }
      recycled = log.describe()["recycledFiles"] as number;
      const settled = await Promise.allSettled(underWay);
      if (settled.some(({ status }) => status === "rejected")) break;
    }
    await log.close();
  } catch {
    // The crash came while it was opened: nothing was asked for yet.
  }
  return { disk, preallocate, models, acknowledged, recycled, asked };
}

/** Opens what the crash left; the log must be one of the prefixes that are allowed. */
async function check(life: Life, image: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const disk = new FaultDisk(image);
  const log = logOn(disk, life.preallocate);
  const opened = await log.open(OPEN);
  const found = await contentOf(log, opened.base.index + 1, opened.last.index);
  const fits = life.models.slice(life.acknowledged, life.asked + 1).some((model) => matches(model, opened, found));
  if (!fits)
    throw new Error(`no prefix of writes ${life.acknowledged}–${life.asked} ends so: ${JSON.stringify(opened)}`);
  await goesOn(log, disk, opened, life.preallocate);
}

function matches(model: ModelLog, opened: OpenedLog, found: readonly string[]): boolean {
  const { base, last, hardState, runs } = opened;
  if (model.last !== last.index || !isDeepStrictEqual(model.hardState, hardState)) return false;
  if (base.index > model.goneUpTo || model.termAt(base.index) !== base.term) return false;
  if (model.termAt(last.index) !== last.term || opened.commitHint > last.index) return false;
  const expected: string[] = [];
  for (let index = base.index + 1; index <= last.index; index++) expected.push(`${index}@${model.termAt(index)}`);
  const terms = runs.flatMap(({ first, term }, i) =>
    Array.from({ length: (runs[i + 1]?.first ?? last.index + 1) - first }, (_, k) => `${first + k}@${term}`),
  );
  return expected.join() === found.join() && expected.join() === terms.join();
}

/** A recovered log takes more, and the next life has that, too. */
async function goesOn(log: LogStorage, disk: FaultDisk, opened: OpenedLog, preallocate: boolean): Promise<void> {
  const next = opened.last.index + 1;
  await log.write({ blocks: [block(next, 30, 9, 100)] });
  await log.write({ blocks: [block(next + 30, 30, 9, 100)] });
  await log.close();
  const again = logOn(new FaultDisk(disk.imageAfterCrash(() => 0)), preallocate);
  const reopened = await again.open(OPEN);
  expect(reopened).toMatchObject({
    startNumber: opened.startNumber + 1,
    hardState: opened.hardState,
    last: { index: next + 59, term: 9 },
    cut: "",
  });
  expect(await contentOf(again, next, next + 59)).toHaveLength(60);
  await again.close();
}

/** A repeatable stream of shares: a change is lost, torn or kept. */
function survivals(seed: number): Survival {
  let state = seed * 2_654_435_761 + 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const drawn = state / 2 ** 32;
    return drawn < 0.3 ? 0 : drawn < 0.6 ? 1 : (drawn - 0.6) / 0.4;
  };
}

async function eachCrash(preallocate: boolean, judge: (life: Life, at: number) => Promise<void>): Promise<number> {
  const whole = await live(Number.POSITIVE_INFINITY, preallocate);
  expect(whole.acknowledged).toBe(script().length);
  expect(whole.recycled > 0).toBe(preallocate);
  for (let at = 1; at <= whole.disk.steps; at++) {
    const life = await live(at, preallocate);
    await judge(life, at).catch((error: unknown) => {
      // Whatever went wrong after a crash is what these tests are about: a log that does not open as well as one that lies.
      const where = `crash before step ${at} of ${whole.disk.steps}, preallocate ${preallocate}`;
      throw new AssertionError({ message: `${where}: ${error instanceof Error ? error.message : String(error)}` });
    });
  }
  return whole.disk.steps;
}

/** These live and die hundreds of times; a busy machine takes its time. */
const PATIENCE_MS = 60_000;

describe.each([
  { title: "growing files", preallocate: false },
  { title: "files written ahead and used again", preallocate: true },
])("FileLogStorage: crashes, $title", ({ preallocate }) => {
  it(
    "L01 L06 L08 power loss at any step, with nothing unsynced kept, leaves a prefix of the writes",
    async () => {
      const steps = await eachCrash(preallocate, (life) =>
        check(
          life,
          life.disk.imageAfterCrash(() => 0),
        ),
      );
      expect(steps).toBeGreaterThan(80);
    },
    PATIENCE_MS,
  );

  it(
    "L01 L02 L06 L07 power loss at any step, with unsynced writes lost, torn and reordered, leaves a prefix of the writes",
    async () => {
      await eachCrash(preallocate, async (life, at) => {
        for (let seed = 0; seed < 2; seed++) await check(life, life.disk.imageAfterCrash(survivals(at * 31 + seed)));
      });
    },
    PATIENCE_MS,
  );

  it(
    "L01 L08 kill -9 at any step leaves a prefix of the writes",
    async () => {
      await eachCrash(preallocate, (life) => check(life, life.disk.imageAfterKill()));
    },
    PATIENCE_MS,
  );

  it(
    "L01 L02 a second crash at any step of the recovery changes nothing",
    async () => {
      for (const first of [30, 60, 75]) {
        const life = await live(first, preallocate);
        const image = life.disk.imageAfterCrash(survivals(first));
        for (let at = 1; at < 40; at++) {
          const disk = new FaultDisk(image);
          disk.crashBefore = at;
          const log = logOn(disk, preallocate);
          await log.open(OPEN).then(
            () => log.close(),
            () => {},
          );
          await check(life, disk.imageAfterCrash(survivals(at)));
        }
      }
    },
    PATIENCE_MS,
  );
});
