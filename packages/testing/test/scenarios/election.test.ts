import { describe, expect, it } from "vitest";
import { TestCluster } from "../../src/index.js";
import { firstCandidate, heartbeat, inCluster, ofType, others, T, timesOf } from "./support.js";

describe("founding scenarios: a leader is elected", () => {
  it(
    "N01 E01 E03 E10 E15 all start as followers in term 0; the first to time out wins term 1 and is heard at once",
    inCluster({}, async (cluster) => {
      await cluster.start();
      for (const member of cluster.members) {
        expect(member.describe()).toMatchObject({ role: "follower", term: 0, leader: null, votedFor: null });
      }
      const leader = await cluster.awaitLeader();
      expect(leader.describe().term).toBe(1);
      const firstTimeouts = cluster.members.flatMap((member) => timesOf(member, "pre-candidate").slice(0, 1));
      expect(timesOf(leader, "pre-candidate")[0]).toBe(Math.min(...firstTimeouts));
      expect(Math.min(...firstTimeouts)).toBeGreaterThanOrEqual(T);
      expect(Math.min(...firstTimeouts)).toBeLessThan(2 * T + 15);
      const [tookOffice = 0] = timesOf(leader, "leader");
      for (const { id } of others(cluster, leader)) {
        const told = cluster.seen.find(
          ({ envelope, stage }) =>
            stage === "sent" &&
            envelope.from === leader.id &&
            envelope.to === id &&
            envelope.message.type === "AppendEntries",
        );
        expect(told?.atMs, `the first word to ${id}`).toBe(tookOffice);
      }
    }),
  );

  it(
    "N02 E09 E10 five nodes: one leader per term, and nobody voted twice in a term",
    inCluster({ ids: ["n1", "n2", "n3", "n4", "n5"], seed: 2 }, async (cluster) => {
      await cluster.start();
      for (let round = 0; round < 4; round++) {
        const leader = await cluster.settled();
        await cluster.applied(`round ${round}`);
        cluster.crash(leader.id);
        await cluster.awaitLeader();
        await cluster.restart(leader.id);
      }
      await cluster.converged();
      const ballots = new Map<string, string>();
      for (const { envelope, stage } of cluster.seen) {
        const { from, to, message } = envelope;
        if (stage !== "sent" || message.type !== "VoteResponse" || !message.granted) continue;
        const ballot = `${from} in term ${message.term}`;
        expect(`${ballot} for ${ballots.get(ballot) ?? to}`).toBe(`${ballot} for ${to}`);
        ballots.set(ballot, to);
      }
      expect(ballots.size).toBeGreaterThanOrEqual(4);
      expect(cluster.leaderOfTerm.size).toBeGreaterThanOrEqual(5);
    }),
  );

  it(
    "N03 E11 a candidate that hears a leader of its own term follows it at once",
    inCluster({ seed: 3 }, async (cluster) => {
      cluster.dropAll(ofType("VoteResponse"));
      await cluster.start();
      const candidate = await firstCandidate(cluster);
      const [leader] = others(cluster, candidate);
      const { term } = candidate.describe();
      cluster.forge(leader?.id ?? "", candidate.id, heartbeat(term));
      await cluster.run(1);
      expect(candidate.describe()).toMatchObject({
        role: "follower",
        term,
        leader: leader?.id,
        votedFor: candidate.id,
      });
    }),
  );

  it(
    "N03 E11 a candidate that hears a leader of a higher term adopts the term and follows",
    inCluster({ seed: 4 }, async (cluster) => {
      cluster.dropAll(ofType("VoteResponse"));
      await cluster.start();
      const candidate = await firstCandidate(cluster);
      const [leader] = others(cluster, candidate);
      cluster.forge(leader?.id ?? "", candidate.id, heartbeat(9));
      await cluster.run(5);
      expect(candidate.describe()).toMatchObject({ role: "follower", term: 9, leader: leader?.id, votedFor: null });
    }),
  );

  it(
    "N03 E11 E14 a candidate refuses a leader of a lower term with its own, and stays a candidate",
    inCluster({ seed: 5 }, async (cluster) => {
      cluster.dropAll(ofType("VoteResponse"));
      await cluster.start();
      const candidate = await firstCandidate(cluster);
      const [stale] = others(cluster, candidate);
      const { term } = candidate.describe();
      const since = cluster.time.now();
      cluster.forge(stale?.id ?? "", candidate.id, heartbeat(term - 1));
      await cluster.run(10);
      expect(candidate.describe()).toMatchObject({ role: "candidate", term });
      const answers = cluster.messages("HeartbeatResponse", { from: candidate.id, to: stale?.id ?? "", since });
      expect(answers.map((answer) => answer.term)).toEqual([term]);
    }),
  );

  it("N04 E03 E12 votes split between candidates elect nobody in that term; a later one has a leader", async () => {
    const splits: number[] = [];
    for (let seed = 1; seed <= 12; seed++) {
      // A message takes so long that several nodes pass their pre-vote before they hear of each other.
      const cluster = new TestCluster({
        ids: ["n1", "n2", "n3", "n4"],
        seed: `split ${seed}`,
        latencyMs: [40, 60],
        options: { electionTimeoutMs: T },
      });
      await cluster.start();
      await cluster.awaitLeader(undefined, 100 * T);
      const candidacies = cluster.members.flatMap(({ roles }) => roles.filter((role) => role.startsWith("candidate@")));
      for (const candidacy of new Set(candidacies)) {
        const term = Number(candidacy.split("@")[1]);
        const rivals = cluster.members.filter(({ roles }) => roles.includes(candidacy));
        if (rivals.length < 2 || cluster.leaderOfTerm.has(term)) continue;
        splits.push(seed);
        expect(Math.max(...cluster.leaderOfTerm.keys())).toBeGreaterThan(term);
        const next = rivals.flatMap((rival) => timesOf(rival, "pre-candidate").slice(1, 2));
        expect(new Set(next).size, "waits are drawn anew").toBe(next.length);
      }
      cluster.dispose();
    }
    expect(splits.length).toBeGreaterThan(0);
  });

  it(
    "N05 E13 E14 a leader that died comes back, sees the higher term in the first exchange, and follows",
    inCluster({ seed: 6 }, async (cluster) => {
      await cluster.start();
      const old = await cluster.settled();
      await cluster.applied("before");
      const { term } = old.describe();
      cluster.crash(old.id);
      const next = await cluster.awaitLeader();
      await cluster.applied("meanwhile");
      await cluster.restart(old.id);
      expect(old.describe()).toMatchObject({ role: "follower", term, leader: null });
      const since = cluster.time.now();
      const heard = () =>
        cluster.seen.some(
          ({ atMs, stage, envelope }) => atMs >= since && stage === "delivered" && envelope.to === old.id,
        );
      await cluster.until(heard, 2 * T, "a first word");
      await cluster.run(3);
      expect(old.describe()).toMatchObject({ role: "follower", term: next.describe().term, leader: next.id });
      await cluster.converged();
      expect(timesOf(old, "leader")).toEqual([]);
      expect(old.lines).toEqual(["before", "meanwhile"]);
    }),
  );

  it(
    "N15 E07/leader-itself E15 a new leader's first words stop those that still campaign, and stray votes are ignored afterwards",
    inCluster({ ids: ["n1", "n2", "n3", "n4", "n5"], seed: 7, latencyMs: [20, 30] }, async (cluster) => {
      await cluster.start();
      const leader = await cluster.awaitLeader();
      await cluster.settled(T);
      const { term, last } = leader.describe();
      const campaigning = others(cluster, leader).filter(({ roles }) => roles.length > 0);
      expect(campaigning.length, "somebody else was campaigning").toBeGreaterThan(0);
      const since = cluster.time.now();
      for (const receiver of cluster.members) {
        const asker = others(cluster, receiver)[0]?.id ?? "";
        cluster.forge(asker, receiver.id, { type: "VoteRequest", term: term + 5, last, transfer: false });
      }
      await cluster.run(T);
      for (const member of cluster.members) expect(member.describe()).toMatchObject({ term, leader: leader.id });
      expect(cluster.messages("VoteResponse", { since, stage: "sent" })).toEqual([]);
    }),
  );
});
