import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { DEFAULT_OPTIONS } from "../../packages/core/src/model/options.js";
import { root } from "../lib/root.js";

it("O05 docs/OPTIONS.md shows every option with the default it has", () => {
  const page = readFileSync(join(root, "docs", "OPTIONS.md"), "utf8");
  const wrong = Object.entries(DEFAULT_OPTIONS).filter(([name, value]) => !page.includes(`| \`${name}\` | ${value} |`));
  expect(wrong).toEqual([]);
});
