import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { proofs } from "../behaviours/proofs.js";
import { readRules } from "../behaviours/rules.js";
import { root } from "../lib/root.js";

describe("the proofs of the rules", () => {
  it("are of rules and cases that docs/PROTOCOL.md has", () => {
    const rules = readRules(readFileSync(join(root, "docs/PROTOCOL.md"), "utf8"));
    const known = new Set(rules.map(({ id }) => id));
    expect(proofs.filter(({ rule }) => !known.has(rule.split("/")[0] ?? "")).map(({ rule }) => rule)).toEqual([]);
  });

  it("are of every rule that docs/PROTOCOL.md has", () => {
    const proved = new Set(proofs.map(({ rule }) => rule.split("/")[0]));
    const rules = readRules(readFileSync(join(root, "docs/PROTOCOL.md"), "utf8"));
    expect(rules.map(({ id }) => id).filter((id) => !proved.has(id))).toEqual([]);
  });

  it("still apply, each at exactly one place, and name tests that are there", () => {
    const wrong = proofs.flatMap(({ rule, file, find, tests }) => {
      const source = join(root, file);
      const times = existsSync(source) ? readFileSync(source, "utf8").split(find).length - 1 : 0;
      const lost = (tests ?? []).filter((each) => !existsSync(join(root, each)));
      return [...(times === 1 ? [] : [`${rule}: ${times} times in ${file}: ${find}`]), ...lost];
    });
    expect(wrong).toEqual([]);
  });
});
