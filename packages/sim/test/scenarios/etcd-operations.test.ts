import type { NodeId } from "@hexraft/core/ports";
import { get } from "@hexraft/statemachine-kv";
import { describe, expect, it } from "vitest";
import { cast, type KvStage, said, say, story, T, texts } from "./support.js";

/*
 * etcd raft's stories of leadership transfer, of reads and of membership changes, re-expressed for whole nodes.
 */
const votersOf = (stage: KvStage, id: NodeId): readonly NodeId[] => stage.view(id).configuration.configuration.voters;
const text = (output: unknown): string => {
  const { value } = output as { readonly value: Uint8Array | null };
  return value === null ? "nothing" : new TextDecoder().decode(value);
};
const TIGHT = { snapshotEveryEntries: 10, compactionMarginEntries: 0 } as const;

describe("leadership transfer", () => {
  it(
    "E21 E07 to one that is up to date: it campaigns at once, without asking first, and is voted for by who hears its leader",
    story({ nodes: 3 }, async (stage) => {
      const [leader, target] = await cast(stage);
      await stage.agree(say("before"));
      const [{ term }, since] = [stage.view(leader), stage.now];
      const order = stage.transfer(target);
      await stage.followed(order);
      expect(order.state).toBe("done");
      expect(await stage.awaitLeader()).toBe(target);
      expect(stage.view(target).term).toBe(term + 1);
      expect(stage.messages("PreVoteRequest", { since, fate: "sent" })).toEqual([]);
      expect(stage.messages("VoteRequest", { since }).every(({ transfer }) => transfer)).toBe(true);
      await stage.agree(say("after"));
    }),
  );

  it(
    "E21 to one that lags behind: it is brought up to date first, and proposals wait for nobody meanwhile",
    story({ nodes: 3 }, async (stage) => {
      const [leader, target] = await cast(stage);
      const end = stage.lose("AppendEntries", (_, { to }) => to === target);
      await stage.answered(...texts(5, "missed").map((command) => stage.propose(command, leader)));
      const order = stage.transfer(target);
      const meanwhile = stage.propose(say("meanwhile"), leader);
      await stage.answered(meanwhile);
      expect([meanwhile.outcome, meanwhile.code]).toEqual(["refused", "TransferRunning"]);
      expect(stage.messages("TimeoutNow", { fate: "sent" })).toEqual([]);
      end();
      await stage.followed(order);
      expect([order.state, await stage.awaitLeader()]).toEqual(["done", target]);
      expect(said(stage, target)).toHaveLength(5);
    }),
  );

  it(
    "E21 S04 to one that needs a snapshot first",
    story({ nodes: 3, options: TIGHT }, async (stage) => {
      const [leader, target] = await cast(stage);
      stage.crash(target);
      for (let i = 0; i < 40; i++) await stage.answered(stage.propose(say(`${i}`), leader));
      await stage.restart(target);
      const peer = () => stage.view(leader).peers.find(({ id }) => id === target);
      await stage.until("it has answered", () => (peer()?.silentMs ?? T) < T / 2);
      const order = stage.transfer(target);
      await stage.followed(order);
      expect([order.state, await stage.awaitLeader()]).toEqual(["done", target]);
      expect(stage.messages("InstallSnapshot", { to: target }).length).toBeGreaterThan(0);
    }),
  );

  it(
    "E21 refused: to nobody that is a member, to a learner, to one that does not answer; to oneself it is nothing to do",
    story({ nodes: 3 }, async (stage) => {
      const [leader, learner, dead] = await cast(stage);
      await stage.followed(stage.change([leader, dead], [learner]));
      stage.crash(dead);
      await stage.pass(T);
      const orders = ["nobody", learner, dead, leader].map((to) => stage.transfer(to));
      await stage.followed(...orders);
      expect(orders.map(({ state, code }) => [state, code])).toEqual([
        ["refused", "TransferRefused"],
        ["refused", "TransferRefused"],
        ["refused", "TransferRefused"],
        ["done", undefined],
      ]);
    }),
  );

  it(
    "E21 to one that dies on the way: after T the leader takes proposals again, and what the dead one may still do is void",
    story({ nodes: 3 }, async (stage) => {
      const [leader, target] = await cast(stage);
      const { term, last } = stage.view(leader);
      stage.lose("TimeoutNow");
      const [order, second] = [stage.transfer(target), stage.transfer(target)];
      await stage.followed(order, second);
      expect([order.state, second.state]).toEqual(["refused", "refused"]);
      // The empty entry with which it goes on.
      expect(stage.view(leader)).toMatchObject({ role: "leader", term, last: { index: last.index + 1 } });
      await stage.agree(say("it goes on"));
      expect(stage.leader()).toBe(leader);
    }),
  );

  it(
    "E21 E14 round and round, under load: every hand-over is one election, and no call is lost or done twice",
    story({ nodes: 3, clients: 5, callsPerSecond: 100 }, async (stage) => {
      const done = [];
      for (let round = 0; round < 12; round++) {
        const leader = await stage.awaitLeader();
        const order = stage.transfer(stage.others(leader)[round % 2] as NodeId);
        await stage.followed(order);
        done.push(order.state);
        await stage.pass(T);
      }
      expect(done.filter((state) => state === "done").length).toBeGreaterThan(6);
    }),
  );
});

