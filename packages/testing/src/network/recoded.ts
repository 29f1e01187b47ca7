import { blockBytes, blocksOf, type Envelope, fromArray, openBlock, toArray } from "@hexraft/core/ports";
import { crc32 } from "../time/crc32.js";

/** The message as its receiver would read it from a wire: nothing of the sender's memory is in it. */
export function recoded(envelope: Envelope): Envelope {
  const { message } = envelope;
  const copies = blocksOf(message).map((block) => openBlock(blockBytes(block, crc32).slice(), 0, crc32));
  return fromArray(structuredClone(toArray(envelope)), copies);
}
