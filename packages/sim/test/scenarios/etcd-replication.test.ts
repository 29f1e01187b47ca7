import type { NodeId } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { cast, type KvStage, said, say, story, T, texts } from "./support.js";

/*
 * etcd raft's stories of replication and of snapshots, re-expressed for whole nodes: writes that take long, probes,
 * pipelines that fill up, commits that are learned late, followers that the log has left behind.
 */
const peerOf = (stage: KvStage, leader: NodeId, id: NodeId) => stage.view(leader).peers.find((peer) => peer.id === id);
const HEARTBEAT_MS = T / 5;
/** There and back again, at the most: each way is up to 2 ms, each turn of an event loop up to 0.3 ms. */
const ROUND_TRIP_MS = 5;
/** Snapshots are frequent, and the log is cut right behind them. */
const TIGHT = { snapshotEveryEntries: 10, compactionMarginEntries: 0 } as const;

describe("asynchronous storage writes", () => {
  it(
    "R06 R07 R14 followers commit what the leader's own disk still writes; the leader applies and answers when it is written",
    story({ nodes: 3 }, async (stage) => {
      const [leader, one, two] = await cast(stage);
      const end = stage.inflict({ kind: "slow-disk", node: leader, rangeMs: [T / 2, T / 2] });
      const calls = [];
      for (const command of texts(3, "pipelined")) {
        calls.push(stage.propose(command, leader));
        await stage.pass(5);
      }
      await stage.pass(HEARTBEAT_MS);
      for (const id of [one, two]) expect(said(stage, id)).toEqual(["pipelined.0", "pipelined.1", "pipelined.2"]);
      expect(said(stage, leader)).toEqual([]);
      expect(stage.view(leader).commitIndex).toBeGreaterThan(stage.view(leader).durableIndex);
      expect(calls.map(({ outcome }) => outcome)).toEqual(["pending", "pending", "pending"]);
      await stage.answered(...calls);
      expect(calls.map(({ outcome }) => outcome)).toEqual(["ok", "ok", "ok"]);
      end();
    }),
  );

  it(
    "R06 a leader whose disk hangs and one follower are no majority: nothing is committed before a disk more has it",
    story({ nodes: 3 }, async (stage) => {
      const [leader, , away] = await cast(stage);
      const { commitIndex } = stage.view(leader);
      stage.isolate(away);
      stage.inflict({ kind: "slow-disk", node: leader, rangeMs: [T / 2, T / 2] });
      const call = stage.propose(say("on one disk"), leader);
      await stage.pass(T / 3);
      expect(call.outcome).toBe("pending");
      expect(stage.view(leader).commitIndex).toBe(commitIndex);
      await stage.answered(call);
      expect(call.outcome).toBe("ok");
    }),
  );

  it(
    "R07 L07 R02 a follower still writes one leader's entries when the next ones replace them, twice over: none of it is acknowledged before it is on its disk",
    story({ nodes: 5 }, async (stage) => {
      const first = await stage.settled();
      const [slow] = stage.others(first) as [NodeId];
      const end = stage.inflict({ kind: "slow-disk", node: slow, rangeMs: [12 * T, 12 * T] });
      let leader = first;
      for (const round of ["first", "second"]) {
        // Only the slow one hears this leader, and its disk does not keep up.
        stage.isolate(...stage.others(leader, slow));
        const index = stage.view(leader).last.index + 3;
        for (const command of texts(3, `lost with the ${round}`)) stage.propose(command, leader);
        await stage.until("the slow one writes", () => stage.view(slow).last.index === index);
        await stage.pass(10);
        expect(stage.view(slow).durableIndex).toBeLessThan(index);
        expect(peerOf(stage, leader, slow)?.match).toBeLessThan(index);
        stage.isolate(leader, slow);
        stage.join(...stage.others(leader, slow));
        leader = await stage.awaitLeader();
        await stage.agree(say(`kept by the ${round}`));
        stage.join(slow);
        const { term } = stage.view(leader);
        await stage.until("what it writes is replaced", () => stage.view(slow).last.term === term);
        expect(stage.view(slow).durableIndex).toBeLessThan(index);
      }
      end();
      stage.join(...stage.ids);
      await stage.agree(say("the end"));
      expect(said(stage, slow)).toEqual(["kept by the first", "kept by the second", "the end"]);
    }),
  );
});

