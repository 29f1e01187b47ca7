import { describe, expect, it } from "vitest";
import { GrowingBytes } from "../../src/simulator/files/growing-bytes.js";

const shown = (bytes: GrowingBytes): readonly number[] => [...bytes.part(0, bytes.size)];

/** A disk's image must stay what it was at that instant, whatever the living disk, or whoever opens the image, writes next. */
describe("bytes that are shared until they are written to", () => {
  const change: Readonly<Record<string, (bytes: GrowingBytes) => void>> = {
    "written to": (bytes) => bytes.write(Uint8Array.of(9, 9), 1),
    "written to behind its end": (bytes) => bytes.write(Uint8Array.of(9), 5),
    cut: (bytes) => bytes.resize(2),
    "cut and extended": (bytes) => {
      bytes.resize(2);
      bytes.resize(4);
    },
  };

  for (const [how, act] of Object.entries(change))
    it(`I12 a copy stays as it was when the other one is ${how}, either way`, () => {
      const [original, changed] = [new GrowingBytes(Uint8Array.of(1, 2, 3)), new GrowingBytes(Uint8Array.of(1, 2, 3))];
      const copy = original.copy();
      act(original);
      expect(shown(copy)).toEqual([1, 2, 3]);
      act(changed);
      expect(shown(original)).toEqual(shown(changed));
      act(copy);
      expect(shown(copy)).toEqual(shown(changed));
      const third = copy.copy();
      third.write(Uint8Array.of(7), 0);
      expect(shown(copy)).toEqual(shown(changed));
    });

  it("I12 what lies beyond a cut is zeros when it grows again within its room", () => {
    const bytes = new GrowingBytes();
    bytes.write(Uint8Array.of(1, 2, 3, 4), 0);
    bytes.resize(1);
    bytes.resize(4);
    expect(shown(bytes)).toEqual([1, 0, 0, 0]);
  });
});
