import type { NodeId } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { entryBytes, type KvStage, requests, said, say, story, T, texts } from "./support.js";

/*
 * The scenarios of MIT's course 6.5840, lab 3, parts A and B: what their tester does to a cluster, re-expressed; what it
 * expects is judged after every event (I1–I5), and so is what clients were told.
 */
const leads = (stage: KvStage, id: NodeId): boolean => stage.view(id).role === "leader";

describe("3A elections", () => {
  it(
    "E10 E17 the first election has one leader, and without a failure it stays",
    story({ nodes: 3 }, async (stage) => {
      const leader = await stage.settled();
      const { term } = stage.view(leader);
      await stage.pass(4 * T);
      expect(stage.ids.filter((id) => leads(stage, id))).toEqual([leader]);
      for (const id of stage.ids) expect(stage.view(id).term).toBe(term);
    }),
  );

  it(
    "E07 E16 a leader that is cut off is replaced, steps aside when it is back, and without a quorum nobody leads",
    story({ nodes: 3 }, async (stage) => {
      const first = await stage.awaitLeader();
      stage.isolate(first);
      const second = await stage.awaitLeader();
      stage.join(first);
      await stage.settled();
      expect([leads(stage, first), leads(stage, second)]).toEqual([false, true]);
      const [other] = stage.others(second) as [NodeId];
      stage.isolate(second, other);
      await stage.pass(4 * T);
      expect(stage.ids.filter((id) => leads(stage, id))).toEqual([]);
      stage.join(other);
      await stage.awaitLeader();
      stage.join(second);
      await stage.settled();
    }),
  );

  it(
    "E12 E16 of seven, three at random are cut off, ten times: the others have one leader",
    story({ nodes: 7 }, async (stage) => {
      for (let round = 0; round < 10; round++) {
        const unlucky = stage.some(3);
        stage.isolate(...unlucky);
        await stage.awaitLeader();
        await stage.pass(2 * T);
        expect(stage.connected.filter((id) => leads(stage, id))).toHaveLength(1);
        stage.join(...unlucky);
      }
    }),
  );
});

