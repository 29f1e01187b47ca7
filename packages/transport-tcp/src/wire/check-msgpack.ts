import { isUtf8 } from "node:buffer";
import { badMessage } from "@hexraft/core/ports";

/** How large a msgpack value may be before it is unpacked. */
export interface MsgpackLimits {
  /** Most arrays inside each other. */
  readonly depthMax: number;
  /** Most values in all arrays together. */
  readonly elementsMax: number;
}

/**
 * Walks over msgpack without unpacking it, and allows exactly what positional arrays need: nil, booleans, numbers, UTF-8
 * strings, bytes and arrays. Maps and extensions are refused: no key, no class and no record comes from the wire. An
 * unpacker alone can be bombed, as it allocates what a header announces: 72 kB of nested array headers have taken 1.4 GB.
 * Here every count is held against the bytes that are there and against the limits, before anything is allocated.
 *
 * @throws RaftError `BadMessage`, saying what is wrong at which byte.
 */
export function checkMsgpack(bytes: Uint8Array, { depthMax, elementsMax }: MsgpackLimits): void {
  const open: number[] = []; // values still to come, per array that is open
  let elements = 0;
  let at = 0;
  do {
    const inner = open.length - 1;
    if (inner >= 0) (open[inner] as number)--;
    const code = bytes[at];
    if (code === undefined) throw badMessage(`its msgpack ends at byte ${at}, inside a value`);
    const shape = SHAPES[code] as Shape;
    const body = at + 1 + shape.lengthBytes;
    const length = shape.lengthBytes === 0 ? shape.fixed : lengthAt(bytes, at + 1, shape.lengthBytes);
    if (shape.kind === "refused")
      throw badMessage(`its msgpack holds a value of kind 0x${code.toString(16)} at byte ${at}`);
    if (shape.kind === "array") {
      elements += length;
      if (open.length >= depthMax) throw badMessage(`its msgpack nests deeper than ${depthMax} arrays at byte ${at}`);
      if (elements > elementsMax) throw badMessage(`its msgpack holds more than ${elementsMax} values`);
      open.push(length);
      at = body;
    } else {
      at = body + length;
      if (at > bytes.length) throw badMessage(`its msgpack ends at byte ${bytes.length}, inside a value`);
      if (shape.kind === "text") checkText(bytes, body, at);
    }
    while (open.length > 0 && open[open.length - 1] === 0) open.pop();
  } while (open.length > 0);
  if (at !== bytes.length) throw badMessage(`its msgpack has ${bytes.length - at} bytes behind its value`);
}

/** What a first byte announces: either a fixed length, or one in the next `lengthBytes` bytes. */
interface Shape {
  readonly kind: "plain" | "text" | "array" | "refused";
  readonly fixed: number;
  readonly lengthBytes: number;
}
const plain = (fixed: number, lengthBytes = 0): Shape => ({ kind: "plain", fixed, lengthBytes });
const REFUSED: Shape = { kind: "refused", fixed: 0, lengthBytes: 0 };
const SHAPES: readonly Shape[] = Array.from({ length: 256 }, (_, code): Shape => {
  if (code < 0x80 || code >= 0xe0) return plain(0); // small integers
  if (code >= 0x90 && code < 0xa0) return { kind: "array", fixed: code & 0x0f, lengthBytes: 0 };
  if (code >= 0xa0 && code < 0xc0) return { kind: "text", fixed: code & 0x1f, lengthBytes: 0 };
  if (code === 0xc0 || code === 0xc2 || code === 0xc3) return plain(0); // nil, false, true
  if (code >= 0xc4 && code <= 0xc6) return plain(0, 1 << (code - 0xc4)); // bytes
  if (code === 0xca || code === 0xcb) return plain(code === 0xca ? 4 : 8); // floats
  if (code >= 0xcc && code <= 0xcf) return plain(1 << (code - 0xcc)); // unsigned integers
  if (code >= 0xd0 && code <= 0xd3) return plain(1 << (code - 0xd0)); // signed integers
  if (code >= 0xd9 && code <= 0xdb) return { kind: "text", fixed: 0, lengthBytes: 1 << (code - 0xd9) };
  if (code === 0xdc || code === 0xdd) return { kind: "array", fixed: 0, lengthBytes: code === 0xdc ? 2 : 4 };
  return REFUSED;
});

function lengthAt(bytes: Uint8Array, at: number, width: number): number {
  if (at + width > bytes.length) throw badMessage(`its msgpack ends at byte ${bytes.length}, inside a length`);
  let length = 0;
  for (let i = 0; i < width; i++) length = length * 256 + (bytes[at + i] as number);
  return length;
}

function checkText(bytes: Uint8Array, from: number, to: number): void {
  for (let at = from; at < to; at++)
    if ((bytes[at] as number) >= 0x80) {
      if (isUtf8(bytes.subarray(from, to))) return;
      throw badMessage(`its msgpack holds a string that is not UTF-8 at byte ${from}`);
    }
}
