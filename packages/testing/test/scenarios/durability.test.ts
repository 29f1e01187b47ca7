import { describe, expect, it } from "vitest";
import type { TestCluster, TestMember } from "../../src/index.js";
import { inCluster, others, T } from "./support.js";

const sentBy = (cluster: TestCluster, from: TestMember, since: number): readonly string[] =>
  cluster.seen
    .filter(({ atMs, stage, envelope }) => stage === "sent" && atMs >= since && envelope.from === from.id)
    .map(({ envelope }) => envelope.message.type);

describe("founding scenarios: first durable, then said", () => {
  it(
    "N12 E02 L01 a candidate asks for no vote before its own ballot is durable",
    inCluster({ seed: 31 }, async (cluster) => {
      await cluster.start();
      for (const { disk } of cluster.members) disk.hold();
      const waiting = () => cluster.members.find(({ disk }) => disk.pendingWrites > 0);
      await cluster.until(() => waiting() !== undefined, 5 * T, "a ballot is being written");
      const candidate = waiting() as TestMember;
      const since = cluster.time.now();
      await cluster.run(T / 3);
      expect(sentBy(cluster, candidate, since)).not.toContain("VoteRequest");
      expect(candidate.disk.ballot).toEqual({ term: 0, vote: null });
      candidate.disk.release();
      await cluster.run(1);
      expect(candidate.disk.ballot).toEqual({ term: 1, vote: candidate.id });
      expect(sentBy(cluster, candidate, since)).toContain("VoteRequest");
    }),
  );

  it(
    "N12 E02 E09 a voter says its vote only when it is durable, and a crash before that leaves it free",
    inCluster({ seed: 32 }, async (cluster) => {
      await cluster.start();
      const [voter, a, b] = cluster.members as [TestMember, TestMember, TestMember];
      voter.disk.hold();
      await cluster.until(() => voter.disk.pendingWrites > 0, 5 * T, "a vote is being written");
      const since = cluster.time.now();
      await cluster.run(T / 5);
      expect(sentBy(cluster, voter, since)).not.toContain("VoteResponse");
      cluster.crash(voter.id);
      expect(voter.disk.ballot).toEqual({ term: 0, vote: null });
      await cluster.restart(voter.id);
      expect(voter.describe()).toMatchObject({ term: 0, votedFor: null });
      await cluster.awaitLeader([voter, a, b].map(({ id }) => id));
    }),
  );

  it(
    "N12 R07 a follower acknowledges an entry only when it is durable",
    inCluster({ seed: 33 }, async (cluster) => {
      await cluster.start();
      const leader = await cluster.settled();
      await cluster.applied("a");
      await cluster.converged();
      for (const follower of others(cluster, leader)) follower.disk.hold();
      const since = cluster.time.now();
      const command = cluster.propose("b");
      const { commitIndex } = leader.describe();
      await cluster.run(T / 2);
      for (const follower of others(cluster, leader)) {
        const matches = cluster
          .messages("AppendEntriesResponse", { from: follower.id, since })
          .map(({ match }) => match);
        expect(Math.max(0, ...matches)).toBeLessThanOrEqual(commitIndex);
      }
      expect([leader.describe().commitIndex, command.state]).toEqual([commitIndex, "pending"]);
      others(cluster, leader)[0]?.disk.release();
      await cluster.until(() => command.state === "ok", T, "one durable follower is enough");
    }),
  );

  it(
    "N12 R06 R14 a leader whose own disk is slow commits by its followers, and answers nobody before its own disk holds it",
    inCluster({ seed: 34 }, async (cluster) => {
      await cluster.start();
      const leader = await cluster.settled();
      await cluster.applied("a");
      await cluster.converged();
      const [slow] = others(cluster, leader);
      slow?.disk.hold();
      leader.disk.hold();
      const command = cluster.propose("b");
      const { last } = leader.describe();
      await cluster.run(T / 2);
      expect(leader.describe().commitIndex, "one durable copy of three is no majority").toBe(last.index);
      slow?.disk.release();
      await cluster.run(T / 2);
      expect(leader.describe().commitIndex).toBeGreaterThan(last.index);
      expect([leader.describe().appliedIndex, command.state]).toEqual([last.index, "pending"]);
      leader.disk.release();
      await cluster.until(() => command.state === "ok", T, "it is applied and answered");
    }),
  );

  it(
    "N12 R16 a crash in the middle of writes loses only what nobody was told",
    inCluster({ seed: 35 }, async (cluster) => {
      await cluster.start();
      for (let round = 0; round < 6; round++) {
        const leader = await cluster.settled();
        for (const { disk } of cluster.members) disk.slowDown(4);
        for (let i = 0; i < 10; i++) cluster.propose(`r${round} c${i}`);
        await cluster.run(2 + round * 2);
        for (const [i, member] of cluster.members.entries()) member.crash({ landed: (round + i) % 3 });
        for (const { disk } of cluster.members) disk.slowDown(0);
        await cluster.start();
        expect(leader.life).toBe(round + 2);
      }
      await cluster.settled();
      await cluster.converged();
    }),
  );
});
