import { describe, expect, it } from "vitest";
import { Framer } from "../../src/index.js";

const MAX = 120;
const frame = (payload: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(4 + payload.length);
  new DataView(bytes.buffer).setUint32(0, payload.length, true);
  bytes.set(payload, 4);
  return bytes;
};
const filled = (length: number, seed: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff);
const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const all = (framer: Framer, ...chunks: Uint8Array[]) =>
  chunks.flatMap((chunk) => [...framer.push(chunk)].map((payload) => payload.slice()));
const announcing = (length: number) => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length, true);
  return bytes;
};
const PAYLOADS = [filled(1, 1), filled(50, 2), filled(MAX, 3), filled(2, 4)];
const STREAM = joined(...PAYLOADS.map(frame));

describe("cutting a stream into frames", () => {
  it("T01 several frames in one read come out as they went in, uncopied", () => {
    const framer = new Framer(MAX);
    const payloads = [...framer.push(STREAM)];
    expect(payloads).toEqual(PAYLOADS);
    expect(payloads.every((payload) => payload.buffer === STREAM.buffer)).toBe(true);
    expect(framer.pendingBytes).toBe(0);
  });

  it("T01 a stream split at any byte gives the same frames", () => {
    for (let at = 0; at <= STREAM.length; at++)
      expect(all(new Framer(MAX), STREAM.subarray(0, at), STREAM.subarray(at))).toEqual(PAYLOADS);
  });

  it("T01 one byte a read gives the same frames", () => {
    expect(all(new Framer(MAX), ...Array.from(STREAM, (byte) => Uint8Array.of(byte)))).toEqual(PAYLOADS);
  });

  it("T01 lengths of 0, above the limit and 2^32 - 1 end it, wherever the length is split", () => {
    for (const length of [0, MAX + 1, 2 ** 31, 2 ** 32 - 1])
      for (let at = 0; at < 4; at++) {
        const framer = new Framer(MAX);
        const head = announcing(length);
        expect(() => all(framer, frame(PAYLOADS[0] as Uint8Array), head.subarray(0, at), head.subarray(at))).toThrow(
          expect.objectContaining({ code: "BadMessage" }),
        );
      }
  });

  it("T01 a long frame that was only announced costs no memory, and one that comes is whole", () => {
    const length = 16 * 1024 * 1024;
    const framers = Array.from({ length: 64 }, () => new Framer(length));
    const before = process.memoryUsage().arrayBuffers;
    for (const framer of framers) expect(all(framer, announcing(length))).toEqual([]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThanOrEqual(64 * 256 * 1024 + 4_096);
    const big = filled(length, 9);
    const [got, ...more] = all(new Framer(length), ...chunked(joined(announcing(length), big), 65_536));
    expect(more).toEqual([]);
    expect(Buffer.compare(got as Uint8Array, big)).toBe(0);
  });

  it("T01 bytes of a frame that is not whole are known, so that a cut can be told from an end", () => {
    const framer = new Framer(MAX);
    all(framer, STREAM.subarray(0, 3));
    expect(framer.pendingBytes).toBe(3);
    all(framer, STREAM.subarray(3, 12));
    expect(framer.pendingBytes).toBeGreaterThan(0);
  });
});

function chunked(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}
