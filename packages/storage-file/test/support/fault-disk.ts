import { type DirectoryLock, type FileHandle, type FileSystem, RaftError } from "@hexraft/core/ports";

/** Thrown by every call once the process has crashed. */
export class Crashed extends Error {}

type Change =
  | { readonly at: number; readonly bytes: Uint8Array; readonly size?: undefined }
  | { readonly size: number };

interface Inode {
  cached: Uint8Array;
  durable: Uint8Array;
  /** Changes since the last datasync, in order. */
  pending: Change[];
}

type DirectoryChange = { readonly add?: readonly [string, Inode]; readonly remove?: string };

interface Fault {
  readonly call: "writev" | "datasync";
  /** The host's code. */
  readonly code: string;
  /** A write takes only so many bytes instead. */
  readonly takes?: number;
  /** Which writes it hits, by their length; all if absent. */
  readonly when?: (bytes: number) => boolean;
}

/** How the crash decides about one unsynced change: what share of it survives, 0 … 1. */
export type Survival = () => number;

const hostError = (code: string): Error => Object.assign(new Error(`${code}: simulated`), { code });
const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));

/**
 * A disk in memory that forgets what was not synced. Directory changes survive a crash in order, as journals keep them; writes to
 * files survive in any subset, each as far as its tear. Every call that changes or syncs something is a step, and the
 * process can be made to crash before any of them.
 */
export class FaultDisk implements FileSystem {
  /** Steps taken so far. */
  steps = 0;
  /** The process crashes before this step. */
  crashBefore = Number.POSITIVE_INFINITY;
  /** Makes the next call of this kind fail with a host's code. */
  fault: Fault | undefined;
  /** Turns of the microtask queue that a sync of a file takes: what does not wait for it overtakes it. */
  syncTurns = 1;
  /** What was done to files, in order: `writev`, `truncate` or `datasync`, and the path. */
  readonly trace: string[] = [];
  private crashed = false;
  private locked = false;
  private readonly names: Map<string, Inode>;
  private readonly durableNames: Map<string, Inode>;
  private directoryChanges: DirectoryChange[] = [];

  constructor(image: ReadonlyMap<string, Uint8Array> = new Map()) {
    const inodes = [...image].map(([path, bytes]): [string, Inode] => [
      path,
      { cached: bytes.slice(), durable: bytes.slice(), pending: [] },
    ]);
    this.names = new Map(inodes);
    this.durableNames = new Map(inodes);
  }

  /** What a machine finds after power loss. */
  imageAfterCrash(survival: Survival): Map<string, Uint8Array> {
    const names = new Map(this.durableNames);
    const kept = Math.floor(survival() * (this.directoryChanges.length + 0.999));
    for (const change of this.directoryChanges.slice(0, kept)) applyTo(names, change);
    return new Map([...names].map(([path, inode]) => [path, afterCrash(inode, survival)]));
  }

  /** What a process finds that was killed while the machine went on. */
  imageAfterKill(): Map<string, Uint8Array> {
    return new Map([...this.names].map(([path, inode]) => [path, inode.cached.slice()]));
  }

  open(path: string, how: { create?: boolean; exclusive?: boolean; readOnly?: boolean }): FileHandle {
    this.alive();
    let inode = this.names.get(path);
    if (inode === undefined) {
      if (how.create !== true) throw hostError("ENOENT");
      this.step();
      inode = { cached: new Uint8Array(0), durable: new Uint8Array(0), pending: [] };
      this.change({ add: [path, inode] });
    } else if (how.exclusive === true) throw hostError("EEXIST");
    return this.handleOf(inode, path);
  }

  makeDirectory(): void {
    this.alive();
  }

  list(path: string): readonly string[] {
    this.alive();
    return [...this.names.keys()]
      .filter((name) => directoryOf(name) === path)
      .map((name) => name.slice(path.length + 1));
  }

  size(path: string): number {
    this.alive();
    return this.names.get(path)?.cached.length ?? -1;
  }

  rename(from: string, to: string): void {
    this.step();
    const inode = this.names.get(from);
    if (inode === undefined) throw hostError("ENOENT");
    this.change({ remove: from, add: [to, inode] });
  }

  remove(path: string): void {
    this.alive();
    if (!this.names.has(path)) return;
    this.step();
    this.change({ remove: path });
  }

