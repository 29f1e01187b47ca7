import { describe, expect, it } from "vitest";
import { titleOf, tryCrashPoints } from "./crash-points.js";
import { KINDS, recordLife } from "./life.js";

/** A part of what `pnpm crash-points` does in full, from minutes down to seconds. */
const PART = { everySteps: 8, secondCrashEvery: 40 };

describe.each(KINDS.map((kind) => ({ title: titleOf(kind), kind })))("crash points, $title", ({ kind }) => {
  it("L01 L02 L06 L07 L08 S02 S06 T11 G01 G03 G05 whatever of the unsynced is lost or torn, what comes up is what was acknowledged", async () => {
    const life = await recordLife(kind);
    const usedAgain = life.journal.filter((step) => step.kind === "name" && step.removes?.includes("/spare-"));
    expect(usedAgain.length > 0).toBe(kind.preallocate);
    const { images, failures, examples } = await tryCrashPoints([life], PART);
    expect(examples).toEqual([]);
    expect(failures).toBe(0);
    expect(images).toBeGreaterThan(600);
  }, 120_000);
});