describe("reads", () => {
  it(
    "Q01 Q04 Q03 on leader and followers: the newest value, and many at once share a round",
    story({ nodes: 3 }, async (stage) => {
      const leader = await stage.settled();
      for (const value of ["one", "two", "three"]) {
        await stage.answered(stage.propose(say(`key ${value}`), leader));
        const reads = stage.ids.map((id) => stage.read(get("key"), id));
        await stage.answered(...reads);
        expect(reads.map(({ output }) => text(output))).toEqual(stage.ids.map(() => `key ${value}`));
      }
      const since = stage.now;
      const many = Array.from({ length: 100 }, () => stage.read(get("key"), leader));
      await stage.answered(...many);
      expect(many.every(({ outcome }) => outcome === "ok")).toBe(true);
      expect(new Set(stage.messages("Heartbeat", { since }).map(({ round }) => round)).size).toBeLessThanOrEqual(3);
    }),
  );

  it(
    "Q07 Q01 a leader that was cut off and does not know that another one leads answers no read with what was",
    story({ nodes: 3 }, async (stage) => {
      const [old, one, two] = await cast(stage);
      await stage.agree(say("key before"));
      stage.isolate(old);
      const early = stage.read(get("key"), old);
      const next = await stage.awaitLeader(() => [one, two]);
      await stage.answered(stage.propose(say("key after"), next));
      const late = stage.read(get("key"), old);
      const fresh = stage.read(get("key"), next);
      await stage.answered(early, late, fresh);
      expect([early.outcome, late.outcome, fresh.outcome]).toEqual(["refused", "refused", "ok"]);
      expect(text(fresh.output)).toBe("key after");
    }),
  );

  it(
    "Q02 a new leader answers a read only when an entry of its own is committed, and knows what its predecessor acknowledged",
    story({ nodes: 3 }, async (stage) => {
      const [old, one, two] = await cast(stage);
      // Nobody but the leader learns of the commit.
      const end = stage.lose("Heartbeat");
      const [call] = [stage.propose(say("key acknowledged"), old)];
      await stage.answered(call);
      stage.crash(old);
      end();
      const next = await stage.awaitLeader(() => [one, two]);
      const read = stage.read(get("key"), next);
      await stage.answered(read);
      expect([call.outcome, read.outcome]).toEqual(["ok", "ok"]);
      expect(text(read.output)).toBe("key acknowledged");
    }),
  );

  it(
    "Q04 Q07 a follower that does not reach the leader answers no read, and none of them hangs",
    story({ nodes: 3 }, async (stage) => {
      const [, away] = await cast(stage);
      stage.isolate(away);
      const reads = Array.from({ length: 5 }, () => stage.read(get("key"), away));
      await stage.answered(...reads);
      expect(reads.map(({ outcome }) => outcome)).toEqual(reads.map(() => "refused"));
    }),
  );

  it(
    "Q01 E10 answers of learners confirm no read",
    story({ nodes: 3 }, async (stage) => {
      const [leader, voter, learner] = await cast(stage);
      await stage.followed(stage.change([leader, voter], [learner]));
      stage.isolate(voter);
      const read = stage.read(get("key"), leader);
      await stage.answered(read);
      expect(read.outcome).toBe("refused");
      expect(stage.view(leader).role).not.toBe("leader");
    }),
  );
});

