import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

// Set by .ci/run: the same command then also leaves its report in that file.
const reportFile = process.env["HEXRAFT_TEST_REPORT"];

const PURE_ROOMS = ["protocol", "components", "model", "node", "classics", "composition", "transcripts"];
const PURE_PACKAGES = "membership sessions sim statemachine-composed statemachine-kv storage-file testing".split(" ");
const PURE = [...PURE_ROOMS.map((room) => `core/test/${room}`), ...PURE_PACKAGES.map((name) => `${name}/test`)].map(
  (place) => `packages/${place}/**/*.test.ts`,
);

export default defineConfig({
  // Constructor-parameter decorators; oxc does not look at tsconfig for files outside its `include`.
  oxc: { decorator: { legacy: true } },
  // Sibling packages resolve to their src/ (the first condition in their `exports`).
  ssr: { resolve: { conditions: ["@hexraft/source", ...defaultServerConditions] } },
  test: {
    // Processes, so that locks, signals and pids are real; two, for the small machines this runs on.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What comes true in a moment does so later on a machine whose disk and cores others have; a second is no verdict.
    expect: { poll: { timeout: 15_000 } },
    // A missing transcript or golden file is a failure, never written silently.
    update: "none",
    reporters: reportFile ? ["default", ["json", { outputFile: reportFile }]] : ["default"],
    coverage: { provider: "v8", include: ["packages/*/src/**/*.ts"] },
    projects: [
      {
        extends: true,
        test: {
          name: "rules",
          include: ["packages/*/test/**/*.test.ts", "scripts/test/**/*.test.ts"],
          exclude: ["**/*.e2e.test.ts", ...PURE],
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Values in, values out: what is loaded and compiled for one file serves the next. Who replaces a module is not among them.
        extends: true,
        test: {
          name: "pure",
          include: PURE,
          exclude: ["**/*.e2e.test.ts"],
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Commands that compute, and clusters of real processes, afterwards. These wait more than they work, and have patience enough for a second one beside them.
        extends: true,
        test: {
          name: "processes",
          include: ["packages/*/test/**/*.e2e.test.ts", "scripts/test/**/*.e2e.test.ts"],
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
