import type { SeededRandom } from "../../time/seeded-random.js";
import { GrowingBytes } from "./growing-bytes.js";

/** A change to a file that is not synced. */
type Change =
  | { readonly sequence: number; readonly at: number; readonly bytes: Uint8Array; readonly size?: undefined }
  | { readonly sequence: number; readonly size: number };

/** What a synced write replaced. */
interface Replaced {
  readonly at: number;
  readonly before: Uint8Array;
}

/** Most synced writes of a file that can still turn out to be lost. */
const REPLACED_MAX = 8;

/** What most writes replace: zeros laid ahead, or nothing. */
const ZEROS = new Uint8Array(16 * 1024);

/** How much of what was not synced a power cut leaves. */
export type Survival = "none" | "all" | "chance";

/** A file: what processes see of it, and what would survive a power cut. */
export class Inode {
  /** What reads see. */
  readonly cached: GrowingBytes;
  /** What is on the platter. */
  readonly durable: GrowingBytes;
  /** Bytes below this were durable before the newest synced write began: whoever seals what came before may rely on them. */
  sealedTo = 0;
  private changes: Change[] = [];
  /** Bytes of the changes, one behind the other: used anew from its beginning whenever all of them are on the platter. */
  private readonly pool = new GrowingBytes();
  private poolUsed = 0;
  private readonly replaced: Replaced[] = [];
  private sequence = 0;

  /** A file that holds these bytes, durably. */
  constructor(durable = new GrowingBytes()) {
    this.cached = durable.copy();
    this.durable = durable;
  }

  /** Takes bytes into the cache. */
  write(bytes: Uint8Array, at: number): void {
    this.cached.write(bytes, at);
    const from = this.changes.length === 0 ? 0 : this.poolUsed;
    this.poolUsed = from + bytes.length;
    this.pool.write(bytes, from);
    this.changes.push({ sequence: ++this.sequence, at, bytes: this.pool.part(from, this.poolUsed) });
  }

  /** Cuts or extends, in the cache. */
  resize(size: number): void {
    this.cached.resize(size);
    this.changes.push({ sequence: ++this.sequence, size });
  }

  /** What a sync that begins now will cover. */
  get mark(): number {
    return this.sequence;
  }

  /** A sync is through: everything up to its mark is on the platter. */
  synced(mark: number): void {
    let lowest = Number.POSITIVE_INFINITY;
    for (const change of this.taken(mark)) {
      if (change.size === undefined) {
        // Zeros that are laid ahead seal nothing.
        if (change.at < lowest && !isZero(change.bytes)) lowest = change.at;
        this.remember(change.at, change.bytes.length);
      }
      land(this.durable, change);
    }
    if (lowest < Number.POSITIVE_INFINITY) this.sealedTo = lowest;
  }

  /** A sync failed, and the host forgot that anything was to be written: reads go on to show it, a power cut will not. */
  forgotten(mark: number): void {
    this.taken(mark);
  }

  /** The bytes after a power cut: any of the unsynced changes, each torn anywhere, or there in size only. */
  afterPowerCut(survival: Survival, random: SeededRandom): GrowingBytes {
    const bytes = this.durable.copy();
    if (survival === "none") return bytes;
    for (const change of this.changes) {
      if (survival === "all") land(bytes, change);
      else landByChance(bytes, change, random);
    }
    return bytes;
  }

  /** The file got its name when it was whole and synced: every byte of it may be relied on. */
  named(): void {
    if (this.changes.length === 0) this.sealedTo = this.durable.size;
  }

  /** Changes durable bytes behind everybody's back. */
  overwrite(bytes: Uint8Array, at: number): void {
    this.cached.write(bytes, at);
    this.durable.write(bytes, at);
  }

  /** @internal Writes that were synced, and sealed since: what was there before them. */
  get losable(): readonly Replaced[] {
    return this.replaced.filter(({ at, before }) => at + before.length <= this.sealedTo);
  }

  private remember(at: number, length: number): void {
    const { replaced } = this;
    if (replaced.length === REPLACED_MAX) replaced.shift();
    const part = this.durable.part(at, at + length);
    const wasEmpty = length <= ZEROS.length && isZero(part);
    const before = wasEmpty ? ZEROS.subarray(0, length) : new Uint8Array(length);
    if (!wasEmpty) before.set(part);
    replaced.push({ at, before });
  }

  private taken(mark: number): readonly Change[] {
    let count = 0;
    while (count < this.changes.length && (this.changes[count] as Change).sequence <= mark) count++;
    return this.changes.splice(0, count);
  }
}

/** A loop: a whole segment is laid out at a time. */
function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

function land(bytes: GrowingBytes, change: Change): void {
  if (change.size === undefined) bytes.write(change.bytes, change.at);
  else bytes.resize(change.size);
}

function landByChance(bytes: GrowingBytes, change: Change, random: SeededRandom): void {
  const fate = random.next();
  if (fate < 0.3) return;
  if (fate < 0.6 || change.size !== undefined) return land(bytes, change);
  const torn = change.bytes.subarray(0, random.integer(0, change.bytes.length));
  const grown = change.at + change.bytes.length - bytes.size;
  // The size was written, and the data was not: the host shows zeros. What was there before stays or is overwritten.
  if (fate > 0.93 && grown > 0) bytes.resize(bytes.size + grown);
  bytes.write(torn, change.at);
}
