import type { NodeId } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { cast, type KvStage, said, say, story, T } from "./support.js";

/*
 * etcd raft's stories of pre-vote, check-quorum and stuck candidates, re-expressed for whole nodes: nobody is told to
 * campaign here; who should is made to by what it does not hear.
 */
const terms = (stage: KvStage): number[] => stage.ids.map((id) => stage.view(id).term);

describe("pre-vote", () => {
  it(
    "E05 E06 E07 a voter that hears its leader grants no pre-vote: who is deaf to the leader asks in vain, and no term moves",
    story({ nodes: 3 }, async (stage) => {
      const [leader, one, deaf] = await cast(stage);
      const before = terms(stage);
      stage.inflict({ kind: "cut", from: leader, to: deaf });
      await stage.pass(8 * T);
      const answers = stage.messages("PreVoteResponse", { from: one, to: deaf });
      expect(answers.length).toBeGreaterThan(2);
      expect(answers.filter(({ granted }) => granted)).toEqual([]);
      expect([stage.leader(), terms(stage)]).toEqual([leader, before]);
      expect(stage.messages("VoteRequest", { from: deaf, since: 1, fate: "sent" })).toEqual([]);
    }),
  );

  it(
    "E06 E08 who is behind in the log gets no pre-vote when the leader is gone either; who is up to date leads",
    story({ nodes: 3 }, async (stage) => {
      const [leader, one, behind] = await cast(stage);
      stage.inflict({ kind: "cut", from: leader, to: behind });
      const call = stage.propose(say("kept by two"), leader);
      await stage.answered(call);
      expect(call.outcome).toBe("ok");
      stage.crash(leader);
      const since = stage.now;
      expect(await stage.awaitLeader()).toBe(one);
      const asked = stage.messages("PreVoteResponse", { from: one, to: behind, since });
      expect(asked.filter(({ granted }) => granted)).toEqual([]);
      await stage.until("the other one caught up", () => said(stage, behind).includes("kept by two"));
    }),
  );

  it(
    "E05 E07 a follower that stood still past its wait disturbs nobody when it goes on",
    story({ nodes: 3 }, async (stage) => {
      const [leader, , paused] = await cast(stage);
      const before = terms(stage);
      for (let round = 0; round < 5; round++) {
        stage.inflict({ kind: "pause", node: paused }, 3 * T);
        await stage.pass(5 * T);
      }
      expect([stage.leader(), terms(stage)]).toEqual([leader, before]);
    }),
  );

  it(
    "E13 E14 E16 without pre-vote one that was away comes back with a high term: one election, and it is not stuck",
    story({ nodes: 3, options: { preVote: false } }, async (stage) => {
      const [, , away] = await cast(stage);
      stage.isolate(away);
      const high = () => stage.view(away).term;
      await stage.pass(8 * T);
      const [reached, others] = [high(), stage.view(await stage.awaitLeader()).term];
      expect(reached).toBeGreaterThan(others + 2);
      stage.join(away);
      const since = stage.now;
      await stage.until("the high term is everybody's", () => terms(stage).every((term) => term >= reached));
      await stage.settled();
      // A connection to dial, the deposition, and an election or two if ballots split.
      expect(stage.now - since).toBeLessThan(8 * T);
      await stage.agree(say("all together"));
      expect(said(stage, away)).toContain("all together");
    }),
  );
});

describe("check-quorum", () => {
  it(
    "E16 E14 a leader whose words arrive late steps aside in its own term; what comes of them later deposes nobody",
    story({ nodes: 3 }, async (stage) => {
      const [leader, one, two] = await cast(stage);
      const { term } = stage.view(leader);
      const mend = [one, two].map((to) => stage.inflict({ kind: "slow-link", from: leader, to, slowMs: 3 * T }));
      await stage.until("it steps aside", () => stage.view(leader).role !== "leader");
      expect(stage.view(leader)).toMatchObject({ term, leader: null });
      const next = await stage.awaitLeader();
      expect(next).not.toBe(leader);
      const reached = stage.view(next).term;
      await stage.pass(4 * T);
      // Its heartbeats of the old term did come, all of them late.
      const late = stage.messages("Heartbeat", { from: leader, since: stage.now - 4 * T });
      expect(late.filter((beat) => beat.term === term).length).toBeGreaterThan(0);
      expect([stage.leader(), stage.view(next).term]).toEqual([next, reached]);
      for (const end of mend) end();
    }),
  );

  it(
    "E16 E07 a leader that hears a quorum stays, however long the third one is away",
    story({ nodes: 3 }, async (stage) => {
      const [leader, , away] = await cast(stage);
      const before = terms(stage);
      stage.crash(away);
      await stage.pass(10 * T);
      await stage.restart(away);
      await stage.settled();
      expect([stage.leader(), terms(stage)]).toEqual([leader, before]);
    }),
  );

  it(
    "E16 E12 cut into pieces without a quorum nobody leads; put together again somebody does",
    story({ nodes: 5 }, async (stage) => {
      const leader = await stage.settled();
      const [a, b, c, d] = stage.others(leader) as [NodeId, NodeId, NodeId, NodeId];
      const mend = [
        stage.inflict({ kind: "split", side: [leader, a] }),
        stage.inflict({ kind: "split", side: [b, c] }),
        stage.inflict({ kind: "isolate", node: d }),
      ];
      const { term } = stage.view(leader);
      await stage.pass(6 * T);
      expect(stage.leader()).toBeUndefined();
      expect(new Set(terms(stage))).toEqual(new Set([term]));
      for (const end of mend) end();
      await stage.settled();
    }),
  );
});

describe("votes of those who do not know that they vote", () => {
  it(
    "E19 E09 a learner that was promoted and has not heard of it votes, and the group stays available",
    story({ nodes: 3 }, async (stage) => {
      const [leader, one, learner] = await cast(stage);
      const demoted = stage.change([leader, one], [learner]);
      await stage.followed(demoted);
      expect(demoted.state).toBe("done");
      await stage.until("it knows", () => stage.view(learner).configuration.configuration.voters.length === 2);
      const end = stage.lose("AppendEntries", (_, { to }) => to === learner);
      const promoted = stage.change([leader, one, learner]);
      await stage.followed(promoted);
      expect(promoted.state).toBe("done");
      expect(stage.view(learner).configuration.configuration.learners).toEqual([learner]);
      stage.crash(leader);
      end();
      expect(await stage.awaitLeader()).toBe(one);
      expect(stage.messages("VoteResponse", { from: learner, to: one }).at(-1)?.granted).toBe(true);
      await stage.agree(say("with the vote of the learner"));
    }),
  );
});
