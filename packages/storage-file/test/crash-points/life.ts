import type { LogStorage, LogWrite, SnapshotMeta, SnapshotStorage } from "@hexraft/core/ports";
import { votersOnly } from "@hexraft/core/ports";
import { block, checksum, OPEN, storageOf } from "../support/host.js";
import { ManualScheduler } from "../support/manual-scheduler.js";
import { ModelLog } from "../support/model-log.js";
import { groupsOf, LogAmongOthers } from "../support/shared.js";
import { type DiskStep, EMPTY_DISK, JournalDisk } from "./journal-disk.js";

export const DIRECTORY = "/data";
export const CLUSTER = "0123456789abcdef0123456789abcdef";
const SEGMENT_BYTES = 4_096;

/** When something was asked for and when it was done, as lengths of the journal. */
interface Asked {
  readonly asked: number;
  done: number;
}

/** Over which files a life is led. */
export interface Kind {
  /** Whether files are written ahead and used again. */
  readonly preallocate: boolean;
  /** Whether the replica is one group of a shared log, beside another one that writes whenever it does (G01). */
  readonly shared: boolean;
}

export const KINDS: readonly Kind[] = [
  { preallocate: false, shared: false },
  { preallocate: true, shared: false },
  { preallocate: false, shared: true },
  { preallocate: true, shared: true },
];

/** What a replica did in its lives, and what its disk was told meanwhile. */
export interface RecordedLife {
  readonly kind: Kind;
  readonly journal: readonly DiskStep[];
  readonly starts: readonly Asked[];
  readonly adoption: Asked;
  readonly writes: readonly Asked[];
  /** State after each prefix of the writes. */
  readonly models: readonly ModelLog[];
  readonly snapshots: readonly (Asked & { readonly meta: SnapshotMeta })[];
}

/** Both storages over this disk, not opened, and the writes of the group beside them. */
export function storagesOn(files: JournalDisk, { preallocate, shared }: Kind): Storages {
  const scheduler = new ManualScheduler().asPort();
  const parts = { segmentBytesMax: SEGMENT_BYTES, preallocate, files, scheduler };
  if (!shared) return { ...storageOf(DIRECTORY, parts), others: async () => [] };
  const log = new LogAmongOthers(groupsOf(DIRECTORY, parts));
  return { log, snapshots: log.snapshots, others: () => log.readOther() };
}

interface Storages {
  readonly log: LogStorage;
  readonly snapshots: SnapshotStorage;
  readonly others: () => Promise<readonly string[]>;
}

/**
 * Three lives: appends, rolls over, votes, truncates within and across segments, saves snapshots, compacts behind them, receives a
 * snapshot in two parts and begins anew after it. Writes overlap in threes.
 */
export async function recordLife(kind: Kind): Promise<RecordedLife> {
  const recorder = new Recorder(kind);
  await recorder.open();
  await recorder.adopt();
  await recorder.write({ ...vote(1), blocks: [block(1, 5, 1, 60)] });
  for (let i = 0; i < 6; i += 3)
    await recorder.write(...[i, i + 1, i + 2].map((k) => ({ blocks: [block(6 + 10 * k, 10, 1, 90)] })));
  await recorder.write(
    { ...vote(2), truncateFrom: 50, blocks: [block(50, 3, 2)] },
    { truncateFrom: 12, commitHint: 9 },
    { blocks: [block(12, 20, 2, 90), block(32, 8, 2, 90)] },
  );
  await recorder.save(20, 2);
  await recorder.close();
  await recorder.open();
  await recorder.write({ blocks: [block(40, 20, 2, 90)], commitHint: 35 });
  await recorder.save(35, 2);
  await recorder.write({ compactTo: { index: 20, term: 2 } }, { blocks: [block(60, 10, 2, 90)] });
  await recorder.save(45, 2);
  await recorder.write({ ...vote(3), blocks: [block(70, 10, 3, 90)], compactTo: { index: 35, term: 2 } });
  await recorder.write({ blocks: [block(80, 2, 3, 3_000)] }, { blocks: [block(82, 20, 3, 90)] }, { truncateFrom: 90 });
  await recorder.receive(500, 4);
  await recorder.write({ resetTo: { index: 500, term: 4 }, ...vote(4) }, { blocks: [block(501, 20, 4, 120)] });
  await recorder.close();
  await recorder.open();
  await recorder.save(515, 4);
  await recorder.write({ blocks: [block(521, 20, 4, 120)], compactTo: { index: 500, term: 4 } }, { truncateFrom: 535 });
  // Batches of other sizes than the ones before them in files that are used again: their padding lies over old bytes.
  for (let i = 0; i < 8; i++) await recorder.write({ blocks: [block(535 + 9 * i, 9, 5, 70 + 17 * (i % 5))] });
  await recorder.close();
  return recorder;
}

