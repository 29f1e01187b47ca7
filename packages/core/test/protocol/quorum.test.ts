import { describe, expect, it } from "vitest";
import { type Configuration, NO_CONFIGURATION } from "../../src/model/configuration.js";
import { jointMajority } from "../../src/protocol/quorum/joint.js";
import type { VoteResult } from "../../src/protocol/quorum/vote-result.js";

type Votes = ReadonlyMap<string, boolean>;
type Values = ReadonlyMap<string, number>;

const configuration = (
  voters: readonly string[],
  votersOld: readonly string[] = [],
  learners: readonly string[] = [],
) => ({ ...NO_CONFIGURATION, voters, votersOld, learners }) as Configuration;
const voteResult = (of: Configuration, votes: Votes) => jointMajority.voteResult(of, (id) => votes.get(id));
const reached = (of: Configuration, values: Values) => jointMajority.reached(of, (id) => values.get(id) ?? 0);

/** More than half of these, by counting. */
const isMajority = (ids: readonly string[], has: (id: string) => boolean): boolean =>
  ids.filter(has).length * 2 > ids.length;
const halves = ({ voters, votersOld }: Configuration): (readonly string[])[] =>
  votersOld.length > 0 ? [voters, votersOld] : [voters];

/** What the rules say, word for word and slowly. */
const twin = {
  voteResult(of: Configuration, votes: Votes): VoteResult {
    if (halves(of).every((ids) => isMajority(ids, (id) => votes.get(id) === true))) return "won";
    // Lost: even if all who are silent granted, it would not be won.
    const best = halves(of).every((ids) => isMajority(ids, (id) => votes.get(id) !== false));
    return best ? "pending" : "lost";
  },
  reached(of: Configuration, values: Values): number {
    const candidates = [...new Set([...of.voters, ...of.votersOld].map((id) => values.get(id) ?? 0))];
    const held = candidates.filter((value) =>
      halves(of).every((ids) => isMajority(ids, (id) => (values.get(id) ?? 0) >= value)),
    );
    return Math.max(...held);
  },
};

/** A generator of numbers in [0, 1) that a seed repeats (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const IDS = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];

describe("M02 E10 quorums against a naive twin", () => {
  it("M02 E10 agree in 60,000 random cases: joint or not, overlapping halves, few or no votes, values that tie", () => {
    const random = seeded(20_240);
    const some = (most: number, least: number): string[] => {
      const shuffled = [...IDS];
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = Math.floor(random() * (i + 1));
        [shuffled[i], shuffled[j]] = [shuffled[j] as string, shuffled[i] as string];
      }
      return shuffled.slice(0, least + Math.floor(random() * (most - least + 1)));
    };
    const differences: string[] = [];
    const seen = { won: 0, lost: 0, pending: 0, joint: 0, overlapping: 0 };
    for (let round = 0; round < 60_000; round++) {
      const voters = some(7, 1);
      const votersOld = random() < 0.5 ? [] : some(7, 1);
      const of = configuration(voters, votersOld, some(2, 0));
      const silence = random();
      const refusal = random();
      const votes = new Map(IDS.flatMap((id) => (random() < silence ? [] : [[id, random() > refusal] as const])));
      const spread = 1 + Math.floor(random() * 6);
      const values = new Map(
        IDS.flatMap((id) => (random() < 0.1 ? [] : [[id, Math.floor(random() * spread)] as const])),
      );
      const result = voteResult(of, votes);
      if (result !== twin.voteResult(of, votes) || reached(of, values) !== twin.reached(of, values))
        differences.push(`${round}: ${JSON.stringify({ voters, votersOld, votes: [...votes], values: [...values] })}`);
      seen[result]++;
      if (votersOld.length > 0) seen.joint++;
      if (votersOld.some((id) => voters.includes(id))) seen.overlapping++;
    }
    expect(differences).toEqual([]);
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(3_000);
  });
});

describe("M02 directed", () => {
  const joint = configuration(["a", "d", "e"], ["a", "b", "c"], ["l"]);

  it("M02 never the union: a majority of all five is none of each half", () => {
    expect(
      voteResult(
        joint,
        new Map([
          ["a", true],
          ["d", true],
          ["e", true],
        ]),
      ),
    ).toBe("pending");
    expect(
      reached(
        joint,
        new Map([
          ["a", 9],
          ["d", 9],
          ["e", 9],
        ]),
      ),
    ).toBe(0);
  });

  it("M02 one half that is lost loses the ballot, whatever the other says", () => {
    expect(
      voteResult(
        joint,
        new Map([
          ["a", true],
          ["d", true],
          ["b", false],
          ["c", false],
        ]),
      ),
    ).toBe("lost");
  });

  it("M02 one who is in both halves counts in both", () => {
    expect(
      voteResult(
        joint,
        new Map([
          ["a", true],
          ["b", true],
          ["d", true],
        ]),
      ),
    ).toBe("won");
    expect(
      reached(
        joint,
        new Map([
          ["a", 7],
          ["b", 5],
          ["d", 6],
        ]),
      ),
    ).toBe(5);
  });

  it("M02 learners never count", () => {
    expect(
      voteResult(
        configuration(["a", "b", "c"], [], ["l"]),
        new Map([
          ["a", true],
          ["l", true],
        ]),
      ),
    ).toBe("pending");
    expect(
      reached(
        configuration(["a", "b", "c"], [], ["l"]),
        new Map([
          ["a", 5],
          ["l", 5],
        ]),
      ),
    ).toBe(0);
  });

  it("M02 C-new, when the old half is gone, is decided by its voters alone", () => {
    expect(
      voteResult(
        configuration(["a", "d", "e"]),
        new Map([
          ["d", true],
          ["e", true],
        ]),
      ),
    ).toBe("won");
  });

  it("E10 half of an even group is no quorum", () => {
    const four = configuration(["a", "b", "c", "d"]);
    expect(
      voteResult(
        four,
        new Map([
          ["a", true],
          ["b", true],
        ]),
      ),
    ).toBe("pending");
    expect(
      voteResult(
        four,
        new Map([
          ["a", false],
          ["b", false],
        ]),
      ),
    ).toBe("lost");
    expect(
      reached(
        four,
        new Map([
          ["a", 3],
          ["b", 3],
        ]),
      ),
    ).toBe(0);
  });

  it("E10 a configuration without voters decides nothing", () => {
    expect(voteResult(NO_CONFIGURATION, new Map([["a", true]]))).toBe("pending");
    expect(reached(NO_CONFIGURATION, new Map([["a", 3]]))).toBe(Number.NEGATIVE_INFINITY);
  });
});
