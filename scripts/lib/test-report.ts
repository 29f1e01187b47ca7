import { readFileSync } from "node:fs";
import { relative, sep } from "node:path";
import { leadingIds } from "./leading-ids.js";

/** One test as vitest's JSON report tells it. */
export interface TestResult {
  /** Relative to the root, with forward slashes. */
  readonly file: string;
  /** The titles of the describes around it, and its own. */
  readonly title: string;
  /** What those titles lead with, rules and cases. */
  readonly ids: ReadonlySet<string>;
  readonly status: "passed" | "failed" | "other";
  readonly failures: readonly string[];
}

interface JsonReport {
  readonly testResults: ReadonlyArray<{
    readonly name: string;
    readonly message: string;
    readonly assertionResults: ReadonlyArray<{
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[] | null;
    }>;
  }>;
}

/** Reads the file that vitest's json reporter wrote. */
export function readReport(reportFile: string, root: string): TestResult[] {
  const report = JSON.parse(readFileSync(reportFile, "utf8")) as JsonReport;
  return report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map((test) => {
      const titles = [...test.ancestorTitles, test.title].filter((title) => title !== "");
      return {
        file: relative(root, name).split(sep).join("/"),
        title: titles.join(" > "),
        ids: new Set(titles.flatMap(leadingIds)),
        status: test.status === "passed" || test.status === "failed" ? test.status : "other",
        failures: test.failureMessages ?? [],
      };
    }),
  );
}

/** How failures begin that say "this is not what should be", rather than "this broke on the way". */
const assertions: readonly RegExp[] = [
  /^AssertionError\b/, // expect and node:assert
  /^Error: (expected|promise (resolved|rejected)) /, // expect.poll, .resolves and .rejects
  /^Error: Property failed after/, // fast-check; what failed inside is not in the report
  /^Error: Snapshot .* mismatched/, // transcripts
  /^\w*Invariant\w*: /, // the core's own invariants
];

export const isAssertion = (failure: string): boolean => assertions.some((each) => each.test(failure));
