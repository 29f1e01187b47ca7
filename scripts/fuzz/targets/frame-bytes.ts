import { encodeFrame, type FrameType, openFrame } from "../../../packages/transport-tcp/src/wire/frame.js";
import { Framer, LENGTH_BYTES } from "../../../packages/transport-tcp/src/wire/framer.js";
import type { Pick } from "../target.js";
import { variedArray } from "../vary-value.js";
import { blind } from "./blind.js";

/** Longest frame here, bytes. */
export const FRAME_BYTES_MAX = 64 * 1024;

/** The frames of a stream, as far as it is one. */
export function payloadsOf(stream: Uint8Array): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  try {
    for (const payload of new Framer(FRAME_BYTES_MAX).push(stream)) payloads.push(payload);
  } catch {
    // What comes behind is no frame any more.
  }
  return payloads;
}

/** A stream of the same frames, one of them with another envelope, type or tail, or in another place. */
export function variedStream(stream: Uint8Array, pick: Pick): Uint8Array | undefined {
  const payloads = payloadsOf(stream);
  if (payloads.length === 0) return undefined;
  const at = pick.below(payloads.length);
  const chosen = payloads[at] as Uint8Array;
  if (pick.below(8) === 0) payloads.splice(pick.below(payloads.length + 1), 0, chosen);
  else {
    const other = variedFrame(chosen, pick);
    if (other === undefined) return undefined;
    payloads[at] = other;
  }
  return new Uint8Array(Buffer.concat(payloads.flatMap((payload) => [lengthOf(payload), payload])));
}

function variedFrame(payload: Uint8Array, pick: Pick): Uint8Array | undefined {
  try {
    const { type, fields, tail } = openFrame(payload, blind);
    const kind = (pick.below(16) === 0 ? 1 + pick.below(10) : type) as FrameType;
    const end = pick.below(8) === 0 ? tail.subarray(0, pick.below(tail.length + 1)) : tail;
    let varied = fields as unknown[];
    for (let left = 1 + pick.below(3); left > 0; left--) varied = variedArray(varied, pick);
    const head = encodeFrame(kind, varied, blind, end.length);
    return new Uint8Array(Buffer.concat([head.subarray(LENGTH_BYTES), end]));
  } catch {
    return undefined;
  }
}

function lengthOf(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES);
  new DataView(bytes.buffer).setUint32(0, payload.length, true);
  return bytes;
}
