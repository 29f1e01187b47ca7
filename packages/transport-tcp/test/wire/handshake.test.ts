import { describe, expect, it } from "vitest";
import { versionRefusal } from "../../src/link/admission.js";
import {
  helloFromArray,
  helloToArray,
  MEANT_MAX,
  rejectFromArray,
  rejectToArray,
  versionsIn,
  welcomeFromArray,
} from "../../src/wire/handshake.js";
import { helloTo } from "../support/raw-peer.js";

const hello = helloToArray(helloTo("n2", "n1"));
const HOSTILE: readonly unknown[] = [undefined, null, -1, -0, Number.NaN, 2 ** 53, 1n, {}, "\u0000", "a/b"];
const refusal = (read: () => unknown): unknown => {
  try {
    read();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return "nothing was thrown";
};

describe("the first words of a connection", () => {
  it("T02 a hello with any element missing or of a wrong kind is refused before use", () => {
    const positions = [...hello.keys()].filter((at) => at > 0 && at < 10); // the last one counts only for snapshots
    for (const at of positions) {
      expect([at, refusal(() => helloFromArray(hello.slice(0, at)))]).toEqual([at, "BadMessage"]);
      for (const value of HOSTILE) {
        const read = () => versionsIn(hello.with(at, value)) && helloFromArray(hello.with(at, value));
        expect([at, value, refusal(read)]).toEqual([at, value, "BadMessage"]);
      }
    }
    expect(refusal(() => versionsIn(hello.with(0, "HTTP")))).toBe("BadMessage");
    expect(refusal(() => helloFromArray({ length: 11 }))).toBe("BadMessage");
  });

  it("T09 a hello of a newer neighbour may say more", () => {
    expect(helloFromArray([...hello, "later", 7])).toEqual(helloTo("n2", "n1"));
    expect(refusal(() => helloFromArray([...hello, 1, 2, 3, 4, 5, 6, 7, 8, 9]))).toBe("BadMessage");
  });

  it("T09 two releases that share no version say so, those that share one do not", () => {
    expect(versionRefusal({ min: 1, max: 1 })).toBeUndefined();
    expect(versionRefusal({ min: 1, max: 9 })).toBeUndefined();
    expect(versionRefusal({ min: 2, max: 3 })).toBeUndefined();
    expect(versionRefusal({ min: 3, max: 4 })).toMatchObject({ code: "Version" });
    expect(refusal(() => versionsIn(hello.with(1, 3)))).toBe("BadMessage"); // oldest above newest
  });

  it("T02 a hello names a bounded number of groups", () => {
    const many = Array.from({ length: 1_000 }, (_, i) => [`g${i}`, "00112233445566aa"] as const);
    const said = helloToArray({ ...helloTo("n2", "n1"), meant: many });
    expect(helloFromArray(said).meant).toEqual(many.slice(0, MEANT_MAX));
    expect(refusal(() => helloFromArray(said.with(9, many.flat())))).toBe("BadMessage");
    expect(refusal(() => helloFromArray(said.with(9, ["main"])))).toBe("BadMessage");
  });

  it("T02 a welcome of a version that was not offered is refused, and so is one without an identity", () => {
    const welcome = [2, "", "n2", "00112233445566aa", 1, ""];
    expect(welcomeFromArray(welcome)).toMatchObject({ nodeId: "n2", clusterId: "" });
    for (const [at, value] of [
      [0, 3],
      [1, "abc"],
      [2, ""],
      [3, "xyz"],
      [4, 0],
      [5, "n2"],
    ] as const)
      expect([at, refusal(() => welcomeFromArray(welcome.with(at, value)))]).toEqual([at, "BadMessage"]);
  });

  it("T02 a reason of any length and content can be said", () => {
    const said = rejectToArray({ code: "BadFrame", reason: `\uD800${"x".repeat(2_000)}` });
    expect(rejectFromArray(said).reason).toBe(`\uFFFD${"x".repeat(511)}`);
    expect(refusal(() => rejectFromArray(["", "x"]))).toBe("BadMessage");
    expect(refusal(() => rejectFromArray(["Code", "x".repeat(513)]))).toBe("BadMessage");
  });
});
