import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { tell } from "./story.js";

/*
 * Each text beside this file is input and expected output at once, and its first line is the test's title.
 * `pnpm vitest run packages/core/test/transcripts -u` writes what the protocol does: read it before you commit it.
 */
const here = dirname(fileURLToPath(import.meta.url));

describe("transcripts", () => {
  for (const file of readdirSync(here).filter((name) => name.endsWith(".txt"))) {
    const script = readFileSync(join(here, file), "utf8");
    it(`${script.split("\n")[0]?.replace(/^# */, "")} (${file})`, async () => {
      await expect(tell(script)).toMatchFileSnapshot(join(here, file));
    });
  }
});
