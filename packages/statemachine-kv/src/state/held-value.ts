import { bytesOfHeld, heldOf } from "../bytes.js";

/**
 * A value as a record holds it. A short one is a string with one character per byte, which is compact. A longer one lies in
 * memory outside the collector's heap, and is overwritten where it lies: as strings, a node's values were most of what its
 * collector carried from the young generation to the old one, for every write of every key.
 */
export type HeldValue = string | Uint8Array<ArrayBuffer>;

/** From so many bytes on a value is worth the 200 bytes or so that an array of its own costs. */
const ARRAY_BYTES_MIN = 128;
/** Rooms are multiples of this, so that a value which varies a little keeps its room. Bytes. */
const ROOM_STEP_BYTES = 32;

/** What is to be held instead of `old`, whose room may be used again: give none that anybody else may hold. */
export function holdInstead(old: HeldValue, value: Uint8Array): HeldValue {
  const { length } = value;
  if (length < ARRAY_BYTES_MIN) return heldOf(value);
  const held = typeof old === "object" ? roomIn(old, length) : newRoom(length);
  held.set(value);
  return held;
}

/** What is to be held of a value that lies in a {@link newRoom} of its own already: the caller gives the room away. */
export const holdRoom = (room: Uint8Array<ArrayBuffer>): HeldValue =>
  room.length < ARRAY_BYTES_MIN ? heldOf(room) : room;

/** Its room is kept for what fills at least half of it. */
function roomIn(old: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  if (old.length === length) return old;
  const { buffer } = old;
  return length <= buffer.byteLength && 2 * length >= buffer.byteLength
    ? new Uint8Array(buffer, 0, length)
    : newRoom(length);
}

/** Room for a value of so many bytes. */
export const newRoom = (length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new ArrayBuffer(Math.ceil(length / ROOM_STEP_BYTES) * ROOM_STEP_BYTES), 0, length);

/** Whether it holds these bytes. */
export function holds(held: HeldValue, bytes: Uint8Array): boolean {
  if (held.length !== bytes.length) return false;
  return typeof held === "string" ? held === heldOf(bytes) : Buffer.compare(held, bytes) === 0;
}

/** A copy, for a caller. */
export const handOut = (held: HeldValue): Uint8Array => (typeof held === "string" ? bytesOfHeld(held) : held.slice());
