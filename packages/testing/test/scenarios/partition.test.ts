import { describe, expect, it } from "vitest";
import type { TestCluster, TestMember } from "../../src/index.js";
import { heartbeat, inCluster, others, T, timesOf } from "./support.js";

/** A cluster that has worked for a while: its leader and a follower. */
async function atWork(cluster: TestCluster): Promise<{ leader: TestMember; follower: TestMember; third: TestMember }> {
  await cluster.start();
  const leader = await cluster.settled();
  await cluster.applied("a", "b");
  await cluster.converged();
  const [follower, third] = others(cluster, leader) as [TestMember, TestMember];
  return { leader, follower, third };
}

describe("founding scenarios: the network is cut", () => {
  it(
    "N06 E16 R02 R05 C02 a leader cut off with a longer log commits nothing more; its tail is replaced, and nobody was told it counted",
    inCluster({ seed: 11 }, async (cluster) => {
      const { leader: old } = await atWork(cluster);
      cluster.network.isolate(old.id);
      const commitBefore = old.describe().commitIndex;
      const lost = Array.from({ length: 20 }, (_, i) => cluster.propose(`lost ${i}`, old.id));
      await cluster.run(T / 2);
      expect(old.describe().last.index).toBe(commitBefore + 20);
      const next = await cluster.awaitLeader(others(cluster, old).map(({ id }) => id));
      await cluster.applied("kept");
      await cluster.until(() => old.describe().role === "follower", 2 * T, "the old leader steps down");
      expect(old.describe()).toMatchObject({ leader: null, commitIndex: commitBefore, term: 1, votedFor: old.id });
      await cluster.until(() => lost.every(({ state }) => state !== "pending"), 20 * T, "its callers hear");
      expect(new Set(lost.map(({ state }) => state))).toEqual(new Set(["unknown"]));
      cluster.network.heal();
      await cluster.converged();
      expect(cluster.leader()?.id).toBe(next.id);
      for (const member of cluster.members) expect(member.lines).toEqual(["a", "b", "kept"]);
    }),
  );

  it(
    "N07 E05 E06 E07 a follower cut off asks in vain: its term does not grow, and on its return the leader stays",
    inCluster({ seed: 12 }, async (cluster) => {
      const { leader, follower } = await atWork(cluster);
      const { term } = leader.describe();
      cluster.network.isolate(follower.id);
      await cluster.run(12 * T);
      expect(follower.describe()).toMatchObject({ term, role: "pre-candidate" });
      await cluster.applied("meanwhile");
      cluster.network.heal();
      await cluster.converged();
      await cluster.run(4 * T);
      expect([leader.describe().role, leader.describe().term]).toEqual(["leader", term]);
      expect(follower.lines).toEqual(["a", "b", "meanwhile"]);
    }),
  );

  it(
    "N07 E14 without pre-vote the term grows in vain, the cluster converges, and the more up-to-date log wins",
    inCluster({ seed: 13, options: { preVote: false } }, async (cluster) => {
      const { leader, follower } = await atWork(cluster);
      const { term } = leader.describe();
      cluster.network.isolate(follower.id);
      await cluster.run(12 * T);
      expect(follower.describe().term).toBeGreaterThan(term + 3);
      await cluster.applied("meanwhile");
      cluster.network.heal();
      await cluster.until(
        () => (cluster.leader()?.describe().term ?? 0) > term + 3,
        20 * T,
        "a leader of a higher term",
      );
      expect(cluster.leader()?.id).not.toBe(follower.id);
      await cluster.converged();
      for (const member of cluster.members) expect(member.lines).toEqual(["a", "b", "meanwhile"]);
    }),
  );

  it(
    "N16 E05 E06 a node cut off in both directions wins no pre-vote, and nothing is interrupted when it is back",
    inCluster({ seed: 14 }, async (cluster) => {
      const { leader, follower } = await atWork(cluster);
      const { term } = leader.describe();
      cluster.network.isolate(follower.id);
      const since = cluster.time.now();
      for (let i = 0; i < 8; i++) {
        await cluster.run(T);
        await cluster.applied(`during ${i}`);
      }
      expect(timesOf(follower, "pre-candidate").length).toBeGreaterThan(0);
      cluster.network.heal();
      for (let i = 0; i < 20; i++) {
        await cluster.applied(`after ${i}`);
        await cluster.run(T / 5);
        expect(leader.describe()).toMatchObject({ role: "leader", term });
      }
      await cluster.converged();
      const granted = cluster
        .messages("PreVoteResponse", { since, to: follower.id })
        .filter((answer) => answer.granted);
      expect(granted).toEqual([]);
    }),
  );

  it(
    "N17 E07 a node that hears nobody but is heard breaks nothing: those with contact ignore it",
    inCluster({ seed: 15 }, async (cluster) => {
      const { leader, follower: deaf, third } = await atWork(cluster);
      const { term } = leader.describe();
      cluster.network.cut(leader.id, deaf.id);
      cluster.network.cut(third.id, deaf.id);
      const since = cluster.time.now();
      for (let i = 0; i < 12; i++) {
        await cluster.run(T);
        await cluster.applied(`during ${i}`);
        expect(leader.describe()).toMatchObject({ role: "leader", term });
        expect(third.describe()).toMatchObject({ leader: leader.id, term });
      }
      expect(cluster.messages("PreVoteRequest", { from: deaf.id, to: third.id, since }).length).toBeGreaterThan(3);
      expect(deaf.describe().term).toBe(term);
      cluster.network.heal();
      await cluster.converged();
      expect(leader.describe()).toMatchObject({ role: "leader", term });
    }),
  );

  it(
    "N17 E06 a node cut off from the leader alone asks the third, which hears the leader and refuses: no term grows",
    inCluster({ seed: 19 }, async (cluster) => {
      const { leader, follower, third } = await atWork(cluster);
      const { term } = leader.describe();
      cluster.network.cut(leader.id, follower.id);
      cluster.network.cut(follower.id, leader.id);
      const since = cluster.time.now();
      await cluster.run(12 * T);
      const answers = cluster.messages("PreVoteResponse", { from: third.id, to: follower.id, since });
      expect(answers.length).toBeGreaterThan(3);
      expect(answers.every(({ granted }) => !granted)).toBe(true);
      for (const member of cluster.members) expect(member.describe().term).toBe(term);
      expect(leader.describe().role).toBe("leader");
    }),
  );

  it(
    "N17 E07/asker-cannot-hear-leader the same without pre-vote: its vote requests are heard, and neither answered nor obeyed",
    inCluster({ seed: 16, options: { preVote: false } }, async (cluster) => {
      const { leader, follower: deaf, third } = await atWork(cluster);
      const { term } = leader.describe();
      cluster.network.cut(leader.id, deaf.id);
      cluster.network.cut(third.id, deaf.id);
      const since = cluster.time.now();
      await cluster.run(10 * T);
      expect(deaf.describe().term).toBeGreaterThan(term + 2);
      expect(cluster.messages("VoteRequest", { from: deaf.id, to: third.id, since }).length).toBeGreaterThan(2);
      expect(cluster.messages("VoteResponse", { to: deaf.id, since, stage: "sent" })).toEqual([]);
      for (const member of [leader, third]) expect(member.describe()).toMatchObject({ term, leader: leader.id });
    }),
  );

  it(
    "N22 E14 a stale leader's heartbeat and append are answered with the higher term",
    inCluster({ seed: 17 }, async (cluster) => {
      const { leader: old, follower, third } = await atWork(cluster);
      const { term: staleTerm, last } = old.describe();
      cluster.crash(old.id);
      await cluster.awaitLeader();
      await cluster.settled();
      await cluster.restart(old.id);
      await cluster.settled();
      const { term } = follower.describe();
      const since = cluster.time.now();
      cluster.forge(old.id, follower.id, heartbeat(staleTerm));
      cluster.forge(old.id, third.id, {
        type: "AppendEntries",
        term: staleTerm,
        prev: last,
        commit: last.index,
        blocks: [],
      });
      await cluster.run(10);
      const heartbeats = cluster.messages("HeartbeatResponse", { from: follower.id, to: old.id, since });
      const appends = cluster.messages("AppendEntriesResponse", { from: third.id, to: old.id, since });
      expect(heartbeats.map((answer) => answer.term)).toContain(term);
      expect(appends.map((answer) => [answer.term, answer.success])).toContainEqual([term, false]);
    }),
  );

  it(
    "N22 E14 a leader that is answered with a higher term steps down, and a leader is there within 4T",
    inCluster({ seed: 18 }, async (cluster) => {
      const { leader, follower, third } = await atWork(cluster);
      const { term } = leader.describe();
      // The follower got a higher term from somewhere; the leader's next word to it brings that to light.
      cluster.forge(third.id, follower.id, { type: "VoteResponse", term: term + 3, granted: false });
      await cluster.until(() => leader.describe().term === term + 3, T, "the leader hears of it");
      expect(timesOf(leader, "follower").length).toBeGreaterThan(0);
      const began = cluster.time.now();
      await cluster.until(() => (cluster.leader()?.describe().term ?? 0) > term + 3, 4 * T, "a leader above that term");
      expect(cluster.time.now() - began).toBeLessThanOrEqual(4 * T);
      await cluster.applied("after");
      await cluster.converged();
    }),
  );
});
