import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

const reportFile = process.env["HEXRAFT_TEST_REPORT"];

/** Tests that need Debian's redis-cli: `pnpm test:redis-cli`. Apart, because `pnpm test` needs only Node.js. */
export default defineConfig({
  oxc: { decorator: { legacy: true } },
  ssr: { resolve: { conditions: ["@hexraft/source", ...defaultServerConditions] } },
  test: {
    include: ["packages/server/test-redis-cli/**/*.test.ts"],
    passWithNoTests: true,
    pool: "forks",
    testTimeout: 20_000,
    hookTimeout: 20_000,
    reporters: reportFile ? ["default", ["json", { outputFile: reportFile }]] : ["default"],
  },
});