describe("probe, replicate, snapshot", () => {
  it(
    "R09 R04 a follower that is back is probed with one message at a time, and streamed to once it agreed",
    story({ nodes: 3, options: { batchEntriesMax: 4 } }, async (stage) => {
      const [leader, one, behind] = await cast(stage);
      stage.crash(behind);
      await stage.agree(...texts(40, "missed"));
      const since = stage.now;
      const states: string[] = [];
      let inProbe = 0;
      const watch = (): boolean => {
        const { state = "", messagesInFlight = 0 } = peerOf(stage, leader, behind) ?? {};
        if (states.at(-1) !== state) states.push(state);
        if (state === "probe") inProbe = Math.max(inProbe, messagesInFlight);
        return said(stage, behind).length === 40;
      };
      await stage.restart(behind);
      await stage.until("it caught up", watch);
      expect([states, inProbe]).toEqual([["probe", "replicate"], 1]);
      expect(stage.messages("InstallSnapshot", { since })).toEqual([]);
      expect(peerOf(stage, leader, one)?.state).toBe("replicate");
    }),
  );

  it(
    "R09 R05 R19 a pipeline that nobody answers stops at its bound, the others go on, and it flows again when it is heard",
    story({ nodes: 3, options: { windowMessagesMax: 3 } }, async (stage) => {
      const [leader, , deaf] = await cast(stage);
      const end = stage.lose("AppendEntries", (_, { to }) => to === deaf);
      let most = 0;
      for (let i = 0; i < 12; i++) {
        const call = stage.propose(say(`${i}`), leader);
        await stage.answered(call);
        expect(call.outcome).toBe("ok");
        most = Math.max(most, peerOf(stage, leader, deaf)?.messagesInFlight ?? 0);
      }
      expect(most).toBe(3);
      end();
      const since = stage.now;
      await stage.until("it caught up", () => said(stage, deaf).length === 12);
      // R19: an empty append each interval, its refusal, and the stream.
      expect(stage.now - since).toBeLessThan(2 * HEARTBEAT_MS + 4 * ROUND_TRIP_MS);
    }),
  );

  it(
    "R08 R17 R19 a follower whose acknowledgement got lost learns the commit one interval and a round trip later, and no heartbeat tells it more than it acknowledged",
    story({ nodes: 3 }, async (stage) => {
      const [leader, one, lagging] = await cast(stage);
      const { last } = stage.view(leader);
      const ends = [
        stage.lose("AppendEntriesResponse", (_, { from }) => from === lagging),
        // What tells the commit by itself gets lost, too; the entries do not.
        stage.lose("AppendEntries", ({ blocks }, { to }) => to === lagging && blocks.length === 0),
      ];
      const call = stage.propose(say("committed by two"), leader);
      await stage.answered(call);
      await stage.until("the other one knows", () => said(stage, one).length === 1);
      const index = call.index ?? 0;
      expect(index).toBe(last.index + 1);
      expect(stage.view(lagging)).toMatchObject({ commitIndex: last.index, last: { index } });
      await stage.pass(2);
      for (const end of ends) end();
      const since = stage.now;
      await stage.until("it learns the commit", () => stage.view(lagging).commitIndex === index);
      expect(stage.now - since).toBeLessThan(2 * HEARTBEAT_MS + 2 * ROUND_TRIP_MS);
      for (const { commit } of stage.messages("Heartbeat", { to: lagging, since: since - HEARTBEAT_MS }))
        expect(commit).toBeLessThanOrEqual(peerOf(stage, leader, lagging)?.match ?? 0);
    }),
  );

  it(
    "R09 R19 a follower that has everything and is probed for a broken connection is streamed to again, without an entry",
    story({ nodes: 3 }, async (stage) => {
      const [leader, , reset] = await cast(stage);
      await stage.agree(say("all"));
      expect(peerOf(stage, leader, reset)?.state).toBe("replicate");
      const { last } = stage.view(leader);
      stage.inflict({ kind: "reset", node: leader, peer: reset });
      await stage.until("it is probed", () => peerOf(stage, leader, reset)?.state === "probe");
      await stage.until("it is streamed to", () => peerOf(stage, leader, reset)?.state === "replicate", 2 * T);
      expect(stage.view(leader).last).toEqual(last);
    }),
  );

  it(
    "R09 S04 S10 a follower that was throttled while the log was cut gets a snapshot, and is streamed to behind it",
    story({ nodes: 3, options: { ...TIGHT, windowMessagesMax: 2 } }, async (stage) => {
      const [leader, one, slow] = await cast(stage);
      const end = stage.lose("AppendEntries", (_, { to }) => to === slow);
      for (let i = 0; i < 40; i++) await stage.answered(stage.propose(say(`${i}`), leader));
      await stage.until("the log is cut", () => stage.view(leader).base.index > stage.view(slow).last.index);
      await stage.until("the other one has all", () => said(stage, one).length === 40);
      end();
      await stage.until("it caught up", () => said(stage, slow).length === 40);
      expect(stage.messages("InstallSnapshot", { to: slow })).toHaveLength(1);
      await stage.until("it is streamed to", () => peerOf(stage, leader, slow)?.state === "replicate", 2 * T);
    }),
  );

  it(
    "S05 R09 a snapshot at the leader's very last entry is all that its follower needs: it is streamed to at once",
    story({ nodes: 3, options: { compactionMarginEntries: 0 } }, async (stage) => {
      const [leader, , behind] = await cast(stage);
      stage.crash(behind);
      for (const what of ["first", "second", "third"]) {
        await stage.agree(...texts(5, what));
        await stage.followed(stage.snapshot(leader));
      }
      const { last, snapshot, base } = stage.view(leader);
      expect(snapshot).toEqual(last);
      expect(base.index).toBeGreaterThan(stage.view(behind).last.index);
      const since = stage.now;
      await stage.restart(behind);
      await stage.until("it has the snapshot", () => stage.view(behind).appliedIndex === last.index);
      await stage.until("it is streamed to", () => peerOf(stage, leader, behind)?.state === "replicate", 2 * T);
      expect(peerOf(stage, leader, behind)).toMatchObject({ match: last.index, next: last.index + 1 });
      expect(stage.messages("AppendEntries", { to: behind, since }).flatMap(({ blocks }) => blocks)).toEqual([]);
      expect(stage.view(leader).last).toEqual(last);
    }),
  );

  it(
    "S05 S10 R09 entries that came while the snapshot was on its way follow it",
    story({ nodes: 3, options: TIGHT }, async (stage) => {
      const [leader, , behind] = await cast(stage);
      stage.crash(behind);
      await stage.agree(...texts(15, "first"));
      for (let i = 0; i < 25; i++) await stage.agree(say(`then.${i}`));
      const since = stage.now;
      stage.inflict({ kind: "slow-link", from: leader, to: behind, slowMs: T / 5 });
      await stage.restart(behind);
      await stage.until(
        "a snapshot is on its way",
        () => stage.messages("InstallSnapshot", { since, fate: "sent" }).length > 0,
      );
      for (let i = 0; i < 25; i++) await stage.answered(stage.propose(say(`meanwhile.${i}`), leader));
      await stage.until("it caught up", () => stage.view(behind).appliedIndex === stage.view(leader).last.index);
      expect(said(stage, behind)).toHaveLength(65);
      // A transfer does not end in another one for want of log alone.
      const offers = stage.messages("InstallSnapshot", { since });
      expect(new Set(offers.map(({ meta }) => meta.id.index)).size).toBe(1);
    }),
  );
});
