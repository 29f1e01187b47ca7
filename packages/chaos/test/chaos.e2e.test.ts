import { describe, expect, it } from "vitest";
import type { ChaosVerdict } from "../src/index.js";
import { chaos, interruptInTheMiddle, leavings } from "./support/run-chaos.js";

describe("pnpm chaos", () => {
  it("I15 I16 C02 ten seconds of faults lose nothing, are explained, and leave nothing behind", async () => {
    const { code, out, error } = await chaos(["--minutes", "0.17", "--json"]);
    expect({ error, code }).toEqual({ error: "", code: 0 });
    const verdict = JSON.parse(out.trimEnd().split("\n").at(-1) ?? "") as ChaosVerdict;
    expect(verdict).toMatchObject({ lost: 0, linearizable: true, undecided: 0 });
    expect(verdict.faults).toBeGreaterThanOrEqual(3);
    expect(verdict.operations).toBeGreaterThan(1_000);
    expect(Object.keys(verdict)).toHaveLength(7);
    expect(leavings()).toEqual([]);
  });

  it("leaves nothing behind when it is interrupted in the middle", async () => {
    const { code, error } = await chaos(["--minutes", "5"], interruptInTheMiddle);
    expect(error).toContain("ended by SIGINT");
    expect(code).toBe(1);
    expect(leavings()).toEqual([]);
  });

  it("goes on when nobody reads what it prints, and says on its own what ended it", async () => {
    let hasLeft = false;
    const { code, error } = await chaos(["--minutes", "5"], (_, child) => {
      if (hasLeft) return;
      hasLeft = true;
      child.stdout?.destroy();
      // By then a fault has struck, and was told of.
      setTimeout(() => child.kill("SIGINT"), 6_000);
    });
    expect(error).toBe("chaos: Error: ended by SIGINT\n");
    expect(code).toBe(1);
    expect(leavings()).toEqual([]);
  });

  it("refuses a wrong call with its usage and status 2", async () => {
    for (const [flag, value] of [
      ["--minutes", "0"],
      ["--network", "string and cans"],
    ] as const) {
      const { code, error } = await chaos([flag, value]);
      expect([code, error.includes(flag)]).toEqual([2, true]);
    }
  });
});
