import type { FileHandle } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { readAhead } from "../../src/snapshots/read-ahead.js";

const CHUNK = 10;

/** A file whose bytes name their place, read only when it is let; and where reads of it began. */
function slowFile(size: number) {
  const begun: number[] = [];
  const held: (() => void)[] = [];
  const handle = {
    readAsync: async (into: Uint8Array, at: number) => {
      begun.push(at);
      await new Promise<void>((resolve) => held.push(resolve));
      const bytes = new Uint8Array(Math.max(0, Math.min(into.length, size - at))).map((_, i) => at + i);
      into.set(bytes);
      return bytes.length;
    },
  } as unknown as FileHandle;
  const letGo = () => {
    for (const go of held.splice(0)) go();
  };
  return { handle, begun, letGo };
}

async function all(size: number, from: number, end: number): Promise<number[][]> {
  const { handle, letGo } = slowFile(size);
  const timer = setInterval(letGo, 0);
  const chunks: number[][] = [];
  for await (const chunk of readAhead(handle, from, end, CHUNK)) chunks.push([...chunk]);
  clearInterval(timer);
  return chunks;
}

describe("readAhead", () => {
  it("S04 yields a part of the file in chunks, the last one shorter", async () => {
    for (const end of [5, 15, 45, 95, 125]) {
      const chunks = await all(200, 5, end);
      expect(chunks.flat()).toEqual(Array.from({ length: end - 5 }, (_, i) => 5 + i));
      expect(chunks.slice(0, -1).every(({ length }) => length === CHUNK)).toBe(true);
    }
  });

  it("S04 the next chunks are on their way while their taker is busy, and no more than these", async () => {
    const { handle, begun, letGo } = slowFile(1_000);
    const chunks = readAhead(handle, 0, 1_000, CHUNK);
    const first = chunks.next();
    expect(begun).toEqual([0]);
    letGo();
    expect((await first).value).toHaveLength(CHUNK);
    for (let i = 1; i < 4; i++) await chunks.next();
    expect(begun).toEqual([0, 40]);
    await chunks.return(undefined);
    letGo();
  });

  it("S04 for who holds a bounded part of it the same few rooms are filled in turn", async () => {
    const rooms = async (heldBytesMax?: number) => {
      const { handle, letGo } = slowFile(200);
      const timer = setInterval(letGo, 0);
      const buffers = new Set<ArrayBufferLike>();
      const chunks: number[] = [];
      for await (const chunk of readAhead(handle, 5, 200, CHUNK, heldBytesMax)) {
        buffers.add(chunk.buffer);
        chunks.push(...chunk);
      }
      clearInterval(timer);
      expect(chunks).toEqual(Array.from({ length: 195 }, (_, i) => 5 + i));
      return buffers.size;
    };
    expect([await rooms(0), await rooms(1), await rooms(41), await rooms()]).toEqual([2, 3, 4, 5]);
  });

  it("S05 a file that ends early yields short chunks, and no fewer of them", async () => {
    const chunks = await all(57, 0, 100);
    expect(chunks.map(({ length }) => length)).toEqual([10, 10, 10, 10, 10, 7, 0, 0, 0, 0]);
  });
});
