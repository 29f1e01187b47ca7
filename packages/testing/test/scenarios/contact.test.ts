import { describe, expect, it } from "vitest";
import { heartbeat, inCluster, ofType, others, T, timesOf } from "./support.js";

/** The coarsest tick of the timers at this T, ms: a timer fires up to one tick late. */
const TICK = 10;

describe("founding scenarios: what restarts the election wait", () => {
  it(
    "N14 E04/contact leader contact does: while the leader is heard nobody asks for votes",
    inCluster({ seed: 41 }, async (cluster) => {
      await cluster.start();
      const leader = await cluster.settled();
      const since = cluster.time.now();
      await cluster.run(20 * T);
      expect(cluster.messages("PreVoteRequest", { since, stage: "sent" })).toEqual([]);
      expect(cluster.leader()?.id).toBe(leader.id);
    }),
  );

  it(
    "N14 E04/granted a granted real vote does: the voter waits at least T from there",
    inCluster({ seed: 42 }, async (cluster) => {
      cluster.dropAll(ofType("VoteResponse"));
      await cluster.start();
      const granted = () =>
        cluster.seen.find(({ stage, envelope }) => stage === "sent" && envelope.message.type === "VoteResponse");
      await cluster.until(() => granted() !== undefined, 5 * T, "a granted vote");
      const { atMs = 0, envelope } = granted() ?? {};
      const voter = cluster.member(envelope?.from ?? "");
      const asksAgain = () => timesOf(voter, "pre-candidate").some((time) => time > atMs);
      await cluster.until(asksAgain, 5 * T, "the voter's own wait runs out");
      const next = timesOf(voter, "pre-candidate").find((time) => time > atMs) ?? 0;
      expect(next - atMs).toBeGreaterThanOrEqual(T);
      expect(next - atMs).toBeLessThanOrEqual(2 * T + TICK);
    }),
  );

  it(
    "N14 E04/role-left a step-down does: a leader that lost its quorum waits at least T before it asks",
    inCluster({ seed: 43 }, async (cluster) => {
      await cluster.start();
      const leader = await cluster.settled();
      cluster.network.isolate(leader.id);
      await cluster.until(() => leader.describe().role === "follower", 3 * T, "it steps down");
      const steppedDown = cluster.time.now();
      const asks = () => timesOf(leader, "pre-candidate").some((time) => time > steppedDown);
      await cluster.until(asks, 3 * T, "it asks for votes");
      expect(cluster.time.now() - steppedDown).toBeGreaterThanOrEqual(T - 1);
      expect(cluster.time.now() - steppedDown).toBeLessThanOrEqual(2 * T + TICK);
    }),
  );

  it(
    "N14 E04/refused E04/pre-vote E04/older-term E04/term-adopted refused votes, pre-votes, older terms and a higher term alone do not: the wait runs out all the same",
    inCluster({ seed: 44 }, async (cluster) => {
      await cluster.start();
      const leader = await cluster.settled();
      await cluster.applied("a");
      await cluster.converged();
      const [waiting] = others(cluster, leader);
      const noisy = others(cluster, leader)[1]?.id ?? "";
      const { term } = leader.describe();
      cluster.network.isolate(waiting?.id ?? "");
      const cutAt = cluster.time.now();
      const old = { index: 1, term: 0 };
      for (let i = 0; timesOf(waiting ?? leader, "pre-candidate").every((time) => time < cutAt); i++) {
        expect(cluster.time.now() - cutAt, "it still waits").toBeLessThanOrEqual(2 * T + TICK);
        const to = waiting?.id ?? "";
        cluster.forge(noisy, to, heartbeat(term - 1));
        cluster.forge(noisy, to, { type: "PreVoteRequest", term: term + 1, round: 1_000 + i, last: old });
        if (i === 50) cluster.forge(noisy, to, { type: "VoteResponse", term: term + 1, granted: false });
        if (i > 50) cluster.forge(noisy, to, { type: "VoteRequest", term: term + 1, last: old, transfer: false });
        await cluster.run(1);
      }
      expect(waiting?.describe().votedFor).toBeNull();
    }),
  );

  it(
    "N21 E19 learners and strangers that hear nobody stay quiet; a learner votes when it is asked",
    inCluster(
      { ids: ["n1", "n2", "n3", "learner", "stranger"], learners: ["learner"], strangers: ["stranger"], seed: 45 },
      async (cluster) => {
        await cluster.start();
        const leader = await cluster.settled().catch(() => cluster.awaitLeader());
        await cluster.applied("a");
        await cluster.until(() => cluster.member("learner").lines.length === 1, 5 * T, "the learner hears it");
        for (const { id } of cluster.members) cluster.network.isolate(id);
        await cluster.run(20 * T);
        const quiet = [cluster.member("learner"), cluster.member("stranger")];
        for (const member of quiet) {
          expect(member.describe().role).toBe("follower");
          expect(member.roles).not.toContainEqual(expect.stringMatching(/candidate/));
        }
        expect(leader.roles).toContainEqual(expect.stringMatching(/pre-candidate/));
        const since = cluster.time.now();
        const { term, last } = leader.describe();
        cluster.forge(leader.id, "learner", { type: "PreVoteRequest", term: term + 1, round: 99, last });
        await cluster.run(5);
        const answers = cluster.messages("PreVoteResponse", { from: "learner", since, stage: "sent" });
        expect(answers.map(({ granted }) => granted)).toEqual([true]);
      },
    ),
  );

  it(
    "N23 E05 E06 a pre-vote of a lower term is refused with the refuser's term, and the asker learns it",
    inCluster({ seed: 46 }, async (cluster) => {
      await cluster.start();
      const first = await cluster.settled();
      const [behind, ahead] = others(cluster, first);
      cluster.network.isolate(behind?.id ?? "");
      cluster.crash(first.id);
      await cluster.restart(first.id);
      await cluster.until(() => (cluster.leader()?.describe().term ?? 0) > 1, 20 * T, "a higher term without it");
      const { term } = ahead?.describe() ?? { term: 0 };
      expect(behind?.describe().term).toBe(1);
      // Everybody loses contact; the one that is behind asks first.
      for (const { id } of others(cluster, behind ?? first)) cluster.network.isolate(id);
      await cluster.run(3 * T);
      const since = cluster.time.now();
      cluster.forge(behind?.id ?? "", ahead?.id ?? "", {
        type: "PreVoteRequest",
        term: 1,
        round: 7,
        last: { index: 1, term: 0 },
      });
      await cluster.run(1);
      const answers = cluster.messages("PreVoteResponse", {
        from: ahead?.id ?? "",
        to: behind?.id ?? "",
        since,
        stage: "sent",
      });
      expect(answers).toEqual([{ type: "PreVoteResponse", term, round: 7, granted: false }]);
      cluster.network.heal();
      await cluster.settled();
      expect(behind?.describe().term).toBeGreaterThanOrEqual(term);
    }),
  );

  it(
    "N24 E10 E26 doubled votes and votes of strangers count nothing; an honest quorum does",
    inCluster({ ids: ["n1", "n2", "n3", "n4", "n5"], seed: 47 }, async (cluster) => {
      cluster.dropAll(ofType("VoteResponse"));
      await cluster.start();
      const find = () => cluster.up.find((member) => member.describe().role === "candidate");
      await cluster.until(() => find() !== undefined, 5 * T, "a candidate");
      const candidate = find() ?? cluster.members[0];
      if (candidate === undefined) throw new Error("no candidate");
      const { term } = candidate.describe();
      const granted = { type: "VoteResponse", term, granted: true } as const;
      const [a, b, c] = others(cluster, candidate).map(({ id }) => id);
      for (let i = 0; i < 10; i++) cluster.forge(a ?? "", candidate.id, granted);
      for (const stranger of ["n8", "n9"]) cluster.forge(stranger, candidate.id, granted);
      cluster.forge(b ?? "", candidate.id, granted, { fromIncarnation: "00000000000000ff" });
      cluster.forge(c ?? "", candidate.id, { ...granted, term: term - 1 });
      cluster.forge(c ?? "", candidate.id, granted, { toIncarnation: "00000000000000ff" });
      await cluster.run(5);
      expect(candidate.describe()).toMatchObject({ role: "candidate", term });
      cluster.forge(b ?? "", candidate.id, granted);
      await cluster.run(1);
      expect(candidate.describe()).toMatchObject({ role: "leader", term });
    }),
  );
});
