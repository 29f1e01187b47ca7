import { RaftError } from "./errors.js";

/** Bytes of a gate's payload: the format that it opens, u32 little-endian. */
const GATE_BYTES = 4;

/** F05: what an entry of type `versionGate` says. */
export function encodeGate(formatVersion: number): Uint8Array {
  const bytes = new Uint8Array(GATE_BYTES);
  new DataView(bytes.buffer).setUint32(0, formatVersion, true);
  return bytes;
}

/** F05: the format that it opens. @throws RaftError `Damaged` */
export function decodeGate(payload: Uint8Array): number {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const formatVersion = payload.length === GATE_BYTES ? view.getUint32(0, true) : 0;
  if (formatVersion === 0)
    throw new RaftError("Damaged", "refused", `A version gate of ${payload.length} bytes opens no format.`);
  return formatVersion;
}
