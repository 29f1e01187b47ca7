import { describe, expect, it } from "vitest";
import type { Configuration } from "../../src/model/configuration.js";
import { NO_CONFIGURATION } from "../../src/model/configuration.js";
import { planChange } from "../../src/protocol/change-plan.js";
import type { MembershipPolicy, QuorumPolicy } from "../../src/protocol/policies.js";
import { jointMajority } from "../../src/protocol/quorum/joint.js";
import { QUORUM_VOTERS_MAX, quorumFault } from "../../src/protocol/quorum/meeting.js";
import { sent } from "../support/effects.js";
import { jointMembership, letters, target } from "../support/joint-membership.js";
import type { LabOptions } from "../support/lab.js";
import { ordersOf } from "../support/messages.js";
import { ReadingLab } from "../support/reading-lab.js";

/** So many voters elect and so many confirm, whichever they are; in the joint phase of each half. */
function counting(elects: (of: number) => number, confirms: (of: number) => number): QuorumPolicy {
  const halves = ({ voters, votersOld }: Configuration) => [voters, votersOld].filter((half) => half.length > 0);
  return {
    voteResult: (configuration, voteOf) =>
      halves(configuration).every((half) => half.filter((id) => voteOf(id) === true).length >= elects(half.length))
        ? "won"
        : "pending",
    reached: (configuration, valueOf) =>
      Math.min(
        ...halves(configuration).map(
          (half) => half.map(valueOf).toSorted((a, b) => b - a)[confirms(half.length) - 1] ?? Number.NEGATIVE_INFINITY,
        ),
      ),
  };
}
const majority = (of: number) => Math.floor(of / 2) + 1;
const half = (of: number) => Math.ceil(of / 2);

/** a leads {a, b, c}; d and e are learners. */
const leading = (options: LabOptions): ReadingLab =>
  new ReadingLab(letters("abcde"), { learners: letters("de"), ...options }).elect("a").beat("a");

describe("M12 quorums that must meet", () => {
  it("M12 majorities do, and so do more to elect and fewer to commit, as long as they share a voter", () => {
    expect(quorumFault(counting(majority, majority), target("abcde"))).toBeUndefined();
    expect(
      quorumFault(
        counting(
          () => 4,
          () => 2,
        ),
        target("abcde"),
      ),
    ).toBeUndefined();
    expect(
      quorumFault(counting(majority, majority), target("abc"), { ...target("ade"), votersOld: letters("abc") }),
    ).toBe(undefined);
  });

  it("M12 one that commits with fewer than the elected are sure to have met names both sets", () => {
    expect(
      quorumFault(
        counting(
          () => 3,
          () => 2,
        ),
        target("abcde"),
      ),
    ).toBe("the quorum policy lets [a, b, c] elect a leader while [d, e] decides otherwise: they share no voter");
  });

  it("M12 nor may two be elected by different voters in one term", () => {
    expect(
      quorumFault(
        counting(half, (of) => of),
        target("abcd"),
      ),
    ).toMatch(/lets \[a, b\] elect a leader while \[c, d\]/);
  });

  it("M12 nor may quorums of neighbouring configurations be apart, though those of each one meet", () => {
    const all = counting(
      (of) => of,
      () => 1,
    );
    expect(quorumFault(all, target("ab"))).toBeUndefined();
    expect(quorumFault(all, target("ab"), target("bc"))).toMatch(/lets \[a, b\] elect a leader while \[c\]/);
  });

  it("M12 one that lets nobody decide, or fewer where there are more, is none", () => {
    const nobody = counting(
      () => 9,
      () => 9,
    );
    expect(quorumFault(nobody, target("abc"))).toBe("the quorum policy lets not even [a, b, c] decide");
    const odd: QuorumPolicy = {
      ...jointMajority,
      voteResult: ({ voters }, voteOf) =>
        voters.filter((id) => voteOf(id) === true).length % 2 === 1 ? "won" : "pending",
    };
    expect(quorumFault(odd, target("abc"))).toBe("the quorum policy lets [a] decide, and not [a, b]");
  });

  it("M12 more voters than can be tried are refused, but not for majorities, which are proved", () => {
    const many = { ...NO_CONFIGURATION, voters: Array.from({ length: QUORUM_VOTERS_MAX + 1 }, (_, i) => `v${i}`) };
    expect(quorumFault(counting(majority, majority), many)).toMatch(/tried for up to 12 voters, and here are 13/);
    expect(quorumFault(jointMajority, many)).toBeUndefined();
  });

  it("M12 M08 a change to where quorums do not meet is refused by the leader, and by its plan, with the same reason", () => {
    // Two elect and two confirm: enough for three voters, and too few for five.
    const two = counting(
      () => 2,
      () => 2,
    );
    const lab = leading({ membership: jointMembership, quorum: two });
    const effects = lab.step("a", { type: "ChangeRequested", request: 1, target: target("abcde"), expected: null });
    const [answer] = ordersOf(effects, "ChangeAnswered");
    expect(answer?.error).toMatchObject({ code: "ChangeRefused", outcome: "refused" });
    expect(answer?.error?.message).toMatch(/share no voter/);
    expect(sent(effects)).toEqual([]);
    const { refused } = planChange(
      { membership: jointMembership, quorum: two },
      lab.describe("a").configuration,
      target("abcde"),
    );
    expect(answer?.error?.message).toContain(refused);
  });

  it("M12 so is one straight to where they meet among themselves, and not with those of before", () => {
    const straight: MembershipPolicy = {
      enter: (_current, to) => ({ kind: "append", configuration: to }),
      leave: () => undefined,
    };
    const writeOne = counting(
      (of) => of,
      () => 1,
    );
    const lab = leading({ membership: straight, quorum: writeOne });
    const effects = lab.step("a", { type: "ChangeRequested", request: 1, target: target("abd", "e"), expected: null });
    expect(String(ordersOf(effects, "ChangeAnswered")[0]?.error?.message)).toMatch(
      /lets \[a, b, c\] elect a leader while \[d\]/,
    );
  });
});
