import type { NodeId } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { campaigns, paper } from "./paper-support.js";
import { cast, said, say, story, T, texts } from "./support.js";

describe("§5.4 safety", () => {
  it(
    "E08 a vote request says where its candidate's log ends",
    story(paper(3), async (stage) => {
      const [leader, one, two] = await cast(stage);
      await stage.agree(...texts(3, "all have"));
      // What one holds and the other does not shows in what they ask.
      const end = stage.lose("AppendEntries", ({ blocks }, { to }) => to === two && blocks.length > 0);
      await stage.answered(stage.propose(say("one has"), leader));
      const since = stage.now;
      const lasts = new Map([one, two].map((id) => [id, stage.view(id).last]));
      const mute = stage.lose("VoteResponse");
      stage.crash(leader);
      const asked = (from: NodeId) => stage.messages("VoteRequest", { from, since, fate: "sent" });
      await stage.until("both stood", () => [one, two].every((id) => asked(id).length > 0));
      for (const [id, last] of lasts) for (const request of asked(id)) expect(request.last).toEqual(last);
      expect((lasts.get(one)?.index ?? 0) - (lasts.get(two)?.index ?? 0)).toBe(1);
      mute();
      end();
      expect(await stage.awaitLeader()).toBe(one);
    }),
  );

  it(
    "E08 a voter refuses whose log ends in the same term, and is shorter",
    story(paper(3), async (stage) => {
      const [leader, voter, short] = await cast(stage);
      const deaf = stage.lose("AppendEntries", (_, { to }) => to === short);
      await stage.answered(stage.propose(say("kept by two"), leader));
      const mute = stage.lose("VoteRequest", (_, { from }) => from === voter);
      stage.crash(leader);
      await stage.pass(8 * T);
      const votes = stage.messages("VoteResponse", { from: voter, to: short, since: stage.now - 6 * T });
      expect(votes.length).toBeGreaterThan(1);
      expect(votes.filter(({ granted }) => granted)).toEqual([]);
      expect(stage.leader()).toBeUndefined();
      for (const end of [deaf, mute]) end();
      expect(await stage.awaitLeader()).toBe(voter);
      await stage.until("what two had is there", () => said(stage, short).includes("kept by two"));
    }),
  );

  it(
    "E08 a voter refuses whose log ends in an earlier term, however long it is",
    story(paper(3), async (stage) => {
      const [long, one, two] = await cast(stage);
      stage.isolate(long);
      for (const command of texts(9, "nobody else saw")) stage.propose(command, long);
      const { index } = stage.view(long).last;
      await stage.agree(say("kept"));
      const next = await stage.awaitLeader();
      const voter = next === one ? two : one;
      await stage.until("the long one wrote it", () => stage.view(long).durableIndex > index);
      expect(stage.view(long).last.index).toBeGreaterThan(stage.view(voter).last.index + 5);
      const mute = stage.lose("VoteRequest", (_, { from }) => from === voter);
      stage.crash(next);
      stage.join(long);
      const since = stage.now;
      await stage.pass(8 * T);
      const votes = stage.messages("VoteResponse", { from: voter, to: long, since });
      expect(votes.length).toBeGreaterThan(1);
      expect(votes.filter(({ granted }) => granted)).toEqual([]);
      mute();
      expect(await stage.awaitLeader()).toBe(voter);
      await stage.until("the long log is replaced", () => said(stage, long).includes("kept"));
      expect(said(stage, long)).toEqual(["kept"]);
    }),
  );

  it(
    "R05 figure 8: an entry of an earlier term on a majority is not committed by counting, and may be replaced yet",
    story({ nodes: 3, options: { preVote: false, batchEntriesMax: 1 } }, async (stage) => {
      const [first, second, third] = await cast(stage);
      // (a) The first leader writes an entry down that nobody else gets.
      stage.isolate(first);
      const { last } = stage.view(first);
      stage.propose(say("of the first"), first);
      await stage.until("it is on its disk", () => stage.view(first).durableIndex === last.index + 1);
      stage.crash(first);
      // (b) The second one leads, and its first entry gets to nobody either.
      const mute = stage.lose("AppendEntries", (_, { from }) => from === second);
      const silence = () => stage.lose("VoteRequest", (_, { from }) => from === third);
      let shy = silence();
      expect(await stage.awaitLeader()).toBe(second);
      const { term } = stage.view(second);
      await stage.until("it is on its disk", () => stage.view(second).durableIndex === last.index + 1);
      stage.crash(second);
      mute();
      // (c) The first one leads again, and gets its old entry to the third: a majority. Of its new one it says nothing yet.
      const has = (id: NodeId): boolean => stage.view(id).last.index > last.index;
      const held = stage.lose("AppendEntries", ({ blocks }) => has(third) && blocks.some((block) => block.term > term));
      stage.join(first);
      // The third one's terms are heard by now, or the first one might never catch up with them; it is chosen in none.
      shy();
      const luckless = stage.lose("VoteResponse", (_, { to }) => to === third);
      await stage.restart(first);
      expect(await stage.awaitLeader()).toBe(first);
      luckless();
      shy = silence();
      await stage.until("a majority holds the old entry", () => stage.view(third).durableIndex === last.index + 1);
      await stage.pass(2 * T);
      expect(stage.view(third).last).toEqual({ index: last.index + 1, term: last.term });
      expect(stage.view(first).peers.find(({ id }) => id === third)?.match).toBe(last.index + 1);
      expect(stage.view(first).commitIndex).toBe(last.index);
      // (d) It crashes; the second one leads again, and replaces it everywhere.
      stage.crash(first);
      await stage.restart(second);
      await campaigns(stage, second, term);
      held();
      expect(await stage.awaitLeader()).toBe(second);
      await stage.agree(say("of the second"));
      shy();
      await stage.restart(first);
      await stage.settled();
      for (const id of stage.ids) expect(said(stage, id)).toEqual(["of the second"]);
    }),
  );
});
