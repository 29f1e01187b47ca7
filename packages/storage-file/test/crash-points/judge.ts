import { isDeepStrictEqual } from "node:util";
import type { LogStorage, OpenedLog, SnapshotMeta, SnapshotStorage } from "@hexraft/core/ports";
import { block, contentOf, OPEN, words } from "../support/host.js";
import type { ModelLog } from "../support/model-log.js";
import { type DiskImage, JournalDisk } from "./journal-disk.js";
import { CLUSTER, type Kind, type RecordedLife, storagesOn, streamOf } from "./life.js";

/** What a replica says after it came up from an image. */
export interface Answer {
  readonly opened: OpenedLog;
  /** Every entry above the base, as `index@term`. */
  readonly content: readonly string[];
  /** Newest first; each was read whole. */
  readonly snapshots: readonly SnapshotMeta[];
  /** Every entry of the other group of a shared log. */
  readonly others: readonly string[];
}

/** Identities that only a new directory would take: one that had forgotten its own shows them. */
const STRANGER = { ...OPEN, newDirectoryId: "0000000000000bad", newIncarnation: "0000000000000bad" };

/** Comes up from an image, and reads all that is there. Returns the disk, the answer, and the log still open. */
export async function comeUp(
  image: DiskImage,
  kind: Kind,
): Promise<{ readonly disk: JournalDisk; readonly answer: Answer; readonly log: LogStorage }> {
  const disk = new JournalDisk(image);
  const { log, snapshots, others } = storagesOn(disk, kind);
  const opened = await log.open(STRANGER);
  const listed = await snapshots.open();
  const content = await contentOf(log, opened.base.index + 1, opened.last.index);
  for (const meta of listed) await readWhole(snapshots, meta);
  return { disk, answer: { opened, content, snapshots: listed, others: await others() }, log };
}

async function readWhole(snapshots: SnapshotStorage, meta: SnapshotMeta): Promise<void> {
  const parts: Uint8Array[] = [];
  for await (const part of snapshots.read(meta, 0)) parts.push(part);
  if (!Buffer.concat(parts).equals(streamOf(meta.id.index)))
    throw new Error(`snapshot ${meta.id.index} has another state machine's bytes`);
}

/** Which rule an answer breaks if the crash came when the journal was `at` long; `undefined` if none. */
export function judge(
  life: RecordedLife,
  at: number,
  { opened, content, snapshots, others }: Answer,
): string | undefined {
  const isDone = ({ done }: { readonly done: number }): boolean => done <= at;
  const isAsked = ({ asked }: { readonly asked: number }): boolean => asked < at;
  const started = life.starts.filter(isDone).length;
  if (opened.startNumber <= started) return `T11 start number ${opened.startNumber} was given out already`;
  if (started > 0 && opened.incarnation !== OPEN.newIncarnation) return "M13 the replica forgot who it is";
  const isClaimed = opened.clusterId === CLUSTER;
  if (isDone(life.adoption) ? !isClaimed : isClaimed && !isAsked(life.adoption))
    return `M13 the cluster id is "${opened.clusterId}"`;
  const acknowledged = life.writes.filter(isDone).length;
  const asked = life.writes.filter(isAsked).length;
  const fits = life.models.slice(acknowledged, asked + 1).some((model) => matches(model, opened, content));
  if (!fits) {
    const { base, last, hardState } = opened;
    return `L01 no prefix of ${acknowledged} to ${asked} writes ends so: ${JSON.stringify({ base, last, hardState, content })}`;
  }
  const beside = others.length;
  const isBeside = beside >= acknowledged && beside <= asked && isDeepStrictEqual(others, words(1, beside, 1));
  if (life.kind.shared && !isBeside)
    return `G03 the other group wrote ${acknowledged} to ${asked} entries, and has ${JSON.stringify(others)}`;
  return judgeSnapshots(life, at, opened, snapshots);
}

/** S02: a snapshot is there whole or not at all, the newest two are kept; S06: the log goes on where they end. */
function judgeSnapshots(
  life: RecordedLife,
  at: number,
  { base }: OpenedLog,
  found: readonly SnapshotMeta[],
): string | undefined {
  const newest = (metas: readonly SnapshotMeta[]) => metas.toSorted((a, b) => b.id.index - a.id.index).slice(0, 2);
  const done = life.snapshots.filter((snapshot) => snapshot.done <= at).map(({ meta }) => meta);
  const asked = life.snapshots.filter((snapshot) => snapshot.asked < at).map(({ meta }) => meta);
  const isDone = isDeepStrictEqual(found, newest(done)) || isDeepStrictEqual(found, newest(asked));
  if (!isDone)
    return `S02 of ${done.length} to ${asked.length} snapshots there are ${JSON.stringify(found.map(({ id }) => id))}`;
  const reach = found[0]?.id.index ?? 0;
  return base.index <= reach ? undefined : `S06 the log begins after ${base.index}, and snapshots end at ${reach}`;
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

/** What a later start must say again; a start number is another one each time, and a torn tail is cut once. */
export function lasting({ opened, content, snapshots, others }: Answer): unknown {
  const { startNumber: _, cut: __, ...kept } = opened;
  return { ...kept, content, snapshots, others };
}

/** A replica that came up takes more, and its next life has that, too. */
export async function goOn(log: LogStorage, { opened, content }: Answer): Promise<readonly string[]> {
  const next = opened.last.index + 1;
  // One into the segment where it came up, so that all that recovery took for whole is read through; then over its end.
  await log.write({ blocks: [block(next, 3, 9, 20)] });
  await log.write({ blocks: [block(next + 3, 30, 9, 100)] });
  return [...content, ...Array.from({ length: 33 }, (_, i) => `${next + i}@9`)];
}
