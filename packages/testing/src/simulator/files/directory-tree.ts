import type { SeededRandom } from "../../time/seeded-random.js";
import type { Inode, Survival } from "./inode.js";

interface NameChange {
  readonly sequence: number;
  /** The directory whose sync makes it durable. */
  readonly directory: string;
  readonly removes?: string;
  readonly adds?: readonly [path: string, inode: Inode];
  readonly makes?: string;
}

/** A disk's names after a power cut. */
export interface TreeImage {
  /** Files, by path. */
  readonly files: ReadonlyMap<string, Inode>;
  /** Directories, by path. */
  readonly directories: ReadonlySet<string>;
}

/** Names of files and directories: what processes see, and what of it would survive a power cut. */
export class DirectoryTree {
  private readonly files: Map<string, Inode>;
  private readonly directories: Set<string>;
  private readonly durableFiles: Map<string, Inode>;
  private readonly durableDirectories: Set<string>;
  private changes: NameChange[] = [];
  private sequence = 0;

  constructor(image: TreeImage = { files: new Map(), directories: new Set() }) {
    this.files = new Map(image.files);
    this.durableFiles = new Map(image.files);
    this.directories = new Set(image.directories);
    this.durableDirectories = new Set(image.directories);
  }

  /** The file of this name. */
  find(path: string): Inode | undefined {
    return this.files.get(path);
  }

  /** All files, by path. */
  get all(): ReadonlyMap<string, Inode> {
    return this.files;
  }

  /** Names in a directory. */
  list(path: string): readonly string[] {
    const prefix = `${path}/`;
    return [...this.files.keys(), ...this.directories]
      .filter((name) => name.startsWith(prefix) && !name.slice(prefix.length).includes("/"))
      .map((name) => name.slice(prefix.length));
  }

  /** Whether a directory is there. */
  has(directory: string): boolean {
    return directory === "" || this.directories.has(directory);
  }

  /** Makes a directory and its parents. */
  make(path: string): void {
    const parts = path.split("/");
    for (let depth = 1; depth <= parts.length; depth++) {
      const directory = parts.slice(0, depth).join("/");
      if (this.has(directory)) continue;
      this.directories.add(directory);
      this.note({ directory: parentOf(directory), makes: directory });
    }
  }

  /** Gives a file a name, and takes another one from it. */
  add(path: string, inode: Inode, from?: string): void {
    this.files.set(path, inode);
    if (from !== undefined) this.files.delete(from);
    this.note({ directory: parentOf(path), adds: [path, inode], ...(from !== undefined && { removes: from }) });
  }

  /** Takes a name away. */
  remove(path: string): void {
    this.files.delete(path);
    this.note({ directory: parentOf(path), removes: path });
  }

  /** What a sync that begins now will cover. */
  get mark(): number {
    return this.sequence;
  }

  /** A sync of this directory is through. */
  synced(directory: string, mark: number): void {
    const covers = (change: NameChange): boolean => change.directory === directory && change.sequence <= mark;
    for (const change of this.changes) if (covers(change)) apply(change, this.durableFiles, this.durableDirectories);
    this.changes = this.changes.filter((change) => !covers(change));
  }

  /** What is there after a power cut: of the changes that were not synced the first few, as journals keep them. */
  afterPowerCut(survival: Survival, random: SeededRandom): TreeImage {
    const files = new Map(this.durableFiles);
    const directories = new Set(this.durableDirectories);
    const { length } = this.changes;
    const kept = survival === "none" ? 0 : survival === "all" ? length : random.integer(0, length);
    for (const change of this.changes.slice(0, kept)) apply(change, files, directories);
    for (const path of files.keys()) if (!isReachable(parentOf(path), directories)) files.delete(path);
    return { files, directories };
  }

  private note(change: Omit<NameChange, "sequence">): void {
    this.changes.push({ sequence: ++this.sequence, ...change });
  }
}

function apply({ removes, adds, makes }: NameChange, files: Map<string, Inode>, directories: Set<string>): void {
  if (removes !== undefined) files.delete(removes);
  if (adds !== undefined) files.set(adds[0], adds[1]);
  if (makes !== undefined) directories.add(makes);
}

function isReachable(directory: string, directories: ReadonlySet<string>): boolean {
  for (let path = directory; path !== ""; path = parentOf(path)) if (!directories.has(path)) return false;
  return true;
}

/** The directory that holds this name; empty for the topmost. */
export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));
