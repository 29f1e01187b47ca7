import { type DirectoryLock, type FileHandle, type FileSystem, RaftError } from "@hexraft/core/ports";
import type { SeededRandom } from "../../time/seeded-random.js";
import type { DiskFault } from "../world/simulated-disk.js";
import type { SimulatedTime } from "../world/simulated-time.js";
import { DirectoryTree, type TreeImage } from "./directory-tree.js";
import { Inode, type Survival } from "./inode.js";

/** Thrown by every synchronous call of a process that is gone. Nobody catches it but the process that is no more. */
export class Crashed extends Error {
  /** `Crashed`. */
  override readonly name = "Crashed";
}

const NEVER = new Promise<never>(() => {});
const CALM_MS = [0.1, 1.5] as const;
/** A crash inside I/O comes at one of this many next steps. */
const STEPS_AHEAD_MAX = 12;

/** One process's hold on the disk. */
interface Life {
  alive: boolean;
  handles: number;
}

/**
 * A disk that forgets what was not synced, for any adapter over the FileSystem port. Of each file there is what processes
 * see and what would survive, names apart. A power cut loses, tears and reorders what was not synced; calls fail, take
 * part of what they are given, or take long; and a process can die inside any step: then the image freezes, later calls
 * of that life never return, and a synchronous one throws {@link Crashed}.
 */
export class SimulatedFileSystem {
  /** Steps taken so far: calls that change or sync something. */
  steps = 0;
  private tree: DirectoryTree;
  private life: Life = { alive: false, handles: 0 };
  private readonly locks = new Map<string, Life>();
  private range: readonly [number, number] = CALM_MS;
  private armed: { stepsLeft: number; readonly crashed: () => void } | undefined;
  private fault: DiskFault | undefined;

  /**
   * An empty disk, unless an image is given.
   *
   * @param time - the clock on which syncs take their time; without one they take none.
   */
  constructor(
    private readonly random: SeededRandom,
    private readonly time?: SimulatedTime,
    image?: TreeImage,
  ) {
    this.tree = new DirectoryTree(image);
  }

  /** The port, for a process that begins now. */
  mount(): FileSystem {
    this.life = { alive: true, handles: 0 };
    return new MountedFileSystem(this, this.life);
  }

  /** Files that the living process has open. */
  get openHandles(): number {
    return this.life.alive ? this.life.handles : 0;
  }

  /** The longest that a sync takes at the moment, ms. */
  get longestMs(): number {
    return this.range[1];
  }

  /** Power is cut: the process is gone, and the disk holds what survived. */
  crash(survival: Survival = "chance"): void {
    this.life.alive = false;
    this.armed = undefined;
    this.fault = undefined;
    this.tree = new DirectoryTree(this.image(survival, this.random));
  }

  /** What a power cut at this instant would leave; the disk itself stays as it is. */
  image(survival: Survival, random: SeededRandom): TreeImage {
    const { files, directories } = this.tree.afterPowerCut(survival, random);
    const copies = new Map<Inode, Inode>();
    const copyOf = (inode: Inode): Inode => {
      let copy = copies.get(inode);
      if (copy === undefined) {
        copies.set(inode, (copy = new Inode(inode.afterPowerCut(survival, random))));
        copy.sealedTo = Math.min(inode.sealedTo, copy.durable.size);
      }
      return copy;
    };
    return { files: new Map([...files].map(([path, inode]) => [path, copyOf(inode)])), directories };
  }

  /** Calls `crashed` inside one of the next steps. */
  crashInside(crashed: () => void): void {
    this.armed = { stepsLeft: this.random.integer(0, STEPS_AHEAD_MAX), crashed };
  }

  /** From now on a sync takes so long, ms. */
  slow(range: readonly [number, number]): void {
    this.range = range;
  }

  /** The next call of the kind fails like this. */
  fail(fault: DiskFault): void {
    this.fault = fault;
  }

  /** No fault any more. */
  heal(): void {
    this.range = CALM_MS;
    this.armed = undefined;
    this.fault = undefined;
  }

  /** @internal */
  get names(): DirectoryTree {
    return this.tree;
  }

  /** @internal A step begins, or a crash inside of it. `torn`: what it does is half done by then. */
  step(life: Life, torn?: () => void): void {
    this.mustLive(life);
    this.steps++;
    if (this.armed === undefined || this.armed.stepsLeft-- > 0) return;
    const { crashed } = this.armed;
    this.armed = undefined;
    torn?.();
    crashed();
    this.mustLive(life);
  }

  /** @internal */
  mustLive(life: Life): void {
    if (!life.alive) throw new Crashed("the process is gone");
  }

  /** @internal Takes the fault that is due, if it is one of these. */
  due(...kinds: readonly DiskFault[]): DiskFault | undefined {
    const { fault } = this;
    if (fault === undefined || !kinds.includes(fault)) return undefined;
    this.fault = undefined;
    return fault;
  }

  /** @internal How much of `size` bytes a short write takes. */
  some(size: number): number {
    return this.random.integer(1, Math.max(1, size - 1));
  }

