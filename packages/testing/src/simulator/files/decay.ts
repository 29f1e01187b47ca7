import type { SeededRandom } from "../../time/seeded-random.js";
import { pick } from "../chance.js";
import type { Rot } from "../world/simulated-disk.js";
import type { Inode } from "./inode.js";

const SECTOR_BYTES = 512;
/** Draws until something is found that would change. */
const TRIES_MAX = 8;

/** Lets sealed bytes of one of these files become others; says which, or nothing if there are none. */
export function decay(files: ReadonlyMap<string, Inode>, how: Rot, random: SeededRandom): string {
  const candidates = [...files].filter(([, { sealedTo }]) => sealedTo > 0);
  for (let tries = 0; candidates.length > 0 && tries < TRIES_MAX; tries++) {
    const [path, inode] = pick(random, candidates);
    const at = decayOne(inode, how, random);
    if (at >= 0) return `${how} in ${path} at ${at}`;
  }
  return "";
}

/** Where it changed, or −1. */
function decayOne(inode: Inode, how: Rot, random: SeededRandom): number {
  const { durable, sealedTo } = inode;
  if (how === "bit-rot") {
    const at = random.integer(0, sealedTo - 1);
    const byte = durable.part(at, at + 1)[0] as number;
    return replace(inode, at, Uint8Array.of(byte ^ (1 << random.integer(0, 7))));
  }
  if (how === "lost-write") {
    const { losable } = inode;
    if (losable.length === 0) return -1;
    const { at, before } = pick(random, losable);
    return replace(inode, at, before);
  }
  const sectorAt = (): number => SECTOR_BYTES * random.integer(0, Math.ceil(sealedTo / SECTOR_BYTES) - 1);
  const at = sectorAt();
  const length = Math.min(SECTOR_BYTES, sealedTo - at);
  const bytes = new Uint8Array(length);
  if (how === "misdirected-write") {
    const from = sectorAt();
    bytes.set(durable.part(from, Math.min(from + length, sealedTo)));
  }
  return replace(inode, at, bytes);
}

function replace(inode: Inode, at: number, bytes: Uint8Array): number {
  const before = inode.durable.part(at, at + bytes.length);
  if (before.every((byte, i) => byte === bytes[i])) return -1;
  inode.overwrite(bytes, at);
  return at;
}
