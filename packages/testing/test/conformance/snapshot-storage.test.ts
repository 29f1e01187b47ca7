import { register, snapshotStorageLaws } from "@hexraft/testing/conformance";
import { describe, it } from "vitest";
import { MemoryDisk } from "../../src/disk/memory-disk.js";
import { MemorySnapshotStorage } from "../../src/disk/memory-snapshot-storage.js";

const { title, laws } = snapshotStorageLaws(() => {
  const disk = new MemoryDisk();
  return {
    create: () => new MemorySnapshotStorage(disk),
    crash: () => disk.crash(),
    damage: (index) => disk.damageSnapshot(index),
    dispose: () => {},
  };
});
register({ title: `${title}, in memory`, laws }, { describe, it });
