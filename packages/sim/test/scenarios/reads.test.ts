import { get } from "@hexraft/statemachine-kv";
import { play } from "@hexraft/testing/simulator";
import { describe, expect, it } from "vitest";
import { worlds } from "../../src/index.js";
import { cast, type KvStage, say, story, T } from "./support.js";

/*
 * Reads that save the round of heartbeats: what they save, when they do not, and what is seen where a clock breaks the
 * promise that they rest on.
 */
const KEY = get("key");
const text = (output: unknown): string => {
  const { value } = output as { readonly value: Uint8Array | null };
  return value === null ? "nothing" : new TextDecoder().decode(value);
};

describe("lease reads", () => {
  it(
    "Q05 a leader that is cut off answers until its lease is over, and not a moment longer",
    story({ nodes: 3 }, async (stage) => {
      const [leader] = await cast(stage);
      await stage.agree(say("key before"));
      stage.isolate(leader);
      const early = stage.read(KEY, leader, "lease");
      await stage.answered(early);
      expect([early.outcome, text(early.output)]).toEqual(["ok", "key before"]);
      await stage.pass(0.9 * T);
      const late = stage.read(KEY, leader, "lease");
      await stage.answered(late);
      expect(late.outcome).toBe("refused");
    }),
  );

  it(
    "Q05/suspend a leader whose clock stood still while another one was elected answers no read with what was",
    story({ nodes: 3 }, async (stage) => {
      const [old, one, two] = await cast(stage);
      await stage.agree(say("key before"));
      stage.isolate(old);
      stage.inflict({ kind: "clock-freeze", node: old }, 20 * T);
      const next = await stage.awaitLeader(() => [one, two]);
      await stage.answered(stage.propose(say("key after"), next));
      const read = stage.read(KEY, old, "lease");
      await stage.pass(T);
      expect([read.outcome, stage.view(old).role]).toEqual(["pending", "leader"]);
    }),
  );

  it("Q05 I15 clocks that differ by more than the drift bound break it, and that is seen", async () => {
    const options = { electionTimeoutMs: T };
    const report = await play(worlds.files, { nodes: 3, options }, async (stage: KvStage) => {
      const [first] = await cast(stage);
      const others = stage.others(first);
      for (const node of others) stage.inflict({ kind: "clock-rate", node, rate: 4 })();
      await stage.pass(T);
      // The others must be the fast ones.
      if ((await stage.settled()) !== first) await stage.followed(stage.transfer(first));
      const leader = await stage.settled();
      await stage.agree(say("key before"));
      stage.isolate(leader);
      const next = await stage.awaitLeader(() => others);
      await stage.answered(stage.propose(say("key after"), next));
      await stage.answered(stage.read(KEY, leader, "lease"));
    });
    expect(report.violation?.message).toMatch(/^I15 .*read .*took effect at/);
  });
});

describe("reads of bounded age, and by tokens", () => {
  it(
    "Q08 a follower answers from its own state without a message, and asks where it is too old",
    story({ nodes: 3 }, async (stage) => {
      const [, follower] = await cast(stage);
      await stage.agree(say("key value"));
      await stage.pass(T);
      const since = stage.now;
      const many = Array.from({ length: 50 }, () => stage.read(KEY, follower, { maxStalenessMs: T }));
      await stage.answered(...many);
      expect(many.map(({ output }) => text(output))).toEqual(many.map(() => "key value"));
      expect(stage.messages("ReadIndex", { since })).toEqual([]);
      await stage.answered(stage.read(KEY, follower, { maxStalenessMs: 0 }));
      expect(stage.messages("ReadIndex", { since })).toHaveLength(1);
    }),
  );

  it(
    "Q08 a follower that is cut off shows its state while it is young enough, and fails then",
    story({ nodes: 3 }, async (stage) => {
      const [, follower] = await cast(stage);
      await stage.agree(say("key value"));
      await stage.pass(T);
      stage.isolate(follower);
      const young = stage.read(KEY, follower, { maxStalenessMs: 2 * T });
      await stage.pass(3 * T);
      const old = stage.read(KEY, follower, { maxStalenessMs: 2 * T });
      await stage.answered(young, old);
      expect([young.outcome, old.outcome]).toEqual(["ok", "refused"]);
    }),
  );

  it(
    "Q08/token a read waits on a slow follower until what its caller wrote is there",
    story({ nodes: 3 }, async (stage) => {
      const [leader, follower] = await cast(stage);
      stage.isolate(follower);
      const write = stage.propose(say("key mine"), leader);
      await stage.answered(write);
      const read = stage.read(KEY, follower, { atLeast: write.index ?? 0 });
      await stage.pass(T);
      expect(read.outcome).toBe("pending");
      stage.join(follower);
      await stage.answered(read);
      expect(text(read.output)).toBe("key mine");
    }),
  );
});
