import * as fs from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import type { DirectoryLock, FileHandle, FileSystem } from "@hexraft/core/ports";
import { takeDirectory } from "./lock/directory-lock.js";

const fsync = promisify(fs.fsync);

/** The host's disk. Directories are made for the owner alone (0700), files as well (0600). */
export class NodeFileSystem implements FileSystem {
  open(path: string, how: { create?: boolean; exclusive?: boolean; readOnly?: boolean }): FileHandle {
    const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = fs.constants;
    const flags = how.readOnly === true ? O_RDONLY : O_RDWR;
    const making = (how.create === true ? O_CREAT : 0) | (how.exclusive === true ? O_CREAT | O_EXCL : 0);
    return new NodeFileHandle(fs.openSync(path, flags | making, 0o600));
  }

  makeDirectory(path: string): void {
    // One by one: the host's own recursion does not end where a parent can never be made (`/proc/x`).
    if (fs.existsSync(path)) return;
    const parent = dirname(path);
    if (parent !== path) this.makeDirectory(parent);
    try {
      fs.mkdirSync(path, { mode: 0o700 });
    } catch (error) {
      if (!fs.existsSync(path)) throw error;
    }
  }

  list(path: string): readonly string[] {
    return unlessMissing(() => fs.readdirSync(path)) ?? [];
  }

  size(path: string): number {
    return fs.statSync(path, { throwIfNoEntry: false })?.size ?? -1;
  }

  rename(from: string, to: string): void {
    fs.renameSync(from, to);
  }

  remove(path: string): void {
    unlessMissing(() => fs.unlinkSync(path));
  }

  async syncDirectory(path: string): Promise<void> {
    const fd = fs.openSync(path, fs.constants.O_RDONLY);
    try {
      await fsync(fd);
    } finally {
      fs.closeSync(fd);
    }
  }

  lock(directory: string): DirectoryLock {
    return takeDirectory(directory);
  }
}

class NodeFileHandle implements FileHandle {
  private fd: number;
  /** Reads and syncs that the thread pool still holds the descriptor for: it is closed after the last one. */
  private underWay = 0;
  private closing = false;

  constructor(fd: number) {
    this.fd = fd;
  }

  read(into: Uint8Array, at: number): number {
    return fs.readSync(this.fd, into, 0, into.length, at);
  }

  readAsync(into: Uint8Array, at: number): Promise<number> {
    return this.keepOpen((done) => fs.read(this.fd, into, 0, into.length, at, done));
  }

  writev(buffers: readonly Uint8Array[], at: number): number {
    return fs.writevSync(this.fd, buffers, at);
  }

  datasync(): Promise<void> {
    return this.keepOpen<void>((done) => fs.fdatasync(this.fd, (error) => done(error)));
  }

  truncate(size: number): void {
    fs.ftruncateSync(this.fd, size);
  }

  size(): number {
    return fs.fstatSync(this.fd).size;
  }

  close(): void {
    this.closing = true;
    if (this.underWay === 0 && this.fd >= 0) {
      fs.closeSync(this.fd);
      this.fd = -1;
    }
  }

  /** A descriptor closed under a call in the thread pool could by then name another file. */
  private keepOpen<T>(call: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
    this.underWay++;
    return new Promise<T>((resolve, reject) => {
      call((error, value) => {
        this.underWay--;
        if (this.closing) this.close();
        if (error === null) resolve(value as T);
        else reject(error);
      });
    });
  }
}

function unlessMissing<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
