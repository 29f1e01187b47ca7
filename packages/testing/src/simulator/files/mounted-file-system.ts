import type { DirectoryLock, FileHandle, FileSystem } from "@hexraft/core/ports";
import { Inode } from "./inode.js";
import { type Life, never } from "./life.js";
import type { Platter } from "./platter.js";

/** A simulated disk as one process sees it. */
export class MountedFileSystem implements FileSystem {
  constructor(
    private readonly disk: Platter,
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
    inode.named();
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
    private readonly disk: Platter,
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
    if (!this.life.alive) return never();
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

const hostError = (code: string, path: string): Error =>
  Object.assign(new Error(`${code}: simulated, ${path}`), { code });
