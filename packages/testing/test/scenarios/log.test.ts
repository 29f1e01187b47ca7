import type { Envelope } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import type { TestCluster, TestMember } from "../../src/index.js";
import { SeededRandom } from "../../src/index.js";
import { inCluster, ofType, others, T, timesOf } from "./support.js";

/** Loses, from `leader` to `to`, all news of a commit at or above `index`. */
function hideCommit(cluster: TestCluster, leader: TestMember, to: TestMember, index: number): () => void {
  return cluster.network.drop(leader.id, to.id, ({ message }) => "commit" in message && message.commit >= index);
}

/** Messages that bring an entry above `index`. */
const carriesBeyond =
  (index: number) =>
  ({ message }: Envelope): boolean =>
    message.type === "AppendEntries" && message.blocks.some((block) => block.last > index);

describe("founding scenarios: the log", () => {
  it(
    "N08 E08 R05 R08 what a leader committed and told nobody is in its successor's log, and counts once that one committed an entry of its own",
    inCluster({ seed: 21, options: { batchEntriesMax: 1 } }, async (cluster) => {
      await cluster.start();
      const old = await cluster.settled();
      await cluster.applied("told");
      await cluster.converged();
      const index = old.describe().last.index + 1;
      const [next, other] = others(cluster, old) as [TestMember, TestMember];
      for (const follower of [next, other]) hideCommit(cluster, old, follower, index);
      cluster.network.drop(old.id, other.id, carriesBeyond(index - 1));
      const command = cluster.propose("untold", old.id);
      await cluster.until(() => command.state === "ok", T, "the leader committed it");
      cluster.partition(old.id);
      const never = cluster.propose("never committed", old.id);
      for (const follower of [next, other]) expect(follower.describe().commitIndex).toBeLessThan(index);
      const holdsOld = () => other.disk.last.index >= index;
      const endSilence = cluster.network.drop(next.id, other.id, (sent) => holdsOld() && carriesBeyond(index)(sent));
      expect(await cluster.awaitLeader([next.id, other.id])).toBe(next);
      const ownFirst = next.describe().last.index;
      expect(next.disk.entries().find((entry) => entry.index === index)?.term).toBe(1);
      // The other one confirms the old entry: it is on a majority, and yet a later leader could replace it (figure 8).
      await cluster.run(T);
      expect(next.describe().peers.find(({ id }) => id === other.id)?.match).toBe(index);
      expect(next.describe().commitIndex).toBeLessThan(index);
      endSilence();
      await cluster.until(() => next.describe().commitIndex >= index, 2 * T, "its own entry commits the old one");
      expect(next.describe().commitIndex).toBeGreaterThanOrEqual(ownFirst);
      cluster.network.heal();
      await cluster.converged();
      expect(never.state).not.toBe("ok");
      for (const member of cluster.members) expect(member.lines).toEqual(["told", "untold"]);
    }),
  );

  it(
    "N09 R01 equal index and term mean equal commands and equal prefixes, whatever happened",
    inCluster({ seed: 22 }, async (cluster) => {
      await cluster.start();
      const random = new SeededRandom("n09");
      for (let round = 0; round < 8; round++) {
        const leader = await cluster.settled();
        await cluster.applied(`kept ${round}`);
        cluster.network.isolate(leader.id);
        for (let i = random.integer(1, 6); i > 0; i--) cluster.propose(`tail ${round}.${i}`, leader.id);
        await cluster.awaitLeader(others(cluster, leader).map(({ id }) => id));
        const logs = cluster.members.map(({ disk }) => disk.entries());
        for (const a of logs) for (const b of logs) expectMatching(a, b);
        cluster.network.heal();
      }
      await cluster.converged();
      expect(cluster.leaderOfTerm.size).toBeGreaterThanOrEqual(9);
    }),
  );

  it(
    "N09 E08 the last term decides before the length: a longer log of an older term does not win",
    inCluster({ seed: 23 }, async (cluster) => {
      await cluster.start();
      const long = await cluster.settled();
      await cluster.applied("a");
      await cluster.converged();
      cluster.network.isolate(long.id);
      for (let i = 0; i < 30; i++) cluster.propose(`tail ${i}`, long.id);
      await cluster.run(T / 2);
      const next = await cluster.awaitLeader(others(cluster, long).map(({ id }) => id));
      await cluster.converged().catch(() => {});
      const [short] = others(cluster, long, next) as [TestMember];
      const { last } = short.describe();
      expect(last.term).toBeGreaterThan(long.describe().last.term);
      expect(last.index).toBeLessThan(long.describe().last.index);
      cluster.crash(next.id);
      cluster.network.heal();
      const winner = await cluster.awaitLeader();
      expect(winner.id).toBe(short.id);
      await cluster.converged();
      expect(long.lines).toEqual(["a"]);
    }),
  );

  it(
    "N10 R03 R08 R11 R14 commit never falls, applied ≤ commit, match never exceeds what the peer's disk holds, and next settles at match + 1",
    inCluster({ seed: 24, ids: ["n1", "n2", "n3", "n4", "n5"] }, async (cluster) => {
      await cluster.start();
      await cluster.settled();
      const random = new SeededRandom("n10");
      let commands = 0;
      for (let step = 0; step < 120; step++) {
        const dice = random.next();
        const victim = cluster.members[random.integer(0, 4)] as TestMember;
        const other = cluster.members[random.integer(0, 4)] as TestMember;
        if (dice < 0.1 && victim.isUp && cluster.up.length > 3) victim.crash({ landed: random.integer(0, 2) });
        else if (!victim.isUp && dice < 0.6) await cluster.restart(victim.id);
        else if (dice < 0.16) cluster.network.isolate(victim.id);
        else if (dice < 0.22 && victim !== other) cluster.network.cut(victim.id, other.id);
        else if (dice < 0.5) cluster.network.heal();
        for (const { id } of cluster.up) if (random.next() < 0.7) cluster.propose(`c${++commands}`, id);
        await cluster.run(random.integer(5, 60));
        expectProgressTrue(cluster);
      }
      cluster.network.heal();
      for (const member of cluster.members) if (!member.isUp) await cluster.restart(member.id);
      await cluster.converged();
      await cluster.run(2 * T);
      const leader = cluster.leader() as TestMember;
      const { peers, last } = leader.describe();
      expect(peers.map(({ match, next }) => [match, next])).toEqual(peers.map(() => [last.index, last.index + 1]));
      expect(leader.lines.length).toBeGreaterThan(50);
    }),
  );

  it(
    "N11 R08 a follower's commit may be ahead of a new leader's; neither goes back, and the leader's own entry resolves it",
    inCluster({ seed: 25 }, async (cluster) => {
      await cluster.start();
      const old = await cluster.settled();
      await cluster.applied("a");
      await cluster.converged();
      const [ahead, behind] = others(cluster, old) as [TestMember, TestMember];
      const index = old.describe().last.index + 1;
      hideCommit(cluster, old, behind, index);
      cluster.network.drop(ahead.id, behind.id, ofType("PreVoteRequest"));
      cluster.propose("b", old.id);
      await cluster.until(() => ahead.describe().commitIndex >= index, T, "one follower learns the commit");
      cluster.crash(old.id);
      await cluster.until(() => behind.describe().role === "leader", 20 * T, "the other one leads");
      expect(behind.describe().commitIndex).toBeLessThan(ahead.describe().commitIndex);
      await cluster.run(10);
      await cluster.converged();
      expect(behind.describe().commitIndex).toBeGreaterThan(index);
      expect([ahead.lines, behind.lines]).toEqual([
        ["a", "b"],
        ["a", "b"],
      ]);
    }),
  );

  it(
    "N18 E15 R05 Q02 a new leader's own entry commits what an earlier term left, without a client; reads wait for that",
    inCluster({ seed: 26 }, async (cluster) => {
      await cluster.start();
      const old = await cluster.settled();
      await cluster.applied("a");
      await cluster.converged();
      for (const { id } of others(cluster, old)) cluster.network.drop(id, old.id, ofType("AppendEntriesResponse"));
      const index = old.describe().last.index + 1;
      const left = cluster.propose("left behind", old.id);
      const isThere = () => others(cluster, old).every(({ disk }) => disk.last.index === index);
      await cluster.until(isThere, T, "the entry is on the followers' disks");
      cluster.crash(old.id);
      expect(left.state).toBe("pending");
      const next = await cluster.awaitLeader();
      expect(next.lines).toEqual(["a"]);
      const follower = cluster.up.find((member) => member !== next) as TestMember;
      follower.disk.hold();
      const read = next.node.read("lines");
      let isAnswered = false;
      void read.finally(() => {
        isAnswered = true;
      });
      await cluster.run(T);
      expect([isAnswered, next.describe().role], "confirmed, and still not served").toEqual([false, "leader"]);
      follower.disk.release();
      expect(await cluster.time.settled(read, 10 * T)).toEqual(["a", "left behind"]);
      await cluster.converged();
      expect(timesOf(next, "leader")).toHaveLength(1);
      for (const member of cluster.up) expect(member.lines).toEqual(["a", "left behind"]);
    }),
  );
});

type Log = ReturnType<TestMember["disk"]["entries"]>;

/** §5.3: from the last place where both have the same term downwards, everything is equal. */
function expectMatching(a: Log, b: Log): void {
  const common = Math.min(a.length, b.length);
  let at = common - 1;
  while (at >= 0 && a[at]?.term !== b[at]?.term) at--;
  expect(a.slice(0, at + 1)).toEqual(b.slice(0, at + 1));
}

/** I10: what a leader believes of its peers is on their disks. */
function expectProgressTrue(cluster: TestCluster): void {
  const leader = cluster.leader();
  if (leader === undefined) return;
  const own = leader.disk.entries();
  for (const { id, match, next } of leader.describe().peers) {
    expect(next, `${id}: next`).toBeGreaterThan(match);
    const theirs = cluster.member(id).disk;
    expect(theirs.last.index, `${id}: match is on its disk`).toBeGreaterThanOrEqual(match);
    expect(theirs.entries().find(({ index }) => index === match)?.term).toBe(
      own.find(({ index }) => index === match)?.term,
    );
  }
}
