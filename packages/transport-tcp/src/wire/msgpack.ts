import { badMessage } from "@hexraft/core/ports";
import { Packr, Unpackr } from "msgpackr";
import { checkMsgpack, type MsgpackLimits } from "./check-msgpack.js";

const packr = new Packr({ useRecords: false });
// Bytes are copied out of the frame, so that a payload that is kept does not keep a whole chunk of the socket with it.
const unpackr = new Unpackr({ useRecords: false, copyBuffers: true, int64AsType: "number" });

/** Lays a positional array down as msgpack: no records, no extensions. */
export function packArray(array: readonly unknown[]): Uint8Array {
  return packr.pack(array);
}

/**
 * Reads msgpack that came from outside: its structure is checked whole before anything is unpacked. Bytes in it come back
 * as plain Uint8Arrays of their own.
 *
 * @throws RaftError `BadMessage`.
 */
export function unpackArray(bytes: Uint8Array, limits: MsgpackLimits): unknown {
  checkMsgpack(bytes, limits);
  try {
    // A plain view, so that what comes out of it is plain as well.
    return unpackr.unpack(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
  } catch (error) {
    throw badMessage(`its msgpack cannot be unpacked (${error instanceof Error ? error.message : String(error)})`);
  }
}
