import type {
  ClusterId,
  GroupId,
  GroupStorage,
  LogBlock,
  LogIndex,
  LogStorage,
  LogWrite,
  OpenedLog,
  OpenLog,
  SnapshotStorage,
} from "@hexraft/core/ports";
import { RaftError } from "@hexraft/core/ports";

/** One group of a shared log as a storage of its own: to open it is to open all of it, for this group alone. */
export class OneOfMany implements LogStorage {
  /** What this group saved. */
  readonly snapshots: SnapshotStorage;
  private readonly log: LogStorage;

  constructor(
    private readonly all: GroupStorage,
    private readonly group: GroupId,
  ) {
    ({ log: this.log, snapshots: this.snapshots } = all.group(group));
  }

  /** @throws RaftError `BadOption` if the group is not there: looking after one must not begin another. */
  async open(request: OpenLog): Promise<OpenedLog> {
    const { nodeId, newDirectoryId, watcher } = request;
    const { groups } = await this.all.open({ nodeId, newDirectoryId, onFailed: (reason) => watcher?.failed(reason) });
    try {
      if (!groups.includes(this.group)) throw notThere(this.group, groups);
      return await this.log.open(request);
    } catch (error) {
      await this.all.close();
      throw error;
    }
  }

  adopt(clusterId: ClusterId): Promise<void> {
    return this.log.adopt(clusterId);
  }

  write(write: LogWrite): Promise<void> {
    return this.log.write(write);
  }

  read(from: LogIndex, bytesMax: number): Promise<readonly LogBlock[]> {
    return this.log.read(from, bytesMax);
  }

  async repair(blocks: readonly LogBlock[]): Promise<void> {
    await this.log.repair?.(blocks);
  }

  async close(): Promise<void> {
    await this.log.close();
    await this.all.close();
  }

  describe(): Readonly<Record<string, unknown>> {
    return this.log.describe();
  }
}

function notThere(group: GroupId, groups: readonly GroupId[]): RaftError {
  const rule = `must name a group that is there: ${groups.join(", ")}`;
  return new RaftError("BadOption", "refused", `option groupId is "${group}", but it ${rule}`, {
    field: "groupId",
    value: group,
    rule,
  });
}
