import { describe, expect, it } from "vitest";
import { SHARED_TEXTS_MAX, SharedTexts } from "../../src/model/shared-texts.js";

describe("texts that many groups remember", () => {
  it("G01 E23 what a thousand groups remember alike is kept once", () => {
    const texts = new SharedTexts();
    for (let group = 0; group < 1_000; group++)
      expect(texts.of(`leader n${1 + (group % 3)}`)).toBe(`leader n${1 + (group % 3)}`);
    expect(texts.size).toBe(3);
  });

  it("G01 E23 texts that never come again do not fill the memory", () => {
    const texts = new SharedTexts();
    for (let term = 0; term < 3 * SHARED_TEXTS_MAX; term++) {
      expect(texts.of(`follower in term ${term}`)).toBe(`follower in term ${term}`);
      expect(texts.size).toBeLessThanOrEqual(SHARED_TEXTS_MAX);
    }
  });
});
