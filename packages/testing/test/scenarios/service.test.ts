import { NotLeader } from "@hexraft/core";
import type { Envelope } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { firstCandidate, inCluster, ofType, others, T } from "./support.js";

describe("founding scenarios: snapshots, members, campaigns, proposals", () => {
  it(
    "N13 S01 S03 R16 each node takes its own snapshots, compacts its log, and restarts from them",
    inCluster({ seed: 51, options: { snapshotEveryEntries: 40, compactionMarginEntries: 5 } }, async (cluster) => {
      await cluster.start();
      await cluster.settled();
      const commands = Array.from({ length: 200 }, (_, i) => `c${i}`);
      for (let at = 0; at < commands.length; at += 10) await cluster.applied(...commands.slice(at, at + 10));
      await cluster.converged();
      for (const member of cluster.members) {
        const { snapshot, base, appliedIndex } = member.describe();
        expect(snapshot?.index, "a snapshot").toBeGreaterThan(80);
        expect(base.index, "the log was compacted").toBeGreaterThan(0);
        expect(base.index).toBeLessThan(snapshot?.index ?? 0);
        expect(snapshot?.index).toBeLessThanOrEqual(appliedIndex);
      }
      for (const { id } of cluster.members) cluster.crash(id);
      await cluster.start();
      await cluster.settled();
      await cluster.converged();
      for (const member of cluster.members) {
        expect(member.machine.calls).toContainEqual(expect.objectContaining({ call: "loaded" }));
        expect(member.lines).toEqual(commands);
      }
    }),
  );

  it(
    "N13 S04 S05 a follower behind the compacted log is brought up by a snapshot, and goes on with the log",
    inCluster({ seed: 52, options: { snapshotEveryEntries: 40, compactionMarginEntries: 0 } }, async (cluster) => {
      await cluster.start();
      const leader = await cluster.settled();
      const [slow] = others(cluster, leader);
      cluster.network.isolate(slow?.id ?? "");
      const commands = Array.from({ length: 300 }, (_, i) => `c${i}`);
      for (let at = 0; at < commands.length; at += 20) await cluster.applied(...commands.slice(at, at + 20));
      await cluster.until(() => leader.describe().base.index > 100, 10 * T, "the leader compacts");
      const since = cluster.time.now();
      cluster.network.heal();
      await cluster.applied("after");
      await cluster.converged();
      expect(cluster.messages("InstallSnapshot", { to: slow?.id ?? "", since }).length).toBeGreaterThan(0);
      expect(slow?.machine.calls).toContainEqual(expect.objectContaining({ call: "loaded" }));
      expect(slow?.lines).toEqual([...commands, "after"]);
      expect(slow?.describe().configuration.configuration.voters).toHaveLength(3);
    }),
  );

  it(
    "N19 M02 M10 the members are configured once, equal everywhere, and survive restarts; without a policy they are static",
    inCluster({ seed: 53 }, async (cluster) => {
      await cluster.start();
      const leader = await cluster.settled();
      await cluster.applied("a");
      const { configuration } = leader.describe();
      expect(configuration.configuration.voters).toEqual(["n1", "n2", "n3"]);
      for (const { id } of cluster.members) cluster.crash(id);
      await cluster.start();
      const next = await cluster.settled();
      await cluster.converged();
      for (const member of cluster.members) expect(member.describe().configuration).toEqual(configuration);
      const change = next.node.changeConfiguration({ ...configuration.configuration, voters: ["n1", "n2"] });
      await expect(cluster.time.settled(change, 10 * T)).rejects.toMatchObject({
        code: "ChangeRefused",
        outcome: "refused",
      });
      expect(next.describe().configuration).toEqual(configuration);
    }),
  );

  it(
    "N20 E05 E10 an ordinary campaign asks first, then runs",
    inCluster({ seed: 54 }, async (cluster) => {
      await cluster.start();
      const leader = await cluster.settled();
      const kinds = cluster.seen.flatMap(({ stage, envelope: { from, message } }) =>
        stage === "sent" && from === leader.id && /VoteRequest/.test(message.type) ? [message] : [],
      );
      const first = kinds.findIndex(({ type }) => type === "VoteRequest");
      expect(kinds.slice(0, first).some(({ type }) => type === "PreVoteRequest")).toBe(true);
      expect(kinds.some((message) => message.type === "VoteRequest" && message.transfer)).toBe(false);
    }),
  );

  it(
    "N20 E07 E21 a transfer campaigns without asking, and the lease does not hold it back",
    inCluster({ seed: 55 }, async (cluster) => {
      await cluster.start();
      const leader = await cluster.settled();
      await cluster.applied("a");
      await cluster.converged();
      const [target] = others(cluster, leader);
      const since = cluster.time.now();
      await cluster.time.settled(leader.node.transferLeadership(target?.id ?? ""), 4 * T, "the transfer ends");
      await cluster.until(() => cluster.leader()?.id === target?.id, T, "the target leads");
      expect(cluster.time.now() - since).toBeLessThan(T);
      expect(cluster.messages("TimeoutNow", { to: target?.id ?? "", since })).toHaveLength(1);
      expect(cluster.messages("PreVoteRequest", { since, stage: "sent" })).toEqual([]);
      const requests = cluster.messages("VoteRequest", { from: target?.id ?? "", since, stage: "sent" });
      expect(requests.map(({ transfer }) => transfer)).toEqual([true, true]);
      await cluster.applied("b");
      await cluster.converged();
    }),
  );

  it(
    "N20 Q01 Q07 a leader that was deposed by a transfer and has not heard of it serves no old value",
    inCluster({ seed: 57 }, async (cluster) => {
      await cluster.start();
      const old = await cluster.settled();
      await cluster.applied("a");
      await cluster.converged();
      const [target] = others(cluster, old);
      old.node.transferLeadership(target?.id ?? "").catch(() => {});
      await cluster.until(() => cluster.messages("TimeoutNow", { stage: "sent" }).length > 0, T, "the transfer begins");
      const isNews = ({ message }: Envelope) => message.type !== "TimeoutNow";
      for (const { id } of others(cluster, old)) {
        cluster.network.drop(old.id, id, isNews);
        cluster.network.drop(id, old.id);
      }
      await cluster.until(() => cluster.leader()?.id === target?.id, T, "the target leads");
      await cluster.applied("b");
      expect(old.describe().role, "it still believes that it leads").toBe("leader");
      const read = old.node.read("lines");
      await expect(cluster.time.settled(read, 10 * T)).rejects.toMatchObject({ retryable: true });
      cluster.network.heal();
      await cluster.converged();
    }),
  );

  it(
    "N25 C01 C02 without a leader a proposal is refused with the reason, and is certainly never applied",
    inCluster({ seed: 56 }, async (cluster) => {
      cluster.dropAll(ofType("VoteResponse"));
      await cluster.start();
      const early = cluster.members.map(({ id }) => cluster.propose(`early ${id}`, id));
      const candidate = await firstCandidate(cluster);
      const late = cluster.propose("late", candidate.id);
      await cluster.run(5);
      for (const outcome of [...early, late]) {
        expect(outcome).toMatchObject({
          state: "refused",
          error: { code: "NotLeader", leader: null, retryable: true },
        });
      }
      cluster.network.heal();
      const leader = await cluster.settled();
      await cluster.applied("taken");
      const [follower] = others(cluster, leader);
      const elsewhere = cluster.propose("elsewhere", follower?.id);
      await cluster.run(5);
      expect(elsewhere.error).toBeInstanceOf(NotLeader);
      expect(elsewhere).toMatchObject({
        state: "refused",
        error: { leader: leader.id, leaderAddress: `memory:${leader.id}` },
      });
      await cluster.converged();
      for (const member of cluster.members) expect(member.lines).toEqual(["taken"]);
    }),
  );
});
