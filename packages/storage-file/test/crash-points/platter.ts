import { createHash } from "node:crypto";
import { type DiskImage, type DiskStep, parentOf, resized, written } from "./journal-disk.js";

/** A step whose sync has not ended. */
type Pending = Extract<DiskStep, { kind: "write" | "resize" | "name" }> & { readonly position: number };
type PendingData = Extract<Pending, { kind: "write" | "resize" }>;
type PendingName = Extract<Pending, { kind: "name" }>;

/** What became of one unsynced change: `whole`, `lost`, so many of its first bytes, only its size, or all but one sector. */
type Fate = "whole" | "lost" | "size" | { readonly first: number } | { readonly without: number };

/** A disk that a crash may have left; its bytes are made on demand, since most of them were seen before. */
export interface PossibleDisk {
  /** Equal for equal names and bytes. */
  readonly key: string;
  image(): DiskImage;
}

const SECTOR_BYTES = 512;
/** Torn at each record and batch border, which are finer than a disk tears. */
const TEAR_EVERY_BYTES = 64;
/** Subsets are taken of so many unsynced changes at once; of more, only all, none, all but one and one alone. */
const SUBSET_OF_MAX = 6;

/**
 * Follows a journal, and says at any point of it what a power cut could leave: what was synced for certain, and of everything else
 * any subset, torn anywhere. Names of one directory are as free of each other as writes are.
 */
export class Platter {
  private readonly contents: Uint8Array[];
  private readonly names: Map<string, number>;
  private readonly directories: Set<string>;
  private pending: Pending[] = [];
  private position = 0;
  /** Digest of each file's bytes under given fates; files grow slowly, so most are asked for again and again. */
  private readonly digests = new Map<string, string>();
  private readonly versions: number[] = [];

  constructor(image: DiskImage) {
    this.contents = [...image.files.values()];
    this.names = new Map([...image.files.keys()].map((path, file) => [path, file]));
    this.directories = new Set(image.directories);
  }

  /** One step further. */
  advance(step: DiskStep): void {
    const position = this.position++;
    if (step.kind === "sync") this.settle((p) => p.kind !== "name" && p.file === step.file && p.position < step.upTo);
    else if (step.kind === "sync-directory")
      this.settle((p) => p.kind === "name" && p.directory === step.directory && p.position < step.upTo);
    else this.pending.push({ ...step, position });
  }

  /** Nothing unsynced survives. */
  nothingKept(): PossibleDisk {
    return this.possible(() => "lost");
  }

  /** All of it does, as after `kill -9`. */
  allKept(): PossibleDisk {
    return this.possible(() => "whole");
  }

  /** Everything that a power cut could leave here. */
  *possibilities(): Generator<PossibleDisk> {
    const data = this.pending.filter((p): p is PendingData => p.kind !== "name");
    const names = this.pending.filter((p): p is PendingName => p.kind === "name");
    for (const keptNames of subsets(names)) {
      for (const keptData of subsets(data)) {
        const kept = new Set<Pending>([...keptNames, ...keptData]);
        yield this.possible((p) => (kept.has(p) ? "whole" : "lost"));
      }
    }
    for (const torn of data) {
      for (const fate of tearsOf(torn)) {
        yield this.possible((p) => (p === torn ? fate : "whole"));
        yield this.possible((p) => (p === torn ? fate : p.kind === "name" ? "whole" : "lost"));
        yield this.possible((p) => (p === torn ? fate : "lost"));
      }
    }
  }

  private settle(isCovered: (pending: Pending) => boolean): void {
    for (const p of this.pending) {
      if (!isCovered(p)) continue;
      if (p.kind === "name") applyName(p, this.names, this.directories);
      else {
        this.contents[p.file] = changed(this.contents[p.file] ?? new Uint8Array(0), p, "whole");
        this.versions[p.file] = (this.versions[p.file] ?? 0) + 1;
      }
    }
    this.pending = this.pending.filter((p) => !isCovered(p));
  }

