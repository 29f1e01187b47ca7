import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../lib/root.js";
import type { Finding } from "../sabotage/attempt.js";
import { failures } from "../sabotage/failures.js";
import { idsOf, page, summary } from "../sabotage/table.js";

const known = failures[0] as (typeof failures)[number];
const finding = (more: Partial<Finding>): Finding => ({
  failure: known,
  outcome: "caught",
  by: "a | b",
  seeds: 3,
  seconds: 1.5,
  ...more,
});

describe("the list of known failures", () => {
  it("names each failure once", () => {
    const ids = failures.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    expect(ids.length).toBeGreaterThanOrEqual(82);
  });

  it("stands whole in docs/SABOTAGE.md, in its order", () => {
    expect(idsOf(readFileSync(join(root, "docs/SABOTAGE.md"), "utf8"))).toEqual(failures.map(({ id }) => id));
  });

  it("has patches that still apply, each at exactly one place, and tests that are there", () => {
    const wrong = failures.flatMap((failure) => {
      if ("notApplicable" in failure) return [];
      const lost = failure.tests.filter((file) => !existsSync(join(root, file)));
      const misplaced = failure.patches.filter(
        ({ file, find }) => readFileSync(join(root, file), "utf8").split(find).length !== 2,
      );
      return [...lost, ...misplaced.map(({ file, find }) => `${file}: ${find}`)].map(
        (what) => `${failure.id}: ${what}`,
      );
    });
    expect(wrong).toEqual([]);
  });
});

describe("the page", () => {
  it("takes new rows for old ones, keeps the others, and drops those of no failure", () => {
    const other = failures[1] as (typeof failures)[number];
    const before = `| ${known.id} | old |\n| ${other.id} | kept |\n| F-Z99 | gone |\n`;
    const text = page([known, other], [finding({})], before);
    expect(idsOf(text)).toEqual([known.id, other.id]);
    expect(text).toContain(`| ${known.id} | ${known.what} | ${known.violates} | caught | a \\| b | 3 | 1.5 |`);
    expect(text).toContain(`| ${other.id} | kept |`);
  });

  it("sums up", () => {
    const findings = [finding({}), finding({ outcome: "missed" }), finding({ outcome: "not applicable" })];
    expect(summary(findings)).toEqual({ caught: 1, missed: 1, notApplicable: 1 });
  });
});
