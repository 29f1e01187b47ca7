import {
  Checksum,
  type ClusterId,
  FileSystem,
  type GroupStorage,
  GroupStorage as GroupStorageToken,
  type LogBlock,
  type LogIndex,
  type LogStorage,
  type LogWrite,
  type OpenedLog,
  type OpenLog,
  Scheduler,
  type SnapshotStorage,
} from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { Container } from "inversify";
import { sharedFileStorage } from "../../src/index.js";
import { block, checksum, contentOf, nodeFiles, OPEN, type Parts } from "./host.js";

const host = new Container();
host.load(nodeRuntime());

/** The storage of many groups over one directory, not opened yet. */
export function groupsOf(directory: string, parts: Omit<Parts, "groupId"> = {}): GroupStorage {
  const { files = nodeFiles, scheduler = host.get(Scheduler), ...options } = parts;
  const container = new Container();
  container.bind(FileSystem).toConstantValue(files);
  container.bind(Checksum).toConstantValue(checksum);
  container.bind(Scheduler).toConstantValue(scheduler);
  container.load(sharedFileStorage({ directory, preallocate: false, ...options }));
  return container.get(GroupStorageToken);
}

/** What the storage of a process is opened with. */
export const OPEN_GROUPS = { nodeId: "n1", newDirectoryId: OPEN.newDirectoryId, onFailed: () => {} };

/** How a group's log is opened. */
export const openOf = (groupId: string): OpenLog => ({
  ...OPEN,
  groupId,
  newIncarnation: groupId.length.toString(16).padStart(16, "a"),
});

/**
 * One group's log as a storage of its own: opening it opens the process, and beside each of its writes another group writes,
 * too, so that their records lie among each other.
 */
export class LogAmongOthers implements LogStorage {
  /** Writes of the other group. */
  otherLast = 0;
  /** Snapshots of the group that is opened. */
  readonly snapshots: SnapshotStorage;
  private readonly log: LogStorage;
  private readonly other: LogStorage;

  constructor(private readonly groups: GroupStorage) {
    ({ log: this.log, snapshots: this.snapshots } = groups.group(OPEN.groupId));
    this.other = groups.group("other").log;
  }

  /** All that the other group holds: it never compacts, so that it pins what others give up. */
  readOther(): Promise<string[]> {
    return contentOf(this.other, 1, this.otherLast);
  }

  async open(request: OpenLog): Promise<OpenedLog> {
    const { nodeId, newDirectoryId } = request;
    await this.groups.open({ nodeId, newDirectoryId, onFailed: () => {} });
    try {
      const { watcher: _, ...other } = request;
      this.otherLast = (await this.other.open({ ...other, groupId: "other" })).last.index;
      return await this.log.open(request);
    } catch (error) {
      await this.groups.close();
      throw error;
    }
  }

  adopt(clusterId: ClusterId): Promise<void> {
    return this.log.adopt(clusterId);
  }

  async write(write: LogWrite): Promise<void> {
    const beside = this.other.write({ blocks: [block(++this.otherLast, 1, 1)] });
    const [done] = await Promise.allSettled([this.log.write(write), beside]);
    if (done.status === "rejected") throw done.reason;
  }

  read(from: LogIndex, bytesMax: number): Promise<readonly LogBlock[]> {
    return this.log.read(from, bytesMax);
  }

  async repair(blocks: readonly LogBlock[]): Promise<void> {
    await this.log.repair?.(blocks);
  }

  async close(): Promise<void> {
    await this.log.close();
    await this.other.close();
    await this.groups.close();
  }

  describe(): Readonly<Record<string, unknown>> {
    return this.log.describe();
  }
}