describe("membership", () => {
  it(
    "M07 M02 M10 voters go and come back one by one and many at once, each time through a joint phase",
    story({ nodes: 5 }, async (stage) => {
      const leader = await stage.settled();
      const [a, b, c, d] = stage.others(leader) as [NodeId, NodeId, NodeId, NodeId];
      for (const voters of [[leader, a, b, c], [leader, a, b], [leader, a, b, c, d], [leader, c, d], stage.ids]) {
        const order = stage.change(voters);
        await stage.followed(order);
        expect([order, votersOf(stage, leader)]).toEqual([{ state: "done" }, voters]);
        await stage.agreed(say(`with ${voters.length}`));
        // M15: before the next change those that are new have answered.
        await stage.pass(2 * T);
      }
      await stage.until("all are members again", () => stage.ids.every((id) => votersOf(stage, id).length === 5));
    }),
  );

  it(
    "M03 a second change is refused while the first is under way, and so is a transfer",
    story({ nodes: 5 }, async (stage) => {
      const leader = await stage.settled();
      const [a, b, c, d] = stage.others(leader) as [NodeId, NodeId, NodeId, NodeId];
      const first = stage.change([leader, a, b]);
      await stage.pass(1); // asked for, and not done
      const [second, transfer] = [stage.change([leader, c, d]), stage.transfer(a)];
      await stage.followed(first, second, transfer);
      expect([first, second.code, transfer.code]).toEqual([{ state: "done" }, "ChangeRunning", "TransferRefused"]);
      expect(votersOf(stage, leader)).toEqual([leader, a, b]);
    }),
  );

  it(
    "M06 M02 whoever leads next ends a change that its predecessor began, and needs both majorities until then",
    story({ nodes: 5 }, async (stage) => {
      const leader = await stage.settled();
      const [a, b, c, d] = stage.others(leader) as [NodeId, NodeId, NodeId, NodeId];
      stage.change([leader, a, b]);
      const isJoint = (id: NodeId): boolean => stage.view(id).configuration.configuration.votersOld.length > 0;
      await stage.until("the joint configuration is somewhere else", () => isJoint(a) || isJoint(b));
      stage.crash(leader);
      await stage.awaitLeader();
      const members = [leader, a, b];
      await stage.until("the change is over", () => [a, b].every((id) => !isJoint(id)));
      expect([votersOf(stage, a), votersOf(stage, b)]).toEqual([members, members]);
      // Of the new voters two are left: they are a majority, and those that left count no more.
      stage.isolate(c, d);
      await stage.agreed(say("by two of three"));
    }),
  );

  it(
    "M05 E19 a leader that is removed leads no more, and who is no member never campaigns again",
    story({ nodes: 3 }, async (stage) => {
      const [leader, one, two] = await cast(stage);
      await stage.followed(stage.change([one, two]));
      await stage.until("another one leads", () => [one, two].includes(stage.leader() ?? ""));
      const since = stage.now;
      await stage.agreed(say("by those that are left"));
      await stage.pass(6 * T);
      expect(stage.view(leader).role).not.toBe("leader");
      expect(stage.messages("VoteRequest", { from: leader, since, fate: "sent" })).toEqual([]);
    }),
  );

  it(
    "M01 M02 R05 entries behind a removal are judged by who votes then: learners and leavers do not count",
    story({ nodes: 3 }, async (stage) => {
      const [leader, voter, learner] = await cast(stage);
      await stage.followed(stage.change([leader, voter], [learner]));
      stage.isolate(voter);
      const call = stage.propose(say("by one voter and a learner"), leader);
      await stage.answered(call);
      expect(call.outcome).toBe("unknown");
      for (const id of stage.ids) expect(said(stage, id)).toEqual([]);
    }),
  );
});