  /** @internal Something that takes a sync's time; never returns to a life that ended meanwhile. */
  syncing(life: Life, finish: () => void): Promise<void> {
    if (!life.alive) return NEVER;
    const { time } = this;
    if (time === undefined) return Promise.resolve().then(finish);
    const [from, to] = this.range;
    return new Promise((resolve, reject) => {
      time.after(from + this.random.next() * (to - from), () => {
        if (!life.alive) return;
        try {
          this.step(life);
          finish();
          resolve();
        } catch (error) {
          if (!(error instanceof Crashed)) reject(error);
        }
      });
    });
  }

  /** @internal */
  take(directory: string, life: Life): DirectoryLock {
    const holder = this.locks.get(directory);
    if (holder?.alive === true)
      throw new RaftError("DirectoryLocked", "refused", `${directory} is in use by a living process`, { pid: 1 });
    this.locks.set(directory, life);
    return {
      release: () => {
        if (this.locks.get(directory) === life) this.locks.delete(directory);
      },
    };
  }
}

const hostError = (code: string, path: string): Error =>
  Object.assign(new Error(`${code}: simulated, ${path}`), { code });

class MountedFileSystem implements FileSystem {
  constructor(
    private readonly disk: SimulatedFileSystem,
    private readonly life: Life,
  ) {}

  open(path: string, how: { create?: boolean; exclusive?: boolean; readOnly?: boolean }): FileHandle {
    const { disk, life } = this;
    disk.mustLive(life);
    let inode = disk.names.find(path);
    if (inode !== undefined && how.exclusive === true) throw hostError("EEXIST", path);
    if (inode === undefined) {
      if (how.create !== true && how.exclusive !== true) throw hostError("ENOENT", path);
      if (!disk.names.has(path.slice(0, Math.max(0, path.lastIndexOf("/"))))) throw hostError("ENOENT", path);
      disk.step(life);
      inode = new Inode();
      disk.names.add(path, inode);
    }
    life.handles++;
    return new OpenFile(disk, life, inode, path);
  }

  makeDirectory(path: string): void {
    this.disk.step(this.life);
    this.disk.names.make(path);
  }

  list(path: string): readonly string[] {
    this.disk.mustLive(this.life);
    return this.disk.names.list(path);
  }

  size(path: string): number {
    this.disk.mustLive(this.life);
    return this.disk.names.find(path)?.cached.size ?? -1;
  }

  rename(from: string, to: string): void {
    this.disk.step(this.life);
    const inode = this.disk.names.find(from);
    if (inode === undefined) throw hostError("ENOENT", from);
    this.disk.names.add(to, inode, from);
  }

  remove(path: string): void {
    this.disk.mustLive(this.life);
    if (this.disk.names.find(path) === undefined) return;
    this.disk.step(this.life);
    this.disk.names.remove(path);
  }

  syncDirectory(path: string): Promise<void> {
    const { names } = this.disk;
    const { mark } = names;
    return this.disk.syncing(this.life, () => {
      if (this.disk.due("EIO") !== undefined) throw hostError("EIO", path);
      names.synced(path === "." ? "" : path, mark);
    });
  }

  lock(directory: string): DirectoryLock {
    this.disk.mustLive(this.life);
    return this.disk.take(directory, this.life);
  }
}

class OpenFile implements FileHandle {
  private open = true;

  constructor(
    private readonly disk: SimulatedFileSystem,
    private readonly life: Life,
    private readonly inode: Inode,
    private readonly path: string,
  ) {}

  read(into: Uint8Array, at: number): number {
    this.disk.mustLive(this.life);
    const part = this.inode.cached.part(at, at + into.length);
    into.set(part);
    return part.length;
  }

  async readAsync(into: Uint8Array, at: number): Promise<number> {
    if (!this.life.alive) return NEVER;
    return this.read(into, at);
  }

  writev(buffers: readonly Uint8Array[], at: number): number {
    const { disk, life, inode, path } = this;
    const bytes = joined(buffers);
    // Whoever dies in here leaves the write to chance: it is in the cache, and perhaps on its way.
    disk.step(life, () => inode.write(bytes, at));
    const fault = disk.due("EIO", "ENOSPC", "short-write");
    if (fault === "EIO" || fault === "ENOSPC") throw hostError(fault, path);
    const taken = fault === "short-write" ? bytes.subarray(0, disk.some(bytes.length)) : bytes;
    inode.write(taken, at);
    return taken.length;
  }

  datasync(): Promise<void> {
    const { disk, inode, path } = this;
    const { mark } = inode;
    return disk.syncing(this.life, () => {
      if (disk.due("failed-sync") !== undefined) {
        inode.forgotten(mark);
        throw hostError("EIO", path);
      }
      inode.synced(mark);
    });
  }

  truncate(size: number): void {
    this.disk.step(this.life);
    this.inode.resize(size);
  }

  size(): number {
    this.disk.mustLive(this.life);
    return this.inode.cached.size;
  }

  close(): void {
    if (this.open) this.life.handles--;
    this.open = false;
  }
}

function joined(buffers: readonly Uint8Array[]): Uint8Array {
  if (buffers.length === 1) return buffers[0] as Uint8Array;
  const bytes = new Uint8Array(buffers.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const buffer of buffers) {
    bytes.set(buffer, at);
    at += buffer.length;
  }
  return bytes;
}
