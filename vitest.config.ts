import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

export default defineConfig({
  // Constructor-parameter decorators; oxc does not look at tsconfig for files outside its `include`.
  oxc: { decorator: { legacy: true } },
  // Sibling packages resolve to their src/ (the first condition in their `exports`).
  ssr: { resolve: { conditions: ["@hexraft/source", ...defaultServerConditions] } },
  test: {
    include: ["packages/*/test/**/*.test.ts"],
    // A missing transcript or golden file is a failure, never written silently.
    update: "none",
    coverage: { provider: "v8", include: ["packages/*/src/**/*.ts"] },
  },
});
