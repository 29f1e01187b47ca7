import type { DirectoryLock, FileHandle, FileSystem } from "../../../packages/core/src/ports.js";

const missing = (path: string): Error => Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });

/** Files in memory, as a process sees them that is never interrupted. */
export class MemoryFiles implements FileSystem {
  constructor(readonly files = new Map<string, Uint8Array>()) {}

  open(path: string, how: { readonly create?: boolean; readonly exclusive?: boolean }): FileHandle {
    const isThere = this.files.has(path);
    if (isThere && how.exclusive === true) throw Object.assign(new Error(`EEXIST: ${path}`), { code: "EEXIST" });
    if (!isThere && how.create !== true) throw missing(path);
    if (!isThere) this.files.set(path, new Uint8Array(0));
    return new MemoryHandle(this.files, path);
  }
  makeDirectory(): void {}
  list(path: string): readonly string[] {
    const below = [...this.files.keys()].filter((file) => file.startsWith(`${path}/`));
    return [...new Set(below.map((file) => file.slice(path.length + 1).split("/")[0] as string))];
  }
  size(path: string): number {
    return this.files.get(path)?.length ?? -1;
  }
  rename(from: string, to: string): void {
    const bytes = this.files.get(from);
    if (bytes === undefined) throw missing(from);
    this.files.delete(from);
    this.files.set(to, bytes);
  }
  remove(path: string): void {
    this.files.delete(path);
  }
  async syncDirectory(): Promise<void> {}
  lock(): DirectoryLock {
    return { release: () => {} };
  }
}

class MemoryHandle implements FileHandle {
  constructor(
    private readonly files: Map<string, Uint8Array>,
    private readonly path: string,
  ) {}

  read(into: Uint8Array, at: number): number {
    const found = this.bytes.subarray(at, at + into.length);
    into.set(found);
    return found.length;
  }
  async readAsync(into: Uint8Array, at: number): Promise<number> {
    return this.read(into, at);
  }
  writev(buffers: readonly Uint8Array[], at: number): number {
    const length = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    if (at + length > this.size()) this.truncate(at + length);
    const { bytes } = this;
    let next = at;
    for (const buffer of buffers) {
      bytes.set(buffer, next);
      next += buffer.length;
    }
    return length;
  }
  async datasync(): Promise<void> {}
  truncate(size: number): void {
    const other = new Uint8Array(size);
    other.set(this.bytes.subarray(0, size));
    this.files.set(this.path, other);
  }
  size(): number {
    return this.bytes.length;
  }
  close(): void {}

  private get bytes(): Uint8Array {
    return this.files.get(this.path) ?? new Uint8Array(0);
  }
}
