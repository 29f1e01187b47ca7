import { crc32 } from "../time/crc32.js";
import { check, gathered, pattern, rejects, same } from "./check.js";
import type { Law } from "./law.js";
import { announced, indices, metaOf, type SnapshotStorageFactory, usingSnapshots } from "./snapshot-storage-fixture.js";

/** Of snapshots that this node saves, and of what is read of them. */
export const snapshotSavingLaws = (factory: SnapshotStorageFactory): readonly Law[] => [
  {
    id: "S02 a committed snapshot is there after a crash, with its size, checksum and bytes",
    why: "the log below it is compacted away: nothing else holds that state",
    run: usingSnapshots(factory, async (rig) => {
      same(rig.listed, [], "a fresh place");
      const bytes = pattern(123_456, 1);
      const saved = await rig.save(10, bytes);
      same([saved.sizeBytes, saved.checksum], [bytes.length, crc32.crc32(bytes)], "size and checksum");
      same(await rig.restart(), [saved], "listed after a crash");
      same(await gathered(rig.storage.read(saved, 0)), bytes, "bytes");
    }),
  },
  {
    id: "S01 index, term, configuration, log time and format come back as they were given",
    why: "a restored node that lost its configuration counts the wrong majority",
    run: usingSnapshots(factory, async (rig) => {
      const saved = await rig.save(7, pattern(100, 2));
      const [listed] = await rig.restart();
      same({ ...listed, sizeBytes: 0, checksum: 0 }, metaOf(7), "meta");
      same(listed, saved, "what commit said");
    }),
  },
  {
    id: "S02 what was not committed is not there",
    why: "half a state, loaded, is a wrong state",
    run: usingSnapshots(factory, async (rig) => {
      await rig.save(5, pattern(50, 1));
      const left = await rig.storage.begin(metaOf(8), "local");
      await left.write(pattern(500, 2));
      const aborted = await rig.storage.begin(metaOf(9), "local");
      await aborted.write(pattern(500, 3));
      await aborted.abort(false);
      same(indices(await rig.restart()), [5], "listed");
    }),
  },
  {
    id: "S02 S06 the newest two are kept, newest first, and numbers are compared as numbers",
    why: "a reaper that sorts names keeps 9 and drops 10, and with it the only state the log continues",
    run: usingSnapshots(factory, async (rig) => {
      for (const index of [8, 9, 10, 100]) {
        await rig.save(index, pattern(index, index));
        check(indices(await rig.restart()).length <= 2, "more than two are kept");
        same(rig.listed[0]?.id.index, index, "the newest");
      }
      same(indices(rig.listed), [100, 10], "kept");
      for (const meta of rig.listed)
        same(await gathered(rig.storage.read(meta, 0)), pattern(meta.id.index, meta.id.index), "bytes");
    }),
  },
  {
    id: "S02 of two snapshots saved at once neither disturbs the other",
    why: "a local save and an install that share a file make one valid-looking snapshot out of two",
    run: usingSnapshots(factory, async (rig) => {
      const [a, b] = [pattern(3_000, 1), pattern(4_000, 2)];
      const local = await rig.storage.begin(metaOf(20), "local");
      const received = await rig.storage.begin(announced(21, b), "received");
      for (let at = 0; at < 4_000; at += 1_000) {
        if (at < a.length) await local.write(a.slice(at, at + 1_000));
        await received.write(b.slice(at, at + 1_000));
      }
      const [metaB, metaA] = [await received.commit(), await local.commit()];
      same(indices(await rig.restart()), [21, 20], "listed");
      same(await gathered(rig.storage.read(metaA, 0)), a, "the local one");
      same(await gathered(rig.storage.read(metaB, 0)), b, "the received one");
    }),
  },
  {
    id: "S04 reading begins at any offset, in chunks of at most 1 MiB that belong to the caller, or the last so many bytes of them that he asked for",
    why: "a broken transfer goes on where it ended; a chunk that aliases the store would let a reader change it, one that is overwritten too early is sent wrong",
    run: usingSnapshots(factory, async (rig) => {
      const bytes = pattern(2_500_000, 3);
      const meta = await rig.save(30, bytes);
      for (const offset of [0, 1, 999_999, 2_499_999, 2_500_000]) {
        same(
          crc32.crc32(await gathered(rig.storage.read(meta, offset))),
          crc32.crc32(bytes.slice(offset)),
          `from ${offset}`,
        );
      }
      for await (const chunk of rig.storage.read(meta, 0)) {
        check(chunk.length > 0 && chunk.length <= 1 << 20, `a chunk of ${chunk.length} bytes`);
        chunk.fill(0);
      }
      same(
        crc32.crc32(await gathered(rig.storage.read(meta, 0))),
        meta.checksum,
        "after a reader scribbled over its chunks",
      );
      for (const heldBytesMax of [0, 1, 700_000]) {
        const held: { readonly chunk: Uint8Array; readonly from: number }[] = [];
        let taken = 0;
        for await (const chunk of rig.storage.read(meta, 0, heldBytesMax)) {
          while (held.length > 0 && (held[0]?.from ?? 0) < taken - heldBytesMax) held.shift();
          held.push({ chunk, from: taken });
          taken += chunk.length;
          for (const { chunk: bytesHeld, from } of held)
            same(
              crc32.crc32(bytesHeld),
              crc32.crc32(bytes.subarray(from, from + bytesHeld.length)),
              `held from ${from}`,
            );
        }
        same(taken, bytes.length, "bytes");
      }
    }),
  },
  {
    id: "S04 a chunk handed over is the caller's again once write resolved",
    why: "state machines fill one buffer again and again",
    run: usingSnapshots(factory, async (rig) => {
      const sink = await rig.storage.begin(metaOf(40), "local");
      const buffer = new Uint8Array(100);
      for (let i = 0; i < 5; i++) {
        buffer.fill(i + 1);
        await sink.write(buffer);
      }
      buffer.fill(0xff);
      const bytes = await gathered(rig.storage.read(await sink.commit(), 0));
      same([bytes.length, bytes[0], bytes[250], bytes[499]], [500, 1, 3, 5], "bytes");
    }),
  },
  {
    id: "S02 a snapshot without bytes is a snapshot",
    why: "an empty state machine has a state too",
    run: usingSnapshots(factory, async (rig) => {
      const meta = await rig.save(3, new Uint8Array(0));
      same([meta.sizeBytes, meta.checksum], [0, 0], "size and checksum");
      same(indices(await rig.restart()), [3], "listed");
      same(await gathered(rig.storage.read(meta, 0)), new Uint8Array(0), "bytes");
    }),
  },
  {
    id: "S02 a sink that was committed or aborted is spent",
    why: "a late chunk must not change what counts as verified",
    run: usingSnapshots(factory, async (rig) => {
      const sink = await rig.storage.begin(metaOf(4), "local");
      await sink.write(pattern(10, 1));
      const meta = await sink.commit();
      await rejects(() => sink.write(pattern(10, 2)), "a write after commit");
      await rejects(() => sink.commit(), "a second commit");
      await sink.abort(false);
      same(await gathered(rig.storage.read(meta, 0)), pattern(10, 1), "bytes");
    }),
  },
  {
    id: "O01 O04 close may be called twice, and describe is plain data at any time",
    why: "stopping is done under stress, and asked about most then",
    run: usingSnapshots(factory, async (rig) => {
      await rig.save(4, pattern(10, 1));
      for (let round = 0; round < 2; round++) {
        check(Object.keys(JSON.parse(JSON.stringify(rig.storage.describe())) as object).length > 0, "no facts");
        await rig.storage.close();
      }
    }),
  },
];
