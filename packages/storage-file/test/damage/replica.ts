import { type LogStorage, type SnapshotMeta, type SnapshotStorage, votersOnly } from "@hexraft/core/ports";
import { DataDirectory } from "../../src/data-directory.js";
import { FileLogStorage } from "../../src/log/file-log-storage.js";
import { FileSnapshotStorage } from "../../src/snapshots/file-snapshot-storage.js";
import { type DiskImage, JournalDisk } from "../crash-points/journal-disk.js";
import { block, checksum, OPEN } from "../support/host.js";
import { ManualScheduler } from "../support/manual-scheduler.js";

export const LOG = "/data/main/log";
export const SNAPSHOTS = "/data/main/snapshots";
const SETTINGS = {
  directory: "/data",
  groupId: "main",
  segmentBytesMax: 16_384,
  preallocate: false,
  scrubBytesPerSecond: 0,
  snapshotsKept: 2,
};

/** The adapters themselves, without a container: these are made a hundred thousand times. */
export function storagesOver(
  files: JournalDisk,
  { segmentBytesMax = SETTINGS.segmentBytesMax }: { readonly segmentBytesMax?: number } = {},
): { readonly log: LogStorage; readonly snapshots: SnapshotStorage } {
  const settings = { ...SETTINGS, segmentBytesMax };
  const directory = new DataDirectory(settings, files, checksum);
  const log = new FileLogStorage(directory, settings, files, checksum, new ManualScheduler().asPort());
  return { log, snapshots: new FileSnapshotStorage(directory, settings, files, checksum) };
}

export const LAST = 138;
/** The newest hard state; an older one would be a second vote in term 6. */
export const NEWEST = {
  term: 6,
  vote: { id: "n3", incarnation: "00000000000000c3" },
  recoveryNumber: 0,
  removedAt: 0,
};

/** A replica that was shut down in good order: some 64 KiB of log in five segments, the active one short, and two snapshots. */
export async function intactReplica(): Promise<DiskImage> {
  const disk = new JournalDisk();
  const { log, snapshots } = storagesOver(disk);
  await log.open(OPEN);
  await snapshots.open();
  await log.adopt("0123456789abcdef0123456789abcdef");
  for (let first = 1; first <= 130; first += 3) {
    const term = 1 + Math.floor(first / 40);
    const hardState = { term, vote: null, recoveryNumber: 0, removedAt: 0 };
    await log.write({ ...(first % 10 === 1 && { hardState }), blocks: [block(first, 3, term, 400)] });
  }
  for (const index of [50, 90]) {
    const sink = await snapshots.begin(metaOf(index), "local");
    await sink.write(streamOf(index));
    await sink.commit();
  }
  await log.write({ blocks: [block(133, 2, 5, 60)] });
  await log.write({ hardState: NEWEST, blocks: [block(135, 4, 6, 60)] });
  await snapshots.close();
  await log.close();
  return disk.image();
}

/** The bytes of a snapshot's stream. */
export const streamOf = (index: number): Uint8Array =>
  Uint8Array.from({ length: 1_100 }, (_, i) => (index * 31 + i * 7 + (i >> 8)) & 0xff);

function metaOf(index: number): SnapshotMeta {
  const voters = votersOnly([{ id: "n1", incarnation: OPEN.newIncarnation, address: "127.0.0.1:7001" }]);
  return {
    id: { index, term: 2 },
    configuration: { id: { index: 1, term: 1 }, configuration: voters },
    logTimeMs: index,
    formatVersion: 1,
    sizeBytes: 0,
    checksum: 0,
  };
}
