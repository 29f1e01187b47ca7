import type {
  ClusterId,
  DirectoryId,
  EntryType,
  GroupId,
  HardState,
  Incarnation,
  LogBlock,
  LogId,
  LogIndex,
  LogWatcher,
  NodeId,
  StartNumber,
  Term,
} from "@hexraft/core/ports";
import type { SchedulerLike } from "rxjs";
import { LogImage } from "./log-image.js";
import { SnapshotImage } from "./snapshot-image.js";
import { WriteQueue } from "./write-queue.js";

/** How a {@link MemoryDisk} behaves. */
export interface MemoryDiskOptions {
  /** Needed once writes are to take time. */
  readonly scheduler?: SchedulerLike;
  /** Keep blocks as bytes only, laid down and opened again, as a file would: proves that nothing is shared by accident. Default false. */
  readonly encode?: boolean;
}

/** What is written once, when the disk is first opened. */
export interface DiskIdentity {
  /** Whose disk it is. */
  readonly nodeId: NodeId;
  /** Of which group. */
  readonly groupId: GroupId;
  /** Identity of the disk. */
  readonly directoryId: DirectoryId;
  /** Identity of the replica on it (M13). */
  readonly incarnation: Incarnation;
}

/** A ballot on a disk. */
export interface DiskBallot {
  /** The term. */
  readonly term: Term;
  /** Whom the replica voted for in it, if anybody. */
  readonly vote: NodeId | null;
}

/** An entry on a disk. */
export interface DiskEntry extends LogId {
  /** What it is. */
  readonly type: EntryType;
  /** What it holds. */
  readonly payload: Uint8Array;
}

/** What a disk holds before its node ever ran. */
export interface Founding extends DiskIdentity {
  /** The cluster it belongs to; empty: it waits to be claimed. */
  readonly clusterId: ClusterId;
  /** The beginning of its log, from entry 1 on. */
  readonly blocks: readonly LogBlock[];
  /** Default: fresh. */
  readonly hardState?: HardState;
}

/** One life's hold on a disk: calls of a life that ended never return. */
export interface Mount {
  alive: boolean;
  /** L03: hears what is lost meanwhile. */
  watcher?: LogWatcher | undefined;
}

/**
 * The disk of one replica, in memory. It outlives the node: what a resolved write holds is there for the next start, and
 * what was under way at a {@link MemoryDisk.crash} is not. Tests hold writes back, slow them down, or fail them.
 */
export class MemoryDisk {
  /** @internal What is durable of the log. */
  image = new LogImage();
  /** @internal What is durable of the snapshots. */
  snapshots = new SnapshotImage();
  /** @internal */
  identity: DiskIdentity | undefined;
  /** @internal */
  clusterId: ClusterId = "";
  /** @internal */
  startNumber: StartNumber = 0;
  /** @internal Writes under way. */
  writes: WriteQueue;
  /** @internal */
  readonly encode: boolean;
  private mounted: Mount | undefined;
  private readonly scheduler: SchedulerLike | undefined;
  private delayMs = 0;

  /** An empty disk. */
  constructor(options: MemoryDiskOptions = {}) {
    this.encode = options.encode ?? false;
    this.scheduler = options.scheduler;
    this.writes = new WriteQueue(this.scheduler);
  }

  /** Writes down what a cluster was founded with, as if it had been there for ever. Only on an empty disk. */
  found({ clusterId, blocks, hardState, ...identity }: Founding): void {
    if (this.identity !== undefined) throw new Error("only an empty disk can be founded");
    this.identity = identity;
    this.clusterId = clusterId;
    this.image.land({ blocks, ...(hardState !== undefined && { hardState }) });
  }

  /** Power is cut: the life that had it open ends, and of its writes under way only the first `landed` are on the disk. Default 0. */
  crash({ landed = 0 }: { readonly landed?: number } = {}): void {
    this.writes.cut(landed);
    this.unmount();
  }

  /** M13: all that it held is gone, identity included: what opens it next is another replica. */
  erase(): void {
    this.crash();
    this.image = new LogImage();
    this.snapshots = new SnapshotImage();
    this.identity = undefined;
    this.clusterId = "";
    this.startNumber = 0;
  }

  /** Writes stay under way from now on, until {@link MemoryDisk.release}. */
  hold(): void {
    this.writes.hold();
  }

  /** Lets the oldest `count` writes land; without a count all of them, and those to come. */
  release(count?: number): void {
    this.writes.release(count);
  }

  /** L04: the next write rejects with this cause, and the disk takes no other until it is opened anew. */
  failNextWrite(cause: Error): void {
    this.writes.failNext(cause);
  }

  /** From now on a write takes this long, ms of the scheduler that the disk was given. */
  slowDown(delayMs: number): void {
    this.delayMs = delayMs;
    this.writes.delayMs = delayMs;
  }

  /** S09: changes one byte of the snapshot at this index, as time does to disks. */
  damageSnapshot(index: LogIndex): void {
    const bytes = this.snapshots.whole.find(({ meta }) => meta.id.index === index)?.bytes;
    if (bytes === undefined || bytes.length === 0) throw new Error(`no snapshot with bytes at index ${index}`);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] as number) ^ 1;
  }

  /** L03: loses entries that are durable, as time does to disks; a node that has them open hears of it. */
  damage(first: LogIndex, last: LogIndex): void {
    if (first <= this.image.base.index || last > this.image.last.index || last < first)
      throw new Error(`entries ${first}–${last} are not on this disk`);
    const hole = this.image.lose(first, last);
    this.mounted?.watcher?.damaged(hole);
  }

  /** Writes not durable yet. */
  get pendingWrites(): number {
    return this.writes.pending;
  }

  /** The last durable entry. */
  get last(): LogId {
    return this.image.last;
  }

  /** Last included index of the newest snapshot; 0 if there is none. */
  get snapshotIndex(): LogIndex {
    return this.snapshots.whole[0]?.meta.id.index ?? 0;
  }

  /** The durable log, entry by entry. */
  entries(): readonly DiskEntry[] {
    return this.image.entries();
  }

  /** The durable term and the id of whom the replica voted for in it. */
  get ballot(): DiskBallot {
    const { term, vote } = this.image.hardState;
    return { term, vote: vote?.id ?? null };
  }

  /** @internal The life that has it open. */
  get currentMount(): Mount | undefined {
    return this.mounted;
  }

  /** @internal Takes the disk for a new life; `undefined` if another one has it. */
  mount(): Mount | undefined {
    if (this.mounted !== undefined) return undefined;
    this.mounted = { alive: true };
    return this.mounted;
  }

  /** @internal */
  unmount(): void {
    if (this.mounted !== undefined) this.mounted.alive = false;
    this.mounted = undefined;
    this.writes = new WriteQueue(this.scheduler);
    this.writes.delayMs = this.delayMs;
  }
}
