import { BrokenLaw } from "./broken-law.js";
import type { Law } from "./law.js";

/** The laws of one port, over one adapter. */
export interface LawSuite {
  /** What is judged, e.g. `LogStorage laws`. */
  readonly title: string;
  /** In reading order. */
  readonly laws: readonly Law[];
}

/** The two words that vitest, jest, mocha and `node:test` share. */
export interface TestBinding {
  /** Names a group of tests. */
  readonly describe: (title: string, body: () => void) => unknown;
  /** Names one test. */
  readonly it: (title: string, body: () => Promise<void>) => unknown;
}

/**
 * Makes one test of each law.
 *
 * @example
 * ```ts
 * import { logStorageLaws, register } from "@hexraft/testing/conformance";
 * import { describe, it } from "node:test";
 *
 * register(logStorageLaws(async () => myFixture()), { describe, it });
 * ```
 */
export function register({ title, laws }: LawSuite, { describe, it }: TestBinding): void {
  describe(title, () => {
    for (const { id, run } of laws) it(id, run);
  });
}

/** The laws of one port; whatever comes of one that does not hold says which one it is, and why it exists. */
export const lawSuite = (title: string, laws: readonly Law[]): LawSuite => ({
  title,
  laws: laws.map((law) => ({
    ...law,
    run: () =>
      law.run().catch((cause: unknown) => {
        throw new BrokenLaw(law, cause);
      }),
  })),
});
