import { crc32 } from "../time/crc32.js";
import { check, gathered, pattern, refuses, same } from "./check.js";
import type { Law } from "./law.js";
import { announced, type SnapshotStorageFactory, usingSnapshots } from "./snapshot-storage-fixture.js";

/** Of snapshots that come from another node, and of damage. */
export const snapshotReceivingLaws = (factory: SnapshotStorageFactory): readonly Law[] => [
  {
    id: "S04 a received snapshot goes on where a broken transfer of the same one ended",
    why: "a large snapshot over a bad line would otherwise never arrive",
    run: usingSnapshots(factory, async (rig) => {
      const bytes = pattern(10_000, 5);
      const meta = announced(50, bytes);
      const first = await rig.storage.begin(meta, "received");
      same(first.offset, 0, "first offset");
      await first.write(bytes.slice(0, 6_000));
      await first.abort(true);
      const second = await rig.storage.begin(meta, "received");
      check(second.offset >= 0 && second.offset <= 6_000, `offset ${second.offset}`);
      await second.write(bytes.slice(second.offset));
      same(await second.commit(), meta, "meta");
      same(await gathered(rig.storage.read(meta, 0)), bytes, "bytes");
    }),
  },
  {
    id: "S04 what another snapshot left, or was given up for good, is not gone on with",
    why: "chunks of two snapshots in one file are neither of them",
    run: usingSnapshots(factory, async (rig) => {
      const [a, b] = [pattern(5_000, 1), pattern(5_000, 2)];
      const broken = await rig.storage.begin(announced(60, a), "received");
      await broken.write(a.slice(0, 3_000));
      await broken.abort(true);
      const other = await rig.storage.begin(announced(60, b), "received");
      same(other.offset, 0, "another snapshot at the same index");
      await other.write(b.slice(0, 2_000));
      await other.abort(false);
      same((await rig.storage.begin(announced(60, b), "received")).offset, 0, "after giving it up");
    }),
  },
  {
    id: "S05 S09 a received snapshot with a wrong checksum or size is refused and removed",
    why: "damage on the way, once committed, is a replica that differs for ever",
    run: usingSnapshots(factory, async (rig) => {
      const bytes = pattern(2_000, 7);
      const damaged = bytes.slice();
      damaged[1_000] = (damaged[1_000] ?? 0) ^ 1;
      for (const arrived of [damaged, bytes.slice(0, 1_999), new Uint8Array([...bytes, 0])]) {
        const sink = await rig.storage.begin(announced(70, bytes), "received");
        same(sink.offset, 0, "offset after a refused one");
        const finished = async () => {
          await sink.write(arrived);
          await sink.commit();
        };
        await refuses(finished, "Damaged", `${arrived.length} bytes`);
      }
      same(await rig.restart(), [], "listed");
    }),
  },
  {
    id: "S09 a snapshot that was damaged at rest is not handed out whole",
    why: "loaded, it would be a state that no log leads to",
    run: usingSnapshots(factory, async (rig) => {
      const meta = await rig.save(80, pattern(5_000, 9));
      if (rig.fixture.damage === undefined) {
        same(
          crc32.crc32(await gathered(rig.storage.read(meta, 0))),
          meta.checksum,
          "the checksum of what is handed out",
        );
        return;
      }
      await rig.fixture.damage(80);
      await refuses(() => gathered(rig.storage.read(meta, 0)), "Damaged", "reading it");
    }),
  },
];
