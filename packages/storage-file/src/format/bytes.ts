import { RaftError } from "@hexraft/core/ports";

/*
 * What every file of format 1 is laid out with: little-endian numbers, 64-bit ones holding whole numbers below 2^53, and
 * names as `u8 length` + ASCII in a field of fixed width, zero-filled.
 */

/** Version of every file format of this package. */
export const FORMAT_VERSION = 1;

/** Widths of the name fields, length byte included. */
export const NODE_ID_WIDTH = 65;
export const GROUP_ID_WIDTH = 65;
export const CLUSTER_ID_WIDTH = 33;
export const INCARNATION_WIDTH = 17;

/** A piece of a file, with one view over all its fields. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where in the file it begins. */
  readonly from: number;
}

export const pieceOf = (bytes: Uint8Array, from: number): Piece => ({ bytes, view: viewOf(bytes), from });

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

export function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

/** Whatever comes out of a multiplication takes a heap object of its own wherever it is kept, however small it is. */
export function getU64(view: DataView, at: number): number {
  const [high, low] = [view.getUint32(at + 4, true), view.getUint32(at, true)];
  return high === 0 ? low : high * 2 ** 32 + low;
}

/** Lays a name into its field. */
export function setName(view: DataView, at: number, width: number, name: string): void {
  if (name.length >= width)
    throw new RaftError("BadOption", "refused", `"${name}" is longer than ${width - 1} characters`, { name });
  view.setUint8(at, name.length);
  for (let i = 0; i < name.length; i++) view.setUint8(at + 1 + i, name.charCodeAt(i));
}

/** The name in a field; a length beyond the field reads as the field's width. */
export function getName(view: DataView, at: number, width: number): string {
  const length = Math.min(view.getUint8(at), width - 1);
  let name = "";
  for (let i = 0; i < length; i++) name += String.fromCharCode(view.getUint8(at + 1 + i));
  return name;
}

/** The next multiple of `unit` at or above `value`. */
export const alignUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;
