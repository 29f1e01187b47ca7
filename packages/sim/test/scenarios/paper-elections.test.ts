import type { NodeId } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { became, campaigns, HEARTBEAT_MS, paper, raised, WAY_MS } from "./paper-support.js";
import { cast, type KvStage, say, story, T } from "./support.js";

/** Each within [T, 2T), as far as steps of an event loop let it be seen; not all alike. */
function expectDrawn(waits: readonly number[]): void {
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(T - 1);
  expect(Math.max(...waits)).toBeLessThan(2 * T + WAY_MS);
  expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(T / 4);
}

/** The leader is gone, or starts anew if it is alone; only so many grants of one term reach a candidate. Says the term so far. */
async function withVotesOf(stage: KvStage, grants: number): Promise<[term: number, end: () => void]> {
  const first = await stage.settled();
  const { term } = stage.view(first);
  const through = new Map<string, number>();
  const end = stage.lose("VoteResponse", (vote, { to }) => {
    const key = `${to} ${vote.term}`;
    const count = (through.get(key) ?? 0) + (vote.granted ? 1 : 0);
    through.set(key, count);
    return vote.granted && count > grants;
  });
  stage.crash(first);
  if (stage.ids.length === 1) await stage.restart(first);
  return [term, end];
}

describe("§5.2 elections", () => {
  it(
    "E01 whoever starts is a follower without a leader, also who led before",
    story(paper(3), async (stage) => {
      await cast(stage);
      const terms = stage.ids.map((id) => stage.view(id).term);
      stage.crash(...stage.ids);
      await stage.restart(...stage.ids);
      for (const [at, id] of stage.ids.entries())
        expect(stage.view(id)).toMatchObject({ role: "follower", leader: null, term: terms[at] });
    }),
  );

  it(
    "R19 E07 a leader that has nothing to say sends each follower a heartbeat an interval, and keeps its office by it",
    story(paper(3), async (stage) => {
      const [leader, one, two] = await cast(stage);
      const { term } = stage.view(leader);
      const since = stage.now;
      await stage.pass(20 * HEARTBEAT_MS);
      for (const to of [one, two]) {
        const { length } = stage.messages("Heartbeat", { from: leader, to, since });
        expect(length).toBeGreaterThanOrEqual(18);
        expect(length).toBeLessThanOrEqual(21);
      }
      expect(stage.messages("VoteRequest", { since, fate: "sent" })).toEqual([]);
      expect(stage.view(leader)).toMatchObject({ role: "leader", term });
    }),
  );

  it(
    "E02 E04 a follower that hears nobody for its wait raises its term, votes for itself, and asks all when that is durable",
    story(paper(3), async (stage) => {
      const [leader, one, two] = await cast(stage);
      const { term } = stage.view(leader);
      const ends = [one, two].map((node) => stage.inflict({ kind: "slow-disk", node, rangeMs: [20, 20] }));
      stage.crash(leader);
      const since = stage.now;
      const isCandidate = (id: NodeId): boolean => stage.view(id).role === "candidate";
      await stage.until("somebody stands", () => [one, two].some(isCandidate));
      const candidate = [one, two].find(isCandidate) as NodeId;
      expect(stage.view(candidate)).toMatchObject({ term: term + 1, votedFor: candidate, leader: null });
      const asked = () => stage.messages("VoteRequest", { from: candidate, since, fate: "sent" });
      await stage.pass(15);
      expect(asked()).toEqual([]);
      await stage.until("it asks", () => asked().length > 0);
      expect(asked()[0]).toMatchObject({ term: term + 1, transfer: false });
      for (const end of ends) end();
    }),
  );

  it(
    "E12 E04 a candidate whom nobody answers raises its term again, and asks all others again",
    story(paper(5), async (stage) => {
      const [leader, candidate] = await cast(stage);
      const others = stage.others(leader, candidate);
      const ends = [
        stage.lose("VoteResponse"),
        // The others never stand: they are not heard.
        stage.lose("VoteRequest", (_, { from }) => from !== candidate),
      ];
      stage.crash(leader);
      const since = stage.now;
      let { term } = stage.view(candidate);
      for (let round = 0; round < 3; round++) {
        term = await campaigns(stage, candidate, term);
        await stage.pass(WAY_MS);
        for (const to of others) {
          const asked = stage.messages("VoteRequest", { from: candidate, to, since, fate: "sent" });
          expect(asked.map((request) => request.term)).toContain(term);
        }
      }
      for (const end of ends) end();
    }),
  );

  it.each([
    [1, 0],
    [3, 1],
    [5, 2],
    [5, 3],
  ])("E10 E18 of %i nodes one that %i others vote for wins", (nodes, grants) =>
    story(paper(nodes), async (stage) => {
      const [term, end] = await withVotesOf(stage, grants);
      const leader = await stage.awaitLeader();
      const { term: reached } = stage.view(leader);
      expect(reached).toBeGreaterThan(term);
      const votes = stage.messages("VoteResponse", { to: leader }).filter((vote) => vote.term === reached);
      expect(votes.length).toBeLessThanOrEqual(grants);
      end();
    })(),
  );

  it.each([
    [3, 0],
    [5, 1],
  ])("E10 E12 of %i nodes one that %i others vote for does not win, and stands again", (nodes, grants) =>
    story(paper(nodes), async (stage) => {
      const [term, end] = await withVotesOf(stage, grants);
      await stage.pass(8 * T);
      expect(Math.max(...stage.connected.map((id) => stage.view(id).term))).toBeGreaterThan(term + 2);
      expect(Math.max(...stage.leaderOfTerm.keys())).toBe(term);
      end();
      await stage.awaitLeader();
    })(),
  );

  it(
    "E10 E08 a candidate that most others refuse is a follower again, in the same term",
    story(paper(5), async (stage) => {
      const [leader, behind] = await cast(stage);
      const deaf = stage.lose("AppendEntries", (_, { to }) => to === behind);
      await stage.answered(stage.propose(say("kept by four"), leader));
      // It alone is heard when it stands.
      const mute = stage.lose("VoteRequest", (_, { from }) => from !== behind);
      stage.crash(leader);
      const term = await campaigns(stage, behind, stage.view(behind).term);
      const refused = () => stage.messages("VoteResponse", { to: behind }).filter((vote) => vote.term === term);
      await stage.until("three refuse", () => refused().length === 3);
      expect(refused().map(({ granted }) => granted)).toEqual([false, false, false]);
      await stage.pass(1);
      expect(stage.view(behind)).toMatchObject({ role: "follower", term, votedFor: behind });
      for (const end of [deaf, mute]) end();
      expect(await stage.awaitLeader()).not.toBe(behind);
    }),
  );

  it(
    "E09 a voter grants one vote a term, to who asks first, and the same again to a copy of the question",
    story(paper(5), async (stage) => {
      const [leader] = await cast(stage);
      const { term } = stage.view(leader);
      const since = stage.now;
      stage.crash(leader);
      const ends = stage.up.flatMap((from) =>
        stage.others(from, leader).map((to) => stage.inflict({ kind: "slow-link", from, to, slowMs: T / 2 })),
      );
      ends.push(
        stage.inflict({ kind: "noise", drop: 0, duplicate: 0.5, reorder: 0, late: 0 }),
        stage.lose("VoteResponse"),
      );
      await stage.pass(40 * T);
      let [refusals, again] = [0, 0];
      const second: string[] = [];
      for (const from of stage.up) {
        const granted = new Map<number, NodeId>();
        for (const to of stage.others(from, leader))
          for (const vote of stage.messages("VoteResponse", { from, to, since, fate: "sent" })) {
            if (vote.term <= term) continue;
            if (!vote.granted) refusals++;
            else if (granted.get(vote.term) === to) again++;
            else if (granted.has(vote.term)) second.push(`${from} in term ${vote.term}`);
            else granted.set(vote.term, to);
          }
      }
      expect(second).toEqual([]);
      expect(Math.min(refusals, again)).toBeGreaterThan(0);
      for (const end of ends) end();
    }),
  );

  it(
    "E11 a candidate that hears the leader of its own term follows it",
    story(paper(3), async (stage) => {
      const [leader, other, away] = await cast(stage);
      stage.isolate(away);
      const term = await campaigns(stage, away, stage.view(leader).term);
      expect(await raised(stage, term, [leader, other])).toBe(other);
      stage.join(away);
      const seen = await became(stage, away, `follower ${term} ${other}`);
      expect(seen).toEqual([`candidate ${term} -`, `follower ${term} ${other}`]);
      expect(stage.view(away).votedFor).toBe(away);
    }),
  );

  it(
    "E03 E04 a follower waits between T and 2T, another time each time",
    story(paper(3), async (stage) => {
      const waits: number[] = [];
      for (let round = 0; round < 8; round++) {
        const [, follower] = await cast(stage);
        stage.isolate(follower);
        const since = stage.now - stage.view(follower).leaderContactAgoMs;
        await campaigns(stage, follower, stage.view(follower).term);
        waits.push(stage.now - since);
        stage.join(follower);
      }
      expectDrawn(waits);
    }),
  );

  it(
    "E03 E12 so does a candidate",
    story(paper(3), async (stage) => {
      const [, , candidate] = await cast(stage);
      stage.isolate(candidate);
      let term = await campaigns(stage, candidate, stage.view(candidate).term);
      const waits: number[] = [];
      for (let round = 0; round < 12; round++) {
        const since = stage.now;
        term = await campaigns(stage, candidate, term);
        waits.push(stage.now - since);
      }
      expectDrawn(waits);
    }),
  );

  it.each(["followers", "candidates"])(
    "E03 E12 of four %s one is mostly first by more than a message's way: one term more is enough",
    (who) =>
      story(paper(5), async (stage) => {
        let first = 0;
        const rounds = 10;
        for (let round = 0; round < rounds; round++) {
          const leader = await stage.settled();
          stage.crash(leader);
          let from = stage.view(stage.up[0] as NodeId).term;
          if (who === "candidates") {
            const end = stage.lose("VoteResponse");
            const stood = new Set<NodeId>();
            await stage.until("all stood", () => {
              for (const id of stage.up) if (stage.view(id).role === "candidate") stood.add(id);
              return stood.size === 4;
            });
            end();
            from = Math.max(...stage.up.map((id) => stage.view(id).term));
          }
          if (stage.view(await stage.awaitLeader()).term <= from + 1) first++;
          await stage.restart(leader);
        }
        expect(first / rounds).toBeGreaterThan(0.6);
      })(),
  );
});
