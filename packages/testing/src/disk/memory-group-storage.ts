import {
  type ClusterId,
  type DirectoryId,
  type GroupId,
  GroupStorage,
  type GroupStores,
  type NodeId,
  type OpenedGroups,
  type OpenedLog,
  type OpenGroups,
  type OpenLog,
  RaftError,
  type StartNumber,
} from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { MemoryDisk, type MemoryDiskOptions } from "./memory-disk.js";
import { MemoryLogStorage } from "./memory-log-storage.js";
import { MemorySnapshotStorage } from "./memory-snapshot-storage.js";

/** The disk of one process of many groups, in memory: a {@link MemoryDisk} for each group, under one identity. It outlives the process. */
export class MemoryGroupDisk {
  /** @internal The groups' disks. */
  readonly disks = new Map<GroupId, MemoryDisk>();
  /** @internal */
  identity: { readonly nodeId: NodeId; readonly directoryId: DirectoryId } | undefined;
  /** @internal */
  clusterId: ClusterId = "";
  /** @internal */
  startNumber: StartNumber = 0;

  /** An empty disk. */
  constructor(private readonly options: MemoryDiskOptions = {}) {}

  /** The disk of one group: to hold its writes back, slow them down or fail them. Made if it is not there. */
  of(group: GroupId): MemoryDisk {
    let disk = this.disks.get(group);
    if (disk === undefined) this.disks.set(group, (disk = new MemoryDisk(this.options)));
    return disk;
  }

  /** Power is cut: of the writes under way none lands. */
  crash(): void {
    for (const disk of this.disks.values()) disk.crash();
  }
}

/** A GroupStorage over a {@link MemoryGroupDisk}: one life of it. What fails on one group's disk is told to all of them (G03). */
class MemoryGroupStorage implements GroupStorage {
  private onFailed: (reason: string) => void = () => {};

  constructor(private readonly disk: MemoryGroupDisk) {}

  async open({ nodeId, newDirectoryId, onFailed }: OpenGroups): Promise<OpenedGroups> {
    const { disk } = this;
    const known = (disk.identity ??= { nodeId, directoryId: newDirectoryId });
    if (known.nodeId !== nodeId)
      throw new RaftError(
        "IdentityMismatch",
        "refused",
        `the memory disk belongs to node ${known.nodeId}, not ${nodeId}: open the disk of ${nodeId}, or an empty one`,
      );
    disk.startNumber++;
    this.onFailed = onFailed;
    const groups = [...disk.disks].flatMap(([group, { identity }]) => (identity === undefined ? [] : [group]));
    const { clusterId, startNumber } = disk;
    return { clusterId, directoryId: known.directoryId, startNumber, groups: groups.toSorted() };
  }

  group(group: GroupId): GroupStores {
    const log = new GroupLog(this.disk, group, (reason) => this.onFailed(reason));
    return { log, snapshots: new MemorySnapshotStorage(this.disk.of(group)) };
  }

  async remove(group: GroupId): Promise<void> {
    this.disk.disks.delete(group);
  }

  async close(): Promise<void> {}

  describe(): Readonly<Record<string, unknown>> {
    return { kind: "memory", groups: this.disk.disks.size, startNumber: this.disk.startNumber };
  }
}

/** The log of one group: its own disk, and everybody's identity. */
class GroupLog extends MemoryLogStorage {
  constructor(
    private readonly shared: MemoryGroupDisk,
    private readonly name: GroupId,
    private readonly failed: (reason: string) => void,
  ) {
    super(shared.of(name));
  }

  override open(request: OpenLog): Promise<OpenedLog> {
    const { shared } = this;
    const disk = shared.of(this.name);
    disk.clusterId = shared.clusterId;
    disk.startNumber = shared.startNumber - 1;
    return super.open({ ...request, newDirectoryId: shared.identity?.directoryId ?? request.newDirectoryId });
  }

  override async adopt(clusterId: ClusterId): Promise<void> {
    await super.adopt(clusterId);
    this.shared.clusterId = clusterId;
  }

  override async write(write: Parameters<MemoryLogStorage["write"]>[0]): Promise<void> {
    try {
      await super.write(write);
    } catch (error) {
      this.failed(error instanceof Error ? error.message : String(error));
      throw error;
    }
  }
}

/**
 * Binds GroupStorage to disks in memory: everything is gone with the process.
 *
 * @param disk - give the same one to the next manager, and it is a restart.
 */
export function memoryGroupStorage(disk: MemoryGroupDisk = new MemoryGroupDisk()): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(GroupStorage)
      .toDynamicValue(() => new MemoryGroupStorage(disk))
      .inSingletonScope();
  });
}
