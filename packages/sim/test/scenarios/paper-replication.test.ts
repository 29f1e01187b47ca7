import type { NodeId } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { HEARTBEAT_MS, paper, WAY_MS } from "./paper-support.js";
import { cast, type KvStage, said, say, story, T, texts } from "./support.js";

const commitOf = (stage: KvStage, id: NodeId): number => stage.view(id).commitIndex;

describe("§5.3 replication", () => {
  it(
    "R06 R09 R14 a leader appends a proposal to its log and sends it to all at once, while its own disk still writes; it applies it when that is done",
    story(paper(3), async (stage) => {
      const [leader, one, two] = await cast(stage);
      const { last, term } = stage.view(leader);
      const end = stage.inflict({ kind: "slow-disk", node: leader, rangeMs: [T / 2, T / 2] });
      const since = stage.now;
      const call = stage.propose(say("at once"), leader);
      await stage.pass(WAY_MS);
      expect(stage.view(leader)).toMatchObject({ last: { index: last.index + 1, term }, durableIndex: last.index });
      for (const to of [one, two]) {
        const [append, ...more] = stage
          .messages("AppendEntries", { to, since })
          .filter(({ blocks }) => blocks.length > 0);
        expect(append).toMatchObject({ prev: last, term });
        expect(more).toEqual([]);
      }
      await stage.until("the others commit it", () => commitOf(stage, leader) > last.index);
      await stage.pass(WAY_MS);
      expect(said(stage, leader)).toEqual([]);
      end();
      await stage.answered(call);
      expect(call.outcome).toBe("ok");
    }),
  );

  it(
    "R05 R08 R14 once a majority holds it the leader commits and applies it, and followers learn it from what it sends next",
    story(paper(3), async (stage) => {
      const [leader, one, two] = await cast(stage);
      const index = stage.view(leader).last.index + 1;
      const call = stage.propose(say("committed"), leader);
      const behind: boolean[] = [];
      await stage.until("the leader commits", () => commitOf(stage, leader) === index);
      for (const id of [one, two]) behind.push(commitOf(stage, id) < index);
      expect(behind).toEqual([true, true]);
      await stage.answered(call);
      expect([call.outcome, call.index, said(stage, leader)]).toEqual(["ok", index, ["committed"]]);
      await stage.until(
        "the followers learn it",
        () => [one, two].every((id) => commitOf(stage, id) === index),
        HEARTBEAT_MS,
      );
      for (const id of [one, two]) expect(said(stage, id)).toEqual(["committed"]);
    }),
  );

  it.each([
    [1, 0, true],
    [3, 0, false],
    [3, 1, true],
    [3, 2, true],
    [5, 1, false],
    [5, 2, true],
    [5, 4, true],
  ])("R05 R07 of %i nodes %i followers hold the entry: committed is %s", (nodes, holders, committed) =>
    story(paper(nodes), async (stage) => {
      const leader = await stage.settled();
      const before = commitOf(stage, leader);
      const spared = new Set(stage.others(leader).slice(0, holders));
      const end = stage.lose("AppendEntries", (_, { to }) => !spared.has(to));
      const call = stage.propose(say("held by some"), leader);
      await stage.pass(2 * T);
      expect(commitOf(stage, leader)).toBe(before + (committed ? 1 : 0));
      expect(call.outcome).toBe(committed ? "ok" : "pending");
      for (const id of spared) expect(said(stage, id)).toEqual(committed ? ["held by some"] : []);
      end();
      await stage.answered(call);
      expect(call.outcome).toBe("ok");
    })(),
  );

  it(
    "R05 E15 what an earlier leader left is committed with the first entry of the next one's own term, and not before",
    story({ nodes: 3, options: { preVote: false, batchEntriesMax: 1 } }, async (stage) => {
      const [leader, heir, third] = await cast(stage);
      const left = stage.view(leader).last.index + 3;
      const ends = [
        stage.lose("AppendEntries", ({ blocks }, { to }) => to === third && blocks.length > 0),
        stage.lose("AppendEntriesResponse", (_, { from }) => from === heir),
      ];
      const calls = texts(3, "left").map((command) => stage.propose(command, leader));
      await stage.until("the heir holds it", () => stage.view(heir).durableIndex === left);
      stage.crash(leader);
      for (const end of ends) end();
      const commits = new Set<number>();
      await stage.until("the heir commits", () => {
        commits.add(commitOf(stage, heir));
        return commitOf(stage, heir) > left;
      });
      expect([...commits].filter((index) => index > left - 3)).toEqual([left + 1]);
      await stage.answered(...calls);
      await stage.until("all is applied", () => said(stage, third).length === 3);
      expect(said(stage, third)).toEqual(["left.0", "left.1", "left.2"]);
    }),
  );

  it(
    "R07 R14 R17 a follower applies what it is told is committed, in the log's order, and never more than it was told",
    story(paper(3), async (stage) => {
      const [leader, follower] = await cast(stage);
      const commands = texts(12, "in order");
      const since = stage.now;
      const early: number[] = [];
      const told = (): number =>
        Math.max(
          ...stage.messages("AppendEntries", { to: follower }).map(({ commit }) => commit),
          ...stage.messages("Heartbeat", { to: follower }).map(({ commit }) => commit),
        );
      for (const command of commands) {
        stage.propose(command, leader);
        await stage.pass(1);
        if (commitOf(stage, follower) > told()) early.push(commitOf(stage, follower));
      }
      await stage.until("all is applied", () => said(stage, follower).length === 12);
      expect(early).toEqual([]);
      expect(stage.messages("AppendEntries", { to: follower, since }).length).toBeGreaterThan(2);
      expect(said(stage, follower)).toEqual(commands.map((_, i) => `in order.${i}`));
    }),
  );

  it(
    "R01 R04 a follower refuses what does not continue its log, says where that ends, and gets the rest in one round trip",
    story(paper(5), async (stage) => {
      const [first, behind] = await cast(stage);
      stage.crash(behind);
      await stage.agree(...texts(5, "missed"));
      // The next leader takes everybody's log to end where its own does.
      stage.isolate(first);
      await stage.agree(say("under the next one"));
      const leader = await stage.awaitLeader();
      const { last } = stage.view(behind);
      const since = stage.now;
      await stage.restart(behind);
      await stage.until("it caught up", () => said(stage, behind).length === 6);
      const answers = stage.messages("AppendEntriesResponse", { from: behind, to: leader, since });
      expect(answers.filter(({ success }) => !success)).toMatchObject([
        { hintIndex: last.index, hintTerm: last.term, last: last.index, match: 0 },
      ]);
      const [probe, rest] = stage.messages("AppendEntries", { from: leader, to: behind, since });
      expect(probe?.prev.index).toBeGreaterThan(last.index);
      expect(rest?.prev).toEqual(last);
    }),
  );

  it(
    "R02 L07 a follower drops what contradicts the leader and takes the leader's entries in its place, on disk too",
    story(paper(3), async (stage) => {
      const [old, one, two] = await cast(stage);
      stage.isolate(old);
      const calls = texts(4, "lost").map((command) => stage.propose(command, old));
      await stage.until("it holds them", () => stage.view(old).durableIndex === stage.view(one).last.index + 4);
      await stage.agree(say("kept"));
      stage.join(old);
      await stage.settled();
      expect(calls.map(({ outcome }) => outcome)).toEqual(["unknown", "unknown", "unknown", "unknown"]);
      stage.crash(old);
      await stage.restart(old);
      await stage.settled();
      for (const id of [old, one, two]) expect(said(stage, id)).toEqual(["kept"]);
    }),
  );

  it(
    "R02 R11 copies of appends that come when others are there already take nothing away",
    story(paper(3), async (stage) => {
      const [leader, one, two] = await cast(stage);
      const end = stage.inflict({ kind: "noise", drop: 0, duplicate: 1, reorder: 0, late: 0 });
      const calls = [];
      for (const command of texts(30, "once")) {
        calls.push(stage.propose(command, leader));
        await stage.pass(1);
      }
      await stage.answered(...calls);
      end();
      await stage.pass(2 * HEARTBEAT_MS);
      expect(stage.messages("AppendEntries", { to: one, fate: "doubled" }).length).toBeGreaterThan(20);
      for (const id of [leader, one, two]) expect(said(stage, id)).toEqual(calls.map((_, i) => `once.${i}`));
    }),
  );

  it(
    "R02 R04 E15 a new leader makes every log its own: one that misses entries, two that hold what nobody else saw, of two terms",
    story(paper(7), async (stage) => {
      const [first, missing] = await cast(stage);
      // Figure 7's f, its d, and its a: leaders of earlier terms that reached nobody, and who slept.
      stage.crash(missing);
      stage.isolate(first);
      for (const command of texts(3, "of the first")) stage.propose(command, first);
      await stage.agree(say("kept by five"));
      const second = await stage.awaitLeader();
      stage.isolate(second);
      for (const command of texts(2, "of the second")) stage.propose(command, second);
      await stage.agree(say("kept by four"));
      expect(stage.connected).toHaveLength(4);
      const third = await stage.awaitLeader();
      const lasts = [first, second, third].map((id) => stage.view(id).last.term);
      expect(new Set(lasts).size).toBe(3);
      await stage.restart(missing);
      stage.join(first, second);
      await stage.settled();
      for (const id of stage.ids) expect(said(stage, id)).toEqual(["kept by five", "kept by four"]);
      expect(new Set(stage.ids.map((id) => stage.view(id).last.index)).size).toBe(1);
    }),
  );
});
