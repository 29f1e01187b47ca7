/** `tsx scripts/count-tests.ts FILE…`: adds up vitest's own reports and prints `N passed, N failed`. */
import { existsSync, readFileSync } from "node:fs";

/** A file that could not be loaded has no tests to count and still is a failure. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: ReadonlyArray<{ readonly status: string; readonly assertionResults: readonly unknown[] }>;
}

let passed = 0;
let failed = 0;
for (const file of process.argv.slice(2)) {
  if (!existsSync(file)) {
    console.error(`${file} is missing: vitest did not come to its end`);
    failed += 1;
    continue;
  }
  const report = JSON.parse(readFileSync(file, "utf8")) as Report;
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  );
  passed += report.numPassedTests;
  failed += report.numFailedTests + unloaded.length;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