describe("3B agreement", () => {
  it(
    "R05 R14 nothing is applied before it was proposed, and what was is applied everywhere in order",
    story({ nodes: 3 }, async (stage) => {
      for (const text of ["1", "2", "3"]) {
        for (const id of stage.ids) expect(said(stage, id)).not.toContain(text);
        await stage.agree(say(text));
      }
      for (const id of stage.ids) expect(said(stage, id)).toEqual(["1", "2", "3"]);
    }),
  );

  it(
    "R09 R11 each command is sent to each follower once: bytes",
    story({ nodes: 3 }, async (stage) => {
      await stage.agree(say("first"));
      const [count, bytes] = [10, 5_000];
      const since = stage.now;
      for (let i = 0; i < count; i++) await stage.agree(say(`${i} `.padEnd(bytes, "x")));
      expect(entryBytes(stage, since)).toBeGreaterThan(2 * count * bytes);
      expect(entryBytes(stage, since)).toBeLessThan(2 * count * bytes + 5_000);
    }),
  );

  it(
    "R05 E16 followers fail one after the other: two agree, one alone does not",
    story({ nodes: 3 }, async (stage) => {
      await stage.agree(say("101"));
      const leader = await stage.awaitLeader();
      const [one, two] = stage.others(leader) as [NodeId, NodeId];
      stage.isolate(one);
      await stage.agree(say("102"));
      await stage.agree(say("103"));
      stage.isolate(two);
      const alone = stage.propose(say("104"), leader);
      await stage.pass(4 * T);
      expect(alone.outcome).toBe("unknown");
      for (const id of stage.ids) expect(said(stage, id)).not.toContain("104");
    }),
  );

  it(
    "E08 R05 leaders fail one after the other: two agree, one alone does not",
    story({ nodes: 3 }, async (stage) => {
      await stage.agree(say("101"));
      stage.isolate(await stage.awaitLeader());
      await stage.agree(say("102"));
      await stage.agree(say("103"));
      stage.isolate(await stage.awaitLeader());
      const alone = stage.ids.map((id) => stage.propose(say(`104 at ${id}`), id));
      await stage.pass(4 * T);
      expect(alone.map(({ outcome }) => outcome)).not.toContain("ok");
      for (const id of stage.ids) expect(said(stage, id).filter((text) => text.startsWith("104"))).toEqual([]);
    }),
  );

  it(
    "R04 R19 a follower that comes back gets what it missed, and the leader stays",
    story({ nodes: 3 }, async (stage) => {
      await stage.agree(say("101"));
      const leader = await stage.awaitLeader();
      const [away] = stage.others(leader) as [NodeId];
      stage.isolate(away);
      for (const text of ["102", "103", "104", "105"]) await stage.agree(say(text));
      await stage.pass(2 * T);
      stage.join(away);
      await stage.agree(say("106"), say("107"));
      expect(said(stage, away)).toEqual(["101", "102", "103", "104", "105", "106", "107"]);
      expect(leads(stage, leader)).toBe(true);
    }),
  );

  it(
    "R05 E16 with three of five away nothing is agreed upon; when they are back everything is again",
    story({ nodes: 5 }, async (stage) => {
      await stage.agree(say("10"));
      const leader = await stage.awaitLeader();
      const away = stage.others(leader).slice(0, 3);
      stage.isolate(...away);
      const never = stage.propose(say("20"), leader);
      await stage.pass(4 * T);
      expect(never.outcome).toBe("unknown");
      stage.join(...away);
      await stage.agree(say("30"));
      await stage.agree(say("1000"));
    }),
  );

  it(
    "R09 R14 commands proposed at once get indices of their own, and all are applied",
    story({ nodes: 3 }, async (stage) => {
      const commands = Array.from({ length: 50 }, (_, i) => `${100 + i}`);
      await stage.agree(...commands.map(say));
      for (const id of stage.ids) expect(said(stage, id).toSorted((a, b) => +a - +b)).toEqual(commands);
    }),
  );

  it(
    "R02 R04 a leader that is back with entries that nobody wanted loses them, and its successor too",
    story({ nodes: 3 }, async (stage) => {
      await stage.agree(say("101"));
      const first = await stage.awaitLeader();
      stage.isolate(first);
      for (const text of ["102", "103", "104"]) stage.propose(say(text), first);
      await stage.agree(say("105"));
      const second = await stage.awaitLeader();
      stage.isolate(second);
      stage.join(first);
      await stage.agree(say("106"));
      stage.join(second);
      await stage.agree(say("107"));
      for (const id of stage.ids) expect(said(stage, id)).toEqual(["101", "105", "106", "107"]);
    }),
  );

  it(
    "R02 R04 E08 a leader backs up quickly over long logs that conflict",
    story({ nodes: 5 }, async (stage) => {
      const proposeAt = (id: NodeId, what: string): void => {
        for (const command of texts(50, what)) stage.propose(command, id);
      };
      await stage.agree(say("first"));
      const one = await stage.awaitLeader();
      const [partner, ...three] = stage.others(one) as [NodeId, NodeId, NodeId, NodeId];
      stage.isolate(...three);
      proposeAt(one, "lost with one");
      await stage.pass(T / 2);
      stage.isolate(one, partner);
      stage.join(...three);
      await stage.agree(...texts(50, "kept by three"));
      const two = await stage.awaitLeader();
      const [behind, last] = three.filter((id) => id !== two) as [NodeId, NodeId];
      stage.isolate(behind);
      proposeAt(two, "kept or lost with two");
      await stage.pass(T / 2);
      stage.isolate(...stage.ids);
      const since = stage.now;
      stage.join(one, partner, behind);
      await stage.agree(...texts(50, "kept by the last three"));
      stage.join(last, two);
      await stage.agree(say("all"));
      // R04: one round trip per term that differs, not one per entry.
      const refusals = stage.messages("AppendEntriesResponse", { since }).filter(({ success }) => !success);
      expect(refusals.length).toBeGreaterThan(0);
      expect(refusals.length).toBeLessThan(40);
      expect(said(stage, one).filter((text) => text.startsWith("lost with one"))).toEqual([]);
    }),
  );

  it(
    "R09 R19 no more requests than are needed: for an election, for ten agreements, for a second of rest",
    story({ nodes: 3, options: { electionTimeoutMs: 500 } }, async (stage) => {
      const leader = await stage.settled();
      expect(requests(stage)).toBeGreaterThan(0);
      expect(requests(stage)).toBeLessThanOrEqual(30);
      await stage.agree(say("first"));
      let since = stage.now;
      const calls = texts(10, "at once").map((command) => stage.propose(command, leader));
      await stage.answered(...calls);
      expect(calls.every(({ outcome }) => outcome === "ok")).toBe(true);
      expect(requests(stage, since)).toBeLessThanOrEqual((10 + 1 + 3) * 3);
      since = stage.now;
      await stage.pass(1_000);
      expect(requests(stage, since)).toBeLessThanOrEqual(3 * 20);
    }),
  );
});
