import { type DirectoryLock, type FileHandle, type FileSystem, RaftError } from "@hexraft/core/ports";

/** What a disk holds: files by path, and the directories that lead to them. */
export interface DiskImage {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly directories: ReadonlySet<string>;
}

/** A disk that nobody used yet; only the root is there. */
export const EMPTY_DISK: DiskImage = { files: new Map(), directories: new Set([""]) };

/**
 * One step of a process on its disk. `upTo`: how long the journal was when the sync began; what came later it does not
 * cover. Files have numbers, since names come and go.
 */
export type DiskStep =
  | { readonly kind: "write"; readonly file: number; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "resize"; readonly file: number; readonly size: number }
  | { readonly kind: "sync"; readonly file: number; readonly upTo: number }
  | {
      readonly kind: "name";
      readonly directory: string;
      readonly removes?: string;
      readonly adds?: readonly [path: string, file: number];
      readonly makes?: string;
    }
  | { readonly kind: "sync-directory"; readonly directory: string; readonly upTo: number };

const hostError = (code: string, path: string): Error => Object.assign(new Error(`${code}: ${path}`), { code });

/** The directory that holds this name. */
export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

/** A disk in memory that writes down every step, so that all that a crash could have left can be made afterwards. */
export class JournalDisk implements FileSystem {
  readonly journal: DiskStep[] = [];
  /** The image it began with; file i of the journal is the i-th of it, or a new one. */
  private readonly contents: Uint8Array[];
  private readonly names: Map<string, number>;
  private readonly directories: Set<string>;

  constructor(image: DiskImage = EMPTY_DISK) {
    this.contents = [...image.files.values()];
    this.names = new Map([...image.files.keys()].map((path, file) => [path, file]));
    this.directories = new Set(image.directories);
  }

  open(path: string, how: { create?: boolean; exclusive?: boolean }): FileHandle {
    let file = this.names.get(path);
    if (file !== undefined && how.exclusive === true) throw hostError("EEXIST", path);
    if (file === undefined) {
      if (how.create !== true || !this.directories.has(parentOf(path))) throw hostError("ENOENT", path);
      file = this.contents.push(new Uint8Array(0)) - 1;
      this.names.set(path, file);
      this.journal.push({ kind: "name", directory: parentOf(path), adds: [path, file] });
    }
    return this.handleOf(file);
  }

  makeDirectory(path: string): void {
    if (this.directories.has(path)) return;
    this.makeDirectory(parentOf(path));
    this.directories.add(path);
    this.journal.push({ kind: "name", directory: parentOf(path), makes: path });
  }

  list(path: string): readonly string[] {
    const within = [...this.names.keys(), ...this.directories].filter((name) => name !== "" && parentOf(name) === path);
    return within.map((name) => name.slice(path.length + 1));
  }

  size(path: string): number {
    const file = this.names.get(path);
    return file === undefined ? -1 : this.content(file).length;
  }

  rename(from: string, to: string): void {
    const file = this.names.get(from);
    if (file === undefined) throw hostError("ENOENT", from);
    this.names.delete(from);
    this.names.set(to, file);
    this.journal.push({ kind: "name", directory: parentOf(to), removes: from, adds: [to, file] });
  }

  remove(path: string): void {
    if (this.names.delete(path)) this.journal.push({ kind: "name", directory: parentOf(path), removes: path });
  }

  async syncDirectory(path: string): Promise<void> {
    const directory = path === "/" ? "" : path;
    if (!this.directories.has(directory)) throw hostError("ENOENT", path);
    const upTo = this.journal.length;
    await Promise.resolve();
    this.journal.push({ kind: "sync-directory", directory, upTo });
  }

  /** Locks are another test's business: here each image has one process. */
  lock(directory: string): DirectoryLock {
    if (!this.directories.has(directory)) throw new RaftError("StorageFailed", "refused", `${directory} is missing`);
    return { release: () => {} };
  }

  /** What is there now, synced or not; the bytes are the disk's own. */
  image(): DiskImage {
    const files = new Map([...this.names].map(([path, file]) => [path, this.content(file)]));
    return { files, directories: new Set(this.directories) };
  }

  private content(file: number): Uint8Array {
    return this.contents[file] as Uint8Array;
  }

  private handleOf(file: number): FileHandle {
    const read = (into: Uint8Array, at: number): number => {
      const part = this.content(file).subarray(at, at + into.length);
      into.set(part);
      return part.length;
    };
    return {
      read,
      readAsync: async (into, at) => read(into, at),
      writev: (buffers, at) => {
        const bytes = Uint8Array.from(Buffer.concat(buffers));
        this.contents[file] = written(this.content(file), at, bytes);
        this.journal.push({ kind: "write", file, at, bytes });
        return bytes.length;
      },
      datasync: async () => {
        const upTo = this.journal.length;
        await Promise.resolve();
        this.journal.push({ kind: "sync", file, upTo });
      },
      truncate: (size) => {
        this.contents[file] = resized(this.content(file), size);
        this.journal.push({ kind: "resize", file, size });
      },
      size: () => this.content(file).length,
      close: () => {},
    };
  }
}

/** The bytes after a write; a gap before it reads as zeros. */
export function written(before: Uint8Array, at: number, bytes: Uint8Array): Uint8Array {
  const after = resized(before, Math.max(before.length, at + bytes.length));
  after.set(bytes, at);
  return after;
}

/** The bytes after a truncation or extension. */
export function resized(before: Uint8Array, size: number): Uint8Array {
  const after = new Uint8Array(size);
  after.set(before.subarray(0, size));
  return after;
}
