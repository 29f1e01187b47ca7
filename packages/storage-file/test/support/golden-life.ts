import { EntryType, encodeConfiguration, LogBlock, type SnapshotMeta, votersOnly } from "@hexraft/core/ports";
import { block, OPEN, storageOf } from "./host.js";
import { ManualScheduler } from "./manual-scheduler.js";

export const GOLDEN_CLUSTER = "0123456789abcdef0123456789abcdef";
export const GOLDEN_STREAM = new TextEncoder().encode("state machine bytes of format 1\n".repeat(20));

const VOTERS = votersOnly([
  { id: "n1", incarnation: "00000000000000a1", address: "127.0.0.1:7001" },
  { id: "n2", incarnation: "00000000000000b2", address: "127.0.0.1:7002", priority: 3 },
]);

export const GOLDEN_META: SnapshotMeta = {
  id: { index: 30, term: 2 },
  configuration: { id: { index: 1, term: 1 }, configuration: VOTERS },
  logTimeMs: 1_234,
  formatVersion: 1,
  sizeBytes: 0,
  checksum: 0,
};

/** Two lives of a replica that leave every kind of record, several segments, a foot, a snapshot: always the same bytes. */
export async function liveGoldenLife(directory: string): Promise<void> {
  const parts = { segmentBytesMax: 4_096, scheduler: new ManualScheduler().asPort() };
  const first = storageOf(directory, parts);
  await first.log.open(OPEN);
  await first.log.adopt(GOLDEN_CLUSTER);
  const begin = LogBlock.of(
    1,
    1,
    10,
    [EntryType.configuration, EntryType.empty],
    [encodeConfiguration(VOTERS), new Uint8Array(0)],
  );
  const vote = { id: "n2", incarnation: "00000000000000b2" };
  await first.log.write({ hardState: { term: 1, vote, recoveryNumber: 0, removedAt: 0 }, blocks: [begin] });
  await first.log.write({ blocks: [block(3, 20, 1, 100)], commitHint: 2 });
  await first.log.write({ truncateFrom: 18, blocks: [block(18, 23, 2, 100)] });
  await first.log.close();
  const second = storageOf(directory, parts);
  await second.log.open(OPEN);
  await second.snapshots.open();
  const sink = await second.snapshots.begin(GOLDEN_META, "local");
  await sink.write(GOLDEN_STREAM);
  await sink.commit();
  const hardState = { term: 3, vote: null, recoveryNumber: 1, removedAt: 0 };
  await second.log.write({ hardState, blocks: [block(41, 25, 3, 100)], commitHint: 40 });
  await second.log.write({ blocks: [block(66, 3, 3, 5_000)] });
  await second.snapshots.close();
  await second.log.close();
}