  private possible(fateOf: (pending: Pending) => Fate): PossibleDisk {
    const fates = new Map(this.pending.map((p) => [p, fateOf(p)]));
    const names = new Map(this.names);
    const directories = new Set(this.directories);
    for (const [p, fate] of fates) if (p.kind === "name" && fate === "whole") applyName(p, names, directories);
    for (const path of directories) if (!isReachable(path, directories)) directories.delete(path);
    for (const path of names.keys()) if (!directories.has(parentOf(path))) names.delete(path);
    const hash = createHash("sha256");
    for (const directory of [...directories].toSorted()) hash.update(`${directory}\n`);
    for (const [path, file] of [...names].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      hash.update(`${path} ${this.digest(file, fates)}\n`);
    return {
      key: hash.digest("base64"),
      image: () => ({
        files: new Map([...names].map(([path, file]) => [path, this.bytesOf(file, fates)])),
        directories,
      }),
    };
  }

  private digest(file: number, fates: ReadonlyMap<Pending, Fate>): string {
    const own = [...fates].filter(([p]) => p.kind !== "name" && p.file === file);
    const key = `${file}.${this.versions[file] ?? 0} ${own.map(([p, fate]) => `${p.position}:${JSON.stringify(fate)}`).join()}`;
    let digest = this.digests.get(key);
    if (digest === undefined) {
      digest = createHash("sha256").update(this.bytesOf(file, fates)).digest("base64");
      this.digests.set(key, digest);
    }
    return digest;
  }

  private bytesOf(file: number, fates: ReadonlyMap<Pending, Fate>): Uint8Array {
    let bytes = this.contents[file] ?? new Uint8Array(0);
    for (const [p, fate] of fates) if (p.kind !== "name" && p.file === file) bytes = changed(bytes, p, fate);
    return bytes;
  }
}

function changed(before: Uint8Array, change: PendingData, fate: Fate): Uint8Array {
  if (fate === "lost") return before;
  if (change.kind === "resize") return resized(before, change.size);
  const { at, bytes } = change;
  if (fate === "whole") return written(before, at, bytes);
  const end = Math.max(before.length, at + bytes.length);
  if (fate === "size") return resized(before, end);
  if ("first" in fate) return written(before, at, bytes.subarray(0, fate.first));
  const after = written(before, at, bytes);
  const sector = Math.max(at, fate.without * SECTOR_BYTES);
  const behind = Math.min(at + bytes.length, (fate.without + 1) * SECTOR_BYTES);
  after.fill(0, sector, behind);
  after.set(before.subarray(sector, behind), sector);
  return after;
}

function tearsOf(change: PendingData): readonly Fate[] {
  if (change.kind === "resize") return [];
  const { at, bytes } = change;
  // Batches end in padding: a tear in there leaves all of their records.
  const ends = [1, 9, 17, 33].filter((short) => short < bytes.length).map((short) => ({ first: bytes.length - short }));
  const tears: Fate[] = ["size", { first: 1 }, ...ends];
  for (let first = TEAR_EVERY_BYTES; first < bytes.length; first += TEAR_EVERY_BYTES) tears.push({ first });
  const sector = Math.floor(at / SECTOR_BYTES);
  const last = Math.floor((at + bytes.length - 1) / SECTOR_BYTES);
  if (sector < last) for (let without = sector; without <= last; without++) tears.push({ without });
  return tears;
}

function* subsets<T>(items: readonly T[]): Generator<readonly T[]> {
  if (items.length <= SUBSET_OF_MAX) {
    for (let mask = 0; mask < 2 ** items.length; mask++) yield items.filter((_, i) => (mask & (1 << i)) !== 0);
    return;
  }
  yield [];
  yield items;
  for (const one of items) {
    yield [one];
    yield items.filter((item) => item !== one);
  }
}

function applyName(change: PendingName, names: Map<string, number>, directories: Set<string>): void {
  if (change.removes !== undefined) names.delete(change.removes);
  if (change.adds !== undefined) names.set(change.adds[0], change.adds[1]);
  if (change.makes !== undefined) directories.add(change.makes);
}

function isReachable(path: string, directories: ReadonlySet<string>): boolean {
  for (let at = path; at !== ""; at = parentOf(at)) if (!directories.has(at)) return false;
  return true;
}
