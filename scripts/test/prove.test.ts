import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Proof } from "../behaviours/proof.js";
import { prove as proveIn } from "../behaviours/prove.js";
import { root } from "../lib/root.js";
import { Workbench } from "../lib/workbench.js";
import { attempt } from "../sabotage/attempt.js";

const source = "export const mayVote = (term: number, own: number): boolean => term >= own && own >= 0;\n";
const file = "packages/core/src/voting.ts";
const votingTest = "packages/core/test/voting.test.ts";

/** A repository of two packages; the test of the second reaches the first by its name. */
const fixture: Record<string, string> = {
  "vitest.config.ts": 'export default { test: { include: ["packages/*/test/*.test.ts"] } };\n',
  [file]: source,
  "packages/core/package.json": '{"name":"@hexraft/core","type":"module","exports":"./src/voting.ts"}',
  "packages/core/tsconfig.json":
    '{"compilerOptions":{"composite":true,"strict":true,"outDir":"dist"},"include":["src"]}',
  [votingTest]: `import { expect, it } from "vitest";
    import { mayVote } from "../src/voting.ts";
    it("E14 a lower term is refused", () => expect(mayVote(1, 2)).toBe(false));
    it("E15 something else", () => expect(true).toBe(true));
    it("E16 breaks on the way", () => { if (mayVote(1, 2)) (undefined as never)[0]; });`,
  "packages/sim/test/world.test.ts": `import { expect, it } from "vitest";
    import { mayVote } from "@hexraft/core";
    it("E14/far a lower term is refused", () => expect(mayVote(1, 2)).toBe(false));`,
};

describe("taking a rule out", () => {
  let directory: string;
  let workbench: Workbench;

  beforeAll(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), "hexraft-prove-")));
    const repository = join(directory, "repository");
    for (const [name, text] of Object.entries(fixture)) {
      mkdirSync(dirname(join(repository, name)), { recursive: true });
      writeFileSync(join(repository, name), text);
    }
    mkdirSync(join(repository, "node_modules"));
    symlinkSync(realpathSync(join(root, "node_modules", "vitest")), join(repository, "node_modules", "vitest"));
    mkdirSync(join(repository, "packages/sim/node_modules/@hexraft"), { recursive: true });
    symlinkSync("../../../core", join(repository, "packages/sim/node_modules/@hexraft/core"));
    workbench = new Workbench(repository, join(directory, "copy"));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  const prove = (proof: Partial<Proof>) =>
    proveIn(workbench, { rule: "E14", file, find: "term >= own", replace: "true", ...proof });

  it("is proved by an assertion of a test that leads with the rule", async () => {
    expect((await prove({})).red).toContain("E14 a lower term is refused");
  });

  it("reaches tests of other packages, which see the patched copy", async () => {
    const verdict = await prove({ rule: "E14/far", tests: ["packages/sim/test/world.test.ts"] });
    expect(verdict.red).toContain("packages/sim/test/world.test.ts");
  });

  it.each<[string, Partial<Proof>, RegExp]>([
    ["a patch that no longer applies", { find: "term > own" }, /no longer applies/],
    ["a patch with two places", { find: "own" }, /occurs 5 times|no longer applies/],
    ["a patch that does not compile", { replace: "term >= unknown" }, /does not compile/],
    ["a patch that nothing notices", { find: " && own >= 0", replace: "" }, /stay green/],
    ["a red test that carries another rule", { rule: "E15" }, /stay green/],
    ["a test that breaks by no assertion", { rule: "E16" }, /by no assertion/],
    ["a rule no test carries", { rule: "E17" }, /no test that ran leads with E17/],
    ["a file that is gone", { file: "packages/core/src/gone.ts" }, /does not exist/],
  ])("is not proved by %s", async (_name, proof, why) => {
    const verdict = await prove(proof);
    expect(verdict.red).toBeUndefined();
    expect(verdict.why).toMatch(why);
  });

  it.each<[string, string, string, RegExp]>([
    ["caught", "term >= own", "true", /voting.test.ts: E14 a lower term is refused/],
    ["missed", " && own >= 0", "", /all 3 tests stay green/],
    ["missed", "term >= own", "term >= unknown", /does not compile/],
    ["missed", "term > own", "true", /no longer applies/],
  ])("a sabotage is %s: %s becomes %s", async (outcome, find, replace, by) => {
    const failure = { id: "F-E00", what: "", violates: "", patches: [{ file, find, replace }], tests: [votingTest] };
    const finding = await attempt(workbench, failure, false);
    expect(finding).toMatchObject({ outcome, by: expect.stringMatching(by) });
  });

  it("leaves original and copy as they were", () => {
    expect(readFileSync(join(directory, "repository", file), "utf8")).toBe(source);
    expect(readFileSync(join(directory, "copy", file), "utf8")).toBe(source);
  });
});