  async syncDirectory(): Promise<void> {
    this.step();
    const changes = this.directoryChanges;
    this.directoryChanges = [];
    for (const change of changes) applyTo(this.durableNames, change);
    await Promise.resolve();
  }

  lock(directory: string): DirectoryLock {
    this.alive();
    if (this.locked) throw new RaftError("DirectoryLocked", "refused", `${directory} is in use`, { pid: 1 });
    this.locked = true;
    return {
      release: () => {
        this.locked = false;
      },
    };
  }

  private handleOf(inode: Inode, path: string): FileHandle {
    const read = (into: Uint8Array, at: number): number => {
      this.alive();
      const part = inode.cached.subarray(at, at + into.length);
      into.set(part);
      return part.length;
    };
    return {
      read,
      readAsync: async (into, at) => read(into, at),
      writev: (buffers, at) => {
        this.trace.push(`writev ${path}`);
        return this.writev(inode, buffers, at);
      },
      datasync: async () => {
        await this.datasync(inode);
        this.trace.push(`datasync ${path}`);
      },
      truncate: (size) => {
        this.step();
        this.trace.push(`truncate ${path}`);
        note(inode, { size });
      },
      size: () => inode.cached.length,
      close: () => {},
    };
  }

  private writev(inode: Inode, buffers: readonly Uint8Array[], at: number): number {
    // A crash in the middle of a write leaves it torn: it is taken in, and its survival decides.
    const crashesNow = this.steps + 1 === this.crashBefore;
    let bytes = joined(buffers);
    const fault = this.take("writev", bytes.length);
    if (fault !== undefined && fault.takes === undefined) throw hostError(fault.code);
    if (fault?.takes !== undefined) bytes = bytes.subarray(0, fault.takes);
    note(inode, { at, bytes });
    if (crashesNow) this.crashed = true;
    this.step();
    return bytes.length;
  }

  private async datasync(inode: Inode): Promise<void> {
    this.step();
    const synced = inode.pending.length;
    const image = inode.cached.slice();
    for (let turn = 0; turn < this.syncTurns; turn++) await Promise.resolve();
    this.alive();
    const fault = this.take("datasync");
    if (fault !== undefined) throw hostError(fault.code);
    inode.durable = image;
    inode.pending = inode.pending.slice(synced);
  }

  private take(call: Fault["call"], bytes = 0): Fault | undefined {
    const { fault } = this;
    if (fault?.call !== call || fault.when?.(bytes) === false) return undefined;
    this.fault = undefined;
    return fault;
  }

  private change(change: DirectoryChange): void {
    applyTo(this.names, change);
    this.directoryChanges.push(change);
  }

  private step(): void {
    this.alive();
    this.steps++;
    if (this.steps >= this.crashBefore) this.crashed = true;
    this.alive();
  }

  private alive(): void {
    if (this.crashed) throw new Crashed("the process is gone");
  }
}

function note(inode: Inode, change: Change): void {
  if (change.size === undefined && change.at + change.bytes.length <= inode.cached.length)
    inode.cached.set(change.bytes, change.at);
  else inode.cached = changed(inode.cached, change);
  inode.pending.push(change);
}

function changed(before: Uint8Array, change: Change): Uint8Array {
  const size = change.size ?? Math.max(before.length, change.at + change.bytes.length);
  const after = new Uint8Array(size);
  after.set(before.subarray(0, size));
  if (change.size === undefined) after.set(change.bytes, change.at);
  return after;
}

function afterCrash(inode: Inode, survival: Survival): Uint8Array {
  return inode.pending.reduce<Uint8Array>((bytes, change) => {
    const share = survival();
    if (share === 0) return bytes;
    if (change.size !== undefined) return changed(bytes, change);
    return changed(bytes, { at: change.at, bytes: change.bytes.subarray(0, Math.ceil(change.bytes.length * share)) });
  }, inode.durable);
}

function applyTo(names: Map<string, Inode>, { add, remove }: DirectoryChange): void {
  if (remove !== undefined) names.delete(remove);
  if (add !== undefined) names.set(add[0], add[1]);
}

function joined(buffers: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(buffers.reduce((size, buffer) => size + buffer.length, 0));
  let at = 0;
  for (const buffer of buffers) {
    bytes.set(buffer, at);
    at += buffer.length;
  }
  return bytes;
}
