import { describe, expect, it } from "vitest";
import { listBehaviours, summary } from "../behaviours/listing.js";
import { readRules } from "../behaviours/rules.js";
import { leadingIds } from "../lib/leading-ids.js";
import { isAssertion, type TestResult } from "../lib/test-report.js";

const protocol = `# Rules
## E  elections
- **E07** A vote request is ignored.
  Cases: a restart (\`E07/restarted\`), a cut (\`E07/cut\`); see E08 and \`E08/ties\`.
- **E08** Up to date.
some prose with **E99** in it
`;

const result = (title: string, status: TestResult["status"] = "passed"): TestResult => ({
  file: "packages/core/test/voting.test.ts",
  title,
  ids: new Set(leadingIds(title)),
  status,
  failures: [],
});

describe("reading the rules", () => {
  it("takes each rule's id and the cases its own text names", () => {
    expect(readRules(protocol)).toEqual([
      { id: "E07", cases: ["E07/restarted", "E07/cut"] },
      { id: "E08", cases: [] },
    ]);
  });

  it.each([
    ["E07 a voter ignores", ["E07"]],
    ["E07/restarted a voter ignores", ["E07", "E07/restarted"]],
    ["E07 E15 a leader", ["E07", "E15"]],
    ["E07, E15: a leader", ["E07", "E15"]],
    ["N17 E07 a cut", ["N17", "E07"]],
    ["N17 [E07] a cut", ["N17"]],
    ["a voter obeys E07", []],
    ["e07 a voter", []],
  ])("%s leads with %j", (title, ids) => {
    expect(leadingIds(title)).toEqual(ids);
  });
});

describe("coverage", () => {
  const rules = readRules(protocol);

  it("counts passed tests only, and every named case", () => {
    const results = [result("E07/cut a"), result("E07/restarted b", "failed"), result("E08 c"), result("d E08")];
    const behaviours = listBehaviours(rules, new Map([["E08", ["a.ts"]]]), results);
    expect(summary(behaviours)).toEqual({ rules: 2, covered: 1, missing: ["E07/restarted"] });
    expect(behaviours[1]?.tests).toHaveLength(1);
    expect(behaviours[1]?.sources).toEqual(["a.ts"]);
  });

  it("misses a rule that no test carries, once", () => {
    expect(summary(listBehaviours(rules, new Map(), []))).toEqual({ rules: 2, covered: 0, missing: ["E07", "E08"] });
  });
});

describe("what counts as red", () => {
  it.each([
    ["AssertionError: expected 1 to be 2", true],
    ["AssertionError [ERR_ASSERTION]: no", true],
    ["Error: Property failed after 3 tests\n{ seed: 1 }", true],
    ["Error: expected 1 to be 2 // Object.is equality", true],
    ['Error: promise rejected "Error: x" instead of resolving', true],
    ["InvariantViolation: R08 commit index went back", true],
    ["Error: Snapshot `election` mismatched", true],
    ["TypeError: x is not a function", false],
    ["Error: Test timed out in 20000ms.", false],
  ])("%s: %j", (failure, red) => {
    expect(isAssertion(failure)).toBe(red);
  });
});
