import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { DEFAULT_OPTIONS } from "../../src/model/options.js";

it("O05 docs/OPTIONS.md shows every option with the default it has", () => {
  const page = readFileSync(new URL("../../../../docs/OPTIONS.md", import.meta.url), "utf8");
  const wrong = Object.entries(DEFAULT_OPTIONS).filter(([name, value]) => !page.includes(`| \`${name}\` | ${value} |`));
  expect(wrong).toEqual([]);
});
