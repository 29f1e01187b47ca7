import { LogStorage, SnapshotStorage } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { MemoryDisk } from "./memory-disk.js";
import { MemoryLogStorage } from "./memory-log-storage.js";
import { MemorySnapshotStorage } from "./memory-snapshot-storage.js";

/**
 * Binds LogStorage and SnapshotStorage to a disk in memory: everything is gone with the process.
 *
 * @param disk - give the same one to the next node, and it is a restart.
 */
export function memoryStorage(disk: MemoryDisk = new MemoryDisk()): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(LogStorage)
      .toDynamicValue(() => new MemoryLogStorage(disk))
      .inSingletonScope();
    bind(SnapshotStorage)
      .toDynamicValue(() => new MemorySnapshotStorage(disk))
      .inSingletonScope();
  });
}
