import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RaftError } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { type Frame, FrameType, openFrame } from "../../src/wire/frame.js";
import { helloFromArray, rejectFromArray, versionsIn, welcomeFromArray } from "../../src/wire/handshake.js";
import { decodeMessage } from "../../src/wire/message-frame.js";
import { checksum } from "../support/ports.js";

const folder = join(import.meta.dirname, "..", "golden");
const GOLDEN = readdirSync(folder).map((file) => {
  const hex = readFileSync(join(folder, file), "utf8").replaceAll("\n", "");
  return { name: file, payload: new Uint8Array(Buffer.from(hex, "hex").subarray(4)) };
});

/** Small numbers out of one seed, the same in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** All that is done with a frame before somebody acts on it. */
function read(payload: Uint8Array): void {
  const frame: Frame = openFrame(payload, checksum);
  if (frame.type === FrameType.message) decodeMessage(frame, checksum);
  else if (frame.type === FrameType.hello && versionsIn(frame.fields).max > 0) helloFromArray(frame.fields);
  else if (frame.type === FrameType.welcome) welcomeFromArray(frame.fields);
  else if (frame.type === FrameType.reject) rejectFromArray(frame.fields);
}
const outcome = (payload: Uint8Array): string => {
  try {
    read(payload);
    return "read";
  } catch (error) {
    return error instanceof RaftError ? error.code : `not an error of ours: ${String(error)}`;
  }
};
/** The frame with its checksum made right again, as a peer that means harm would send it. */
function sealed(payload: Uint8Array): Uint8Array {
  const view = new DataView(payload.buffer, payload.byteOffset);
  const end = Math.min(payload.length, 12 + view.getUint32(8, true));
  view.setUint32(0, checksum.crc32(payload.subarray(4, end)), true);
  return payload;
}

describe("frames that were tampered with", () => {
  it.each(GOLDEN)("T01 $name with any bit of its head or envelope flipped is refused", ({ payload }) => {
    const envelopeEnd = 12 + new DataView(payload.buffer, payload.byteOffset).getUint32(8, true);
    const outcomes = new Set<string>();
    for (let bit = 0; bit < 8 * envelopeEnd; bit++) {
      const bytes = payload.slice();
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
      outcomes.add(outcome(bytes));
    }
    expect([...outcomes].filter((code) => code !== "BadMessage" && code !== "FormatUnknown")).toEqual([]);
  });

  it("T01 with a right checksum over wrong content, in 60,000 ways, the error is always one of ours", () => {
    const draw = seeded(20_260_101);
    const codes = new Map<string, number>();
    for (let i = 0; i < 60_000; i++) {
      const { payload } = GOLDEN[draw(GOLDEN.length)] as (typeof GOLDEN)[number];
      const bytes = payload.slice(0, draw(8) === 0 ? 12 + draw(payload.length - 11) : payload.length);
      for (let changes = 1 + draw(3); changes > 0; changes--) bytes[5 + draw(bytes.length - 5)] = draw(256);
      const code = outcome(sealed(bytes));
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes.keys()].toSorted((a, b) => a.localeCompare(b))).toEqual(["BadMessage", "Damaged", "read"]);
    expect(codes.get("BadMessage")).toBeGreaterThan(20_000);
  });
});
