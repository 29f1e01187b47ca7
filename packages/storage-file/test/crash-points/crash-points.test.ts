import { describe, expect, it } from "vitest";
import { tryCrashPoints } from "./crash-points.js";
import { recordLife } from "./life.js";

/** A part of what `pnpm crash-points` does in full, from a minute and a half down to seconds. */
const PART = { everySteps: 7, secondCrashEvery: 40 };

describe.each([
  { title: "growing files", preallocate: false },
  { title: "files written ahead and used again", preallocate: true },
])("crash points, $title", ({ preallocate }) => {
  it("L01 L02 L06 L07 L08 S02 S06 T11 whatever of the unsynced is lost or torn, what comes up is what was acknowledged", async () => {
    const life = await recordLife(preallocate);
    const usedAgain = life.journal.filter((step) => step.kind === "name" && step.removes?.includes("/spare-"));
    expect(usedAgain.length > 0).toBe(preallocate);
    const { images, failures, examples } = await tryCrashPoints([life], PART);
    expect(examples).toEqual([]);
    expect(failures).toBe(0);
    expect(images).toBeGreaterThan(800);
  }, 60_000);
});