const vote = (term: number) => ({
  hardState: { term, vote: { id: "n2", incarnation: "00000000000000b2" }, recoveryNumber: 0, removedAt: 0 },
});

/** The bytes of a snapshot's stream: told from its index alone, three chunks of them. */
export function streamOf(index: number): Uint8Array {
  return Uint8Array.from({ length: 700 }, (_, i) => (index * 31 + i * 7) & 0xff);
}

function metaOf(index: number, term: number): SnapshotMeta {
  const stream = streamOf(index);
  const voters = votersOnly([{ id: "n1", incarnation: OPEN.newIncarnation, address: "127.0.0.1:7001" }]);
  return {
    id: { index, term },
    configuration: { id: { index: 1, term: 1 }, configuration: voters },
    logTimeMs: index,
    formatVersion: 1,
    sizeBytes: stream.length,
    checksum: checksum.crc32(stream),
  };
}

class Recorder implements RecordedLife {
  readonly starts: Asked[] = [];
  readonly writes: Asked[] = [];
  readonly models = [new ModelLog()];
  readonly snapshots: (Asked & { readonly meta: SnapshotMeta })[] = [];
  adoption: Asked = { asked: Number.POSITIVE_INFINITY, done: Number.POSITIVE_INFINITY };
  private readonly disk = new JournalDisk(EMPTY_DISK);
  private opened: ReturnType<typeof storagesOn> | undefined;

  constructor(readonly kind: Kind) {}

  get journal(): readonly DiskStep[] {
    return this.disk.journal;
  }

  async open(): Promise<void> {
    const storages = storagesOn(this.disk, this.kind);
    const start = this.ask();
    this.starts.push(start);
    await this.finish(start, storages.log.open(OPEN));
    await storages.snapshots.open();
    this.opened = storages;
  }

  async adopt(): Promise<void> {
    this.adoption = this.ask();
    await this.finish(this.adoption, this.living.log.adopt(CLUSTER));
  }

  /** Asks for all of them before the first is done. */
  async write(...writes: readonly LogWrite[]): Promise<void> {
    const underWay = writes.map((write) => {
      this.models.push((this.models.at(-1) as ModelLog).after(write));
      const asked = this.ask();
      this.writes.push(asked);
      return this.finish(asked, this.living.log.write(write));
    });
    await Promise.all(underWay);
  }

  async save(index: number, term: number): Promise<void> {
    const stream = streamOf(index);
    const sink = await this.living.snapshots.begin(metaOf(index, term), "local");
    for (let at = 0; at < stream.length; at += 300) await sink.write(stream.subarray(at, at + 300));
    const asked = { ...this.ask(), meta: metaOf(index, term) };
    this.snapshots.push(asked);
    await this.finish(asked, sink.commit());
  }

  /** A transfer that breaks in the middle and is gone on with. */
  async receive(index: number, term: number): Promise<void> {
    const meta = metaOf(index, term);
    const stream = streamOf(index);
    const broken = await this.living.snapshots.begin(meta, "received");
    await broken.write(stream.subarray(0, 400));
    await broken.abort(true);
    const sink = await this.living.snapshots.begin(meta, "received");
    await sink.write(stream.subarray(sink.offset));
    const asked = { ...this.ask(), meta };
    this.snapshots.push(asked);
    await this.finish(asked, sink.commit());
  }

  async close(): Promise<void> {
    await this.living.snapshots.close();
    await this.living.log.close();
    this.opened = undefined;
  }

  private async finish(asked: Asked, work: Promise<unknown>): Promise<void> {
    await work;
    asked.done = this.journal.length;
  }

  private get living(): NonNullable<typeof this.opened> {
    if (this.opened === undefined) throw new Error("not opened");
    return this.opened;
  }

  private ask(): Asked {
    return { asked: this.journal.length, done: Number.POSITIVE_INFINITY };
  }
}
