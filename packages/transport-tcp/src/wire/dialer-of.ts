import { FRAME_HEAD_BYTES } from "./frame.js";
import { unpackArray } from "./msgpack.js";

/** Where a frame's head says how long its envelope is. */
const ENVELOPE_LENGTH_AT = 12;
/** Which element of a hello is the dialer's name. */
const NODE_ID_FIELD = 5;
/** No frame is longer before the other side is known. */
const HELLO_BYTES_MAX = 64 * 1024;
const HELLO_LIMITS = { depthMax: 3, elementsMax: 4_096 } as const;

/**
 * Who dials, as the first frame of a plaintext connection says it, for those who stand between two nodes. Believed, not
 * checked: that is the listener's to do.
 *
 * @param bytes - what a connection began with, as far as it has come.
 * @returns the dialer's node id; `undefined` until the frame is whole; empty if it names nobody.
 */
export function dialerOf(bytes: Uint8Array): string | undefined {
  if (bytes.length < FRAME_HEAD_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = FRAME_HEAD_BYTES + view.getUint32(ENVELOPE_LENGTH_AT, true);
  if (end > HELLO_BYTES_MAX) return "";
  if (bytes.length < end) return undefined;
  try {
    const fields = unpackArray(bytes.subarray(FRAME_HEAD_BYTES, end), HELLO_LIMITS);
    const id: unknown = Array.isArray(fields) ? fields[NODE_ID_FIELD] : undefined;
    return typeof id === "string" ? id : "";
  } catch {
    return "";
  }
}
