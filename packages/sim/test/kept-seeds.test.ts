import { readdirSync, readFileSync } from "node:fs";
import { readTranscript } from "@hexraft/testing/simulator";
import { describe, expect, it } from "vitest";
import { runSeed } from "../src/run-seed.js";

const DIRECTORY = new URL("kept/", import.meta.url);
/** Each begins with the rule that it is about, and the story. */
const kept = readdirSync(DIRECTORY).map((file) => {
  const text = readFileSync(new URL(file, DIRECTORY), "utf8");
  return { file, text, story: text.split("\n")[1]?.replace(/^# /, "") ?? "" };
});

/** Runs that once failed, as transcripts: their plans stay, whatever seeds come to mean. What they told of is mended. */
describe("runs that found a mistake, or were a false alarm", () => {
  it.each(kept)("$story", { timeout: 60_000 }, async ({ file, text }) => {
    const { plan } = readTranscript(text, file);
    expect((await runSeed("files", plan)).violation).toBeUndefined();
  });
});
