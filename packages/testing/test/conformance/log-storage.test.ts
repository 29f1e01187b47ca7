import { logStorageLaws, register } from "@hexraft/testing/conformance";
import { describe, it } from "vitest";
import { MemoryDisk } from "../../src/disk/memory-disk.js";
import { MemoryLogStorage } from "../../src/disk/memory-log-storage.js";

for (const encode of [false, true]) {
  const { title, laws } = logStorageLaws(() => {
    const disk = new MemoryDisk({ encode });
    return {
      create: () => new MemoryLogStorage(disk),
      crash: () => disk.crash(),
      failNextWrite: () => disk.failNextWrite(new Error("EIO")),
      damage: (first, last) => disk.damage(first, last),
      dispose: () => {},
    };
  });
  register({ title: `${title}, in memory${encode ? ", as bytes" : ""}`, laws }, { describe, it });
}
