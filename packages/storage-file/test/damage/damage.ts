import type { DiskImage } from "../crash-points/journal-disk.js";

/** One thing that went wrong with one file, at one place. */
export interface Damage {
  readonly at: number;
  /** How many bytes of the file are not what they were. */
  readonly length: number;
  apply(bytes: Uint8Array): Uint8Array;
}

const SECTOR_BYTES = 512;
/** A disk loses whole sectors; that these may lie anywhere in a file is what this step stands for. */
const SECTOR_STEP_BYTES = 64;

/** Bits of one byte turned over, a different one at each place. */
export const flip = (at: number): Damage => ({
  at,
  length: 1,
  apply: (bytes) => bytes.with(at, (bytes[at] as number) ^ (1 << (at % 8))),
});

/** The rest of the file is gone. */
export const cutOff = (at: number): Damage => ({
  at,
  length: Number.POSITIVE_INFINITY,
  apply: (bytes) => bytes.subarray(0, at),
});

/** A block that reads as zeros. */
export const zeroed = (at: number): Damage => ({
  at,
  length: SECTOR_BYTES,
  apply: (bytes) => bytes.slice().fill(0, at, at + SECTOR_BYTES),
});

/** Every flip and every cut, and zeros at every so many bytes. */
export function* everyDamage(size: number): Generator<Damage> {
  for (let at = 0; at < size; at++) {
    yield flip(at);
    yield cutOff(at);
    if (at % SECTOR_STEP_BYTES === 0) yield zeroed(at);
  }
}

/** The disk with one file damaged. */
export const damagedImage = ({ files, directories }: DiskImage, path: string, damage: Damage): DiskImage => ({
  files: new Map(files).set(path, damage.apply(files.get(path) as Uint8Array)),
  directories,
});
