import { describe, expect, it } from "vitest";
import { became, campaigns, HEARTBEAT_MS, paper, raised, WAY_MS } from "./paper-support.js";
import { cast, said, say, story, T } from "./support.js";

describe("§5.1 terms", () => {
  it(
    "E13 a follower that slept through an election adopts the higher term of the first message it hears, and follows",
    story(paper(5), async (stage) => {
      const [first, sleeper] = await cast(stage);
      const { term } = stage.view(first);
      stage.crash(sleeper);
      stage.isolate(first);
      await stage.agree(say("in its absence"));
      const leader = await stage.awaitLeader();
      const reached = stage.view(leader).term;
      expect(reached).toBeGreaterThan(term);
      await stage.restart(sleeper);
      const seen = await became(stage, sleeper, `follower ${reached} ${leader}`);
      expect(seen[0]).toBe(`follower ${term} -`);
      expect(seen.filter((was) => !was.startsWith("follower"))).toEqual([]);
      stage.join(first);
    }),
  );

  it(
    "E13 E11 a candidate that hears a leader of a higher term adopts it, and follows",
    story(paper(3), async (stage) => {
      const [leader, other, away] = await cast(stage);
      stage.isolate(away);
      const alone = await campaigns(stage, away, stage.view(leader).term);
      const next = await raised(stage, alone + 4, [leader, other]);
      stage.join(away);
      const { term } = stage.view(next);
      const seen = await became(stage, away, `follower ${term} ${next}`);
      expect(seen[0]).toMatch(/^candidate/);
      expect(seen.some((was) => was.startsWith("leader"))).toBe(false);
    }),
  );

  it(
    "E13 a leader that hears a higher term is a follower at once, and says so to nobody in the old one",
    story(paper(3), async (stage) => {
      const [leader, target] = await cast(stage);
      const { term } = stage.view(leader);
      const order = stage.transfer(target);
      const seen = await became(stage, leader, `follower ${term + 1} ${target}`);
      expect(seen).toEqual([`leader ${term} ${leader}`, `follower ${term + 1} -`, `follower ${term + 1} ${target}`]);
      const since = stage.now;
      await stage.followed(order);
      await stage.pass(2 * HEARTBEAT_MS);
      expect(stage.messages("Heartbeat", { from: leader, since, fate: "sent" })).toEqual([]);
    }),
  );

  it(
    "E14 a request of an older term is refused, and leaves no trace",
    story(paper(3), async (stage) => {
      const [old, one, two] = await cast(stage);
      const { term } = stage.view(old);
      const since = stage.now;
      const mend = [one, two].map((to) => stage.inflict({ kind: "slow-link", from: old, to, slowMs: 4 * T }));
      const call = stage.propose(say("too late"), old);
      const leader = await stage.awaitLeader(() => [one, two]);
      const { term: reached, last } = stage.view(leader);
      const came = () =>
        stage.messages("AppendEntries", { from: old, to: leader, since }).filter((late) => late.term === term);
      await stage.until("it comes after all", () => came().some(({ blocks }) => blocks.length > 0));
      await stage.pass(WAY_MS);
      const answers = stage.messages("AppendEntriesResponse", { from: leader, to: old, since });
      expect(answers.length).toBeGreaterThan(0);
      for (const answer of answers) expect(answer).toMatchObject({ success: false, term: reached });
      expect(stage.view(leader)).toMatchObject({ role: "leader", term: reached, last });
      for (const end of mend) end();
      await stage.answered(call);
      expect(call.outcome).toBe("unknown");
      for (const id of stage.ids) expect(said(stage, id)).not.toContain("too late");
    }),
  );
});
