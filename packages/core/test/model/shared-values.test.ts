import { describe, expect, it } from "vitest";
import { sharedNames } from "../../src/model/shared-names.js";
import { SHARED_VALUES_MAX, SharedValues } from "../../src/model/shared-values.js";

describe("values that many groups remember", () => {
  it("G01 E23 what a thousand groups remember alike is kept once", () => {
    const texts = new SharedValues<string>();
    for (let group = 0; group < 1_000; group++) {
      const text = `leader n${1 + (group % 3)}`;
      expect(texts.of(text, text)).toBe(text);
    }
    expect(texts.size).toBe(3);
  });

  it("G01 E23 values that never come again do not fill the memory", () => {
    const terms = new SharedValues<{ readonly term: number }>();
    for (let term = 0; term < 3 * SHARED_VALUES_MAX; term++) {
      expect(terms.of(String(term), { term })).toEqual({ term });
      expect(terms.size).toBeLessThanOrEqual(SHARED_VALUES_MAX);
    }
  });

  it("G01 lists of the same names in the same order are one list, and no others", () => {
    const voters = sharedNames(["n1", "n2", "n3"]);
    expect(sharedNames(["n1", "n2", "n3"])).toBe(voters);
    expect(sharedNames(["n1", "n3", "n2"])).toEqual(["n1", "n3", "n2"]);
    expect(sharedNames(["n1n2", "n3"])).toEqual(["n1n2", "n3"]);
  });
});
