import { describe, expect, it } from "vitest";
import type { Envelope, Message } from "../../src/model/message.js";
import { JOINED_MAX } from "../../src/model/messages/rest.js";
import { HeartbeatJoiner } from "../../src/node/heartbeat-joiner.js";
import { Lab, T } from "../support/lab.js";

const beat = (round: number): Message => ({ type: "Heartbeat", term: 3, commit: 7, round });
const answer: Message = { type: "HeartbeatResponse", term: 2, round: 5, last: 9, needsSnapshot: 0 };
const append: Message = { type: "AppendEntries", term: 3, prev: { index: 7, term: 3 }, commit: 7, blocks: [] };

const envelopeOf = (group: string, message: Message, to = "n2"): Envelope => ({
  group,
  from: "n1",
  fromIncarnation: `of ${group}`,
  startNumber: 4,
  recoveryNumber: 1,
  to,
  toIncarnation: `at ${to}`,
  message,
});

/** What leaves, and how: peers named in `old` speak version 1. */
class Way {
  readonly said: Envelope[] = [];
  readonly joiner: HeartbeatJoiner;

  constructor(old: readonly string[] = []) {
    this.joiner = new HeartbeatJoiner(
      (envelope) => {
        if (envelope.message.type === "JoinedHeartbeats" && old.includes(envelope.to)) return false;
        return this.said.push(envelope) > 0;
      },
      (to, message) => envelopeOf(".process", message, to),
    );
  }

  /** As a shared transport does within a turn. */
  say(...envelopes: readonly Envelope[]): this {
    for (const envelope of envelopes) if (!this.joiner.take(envelope)) this.said.push(envelope);
    return this;
  }

  end(): Envelope[] {
    this.joiner.flush();
    return this.said.splice(0);
  }
}

const joined = ({ message }: Envelope): readonly string[] =>
  message.type === "JoinedHeartbeats" ? message.heartbeats.map(({ group }) => group) : [];

describe("heartbeats of the groups of a process", () => {
  it("G02 what the groups say to one peer in a turn is one message, heartbeats and answers, each with its own names and term", () => {
    const way = new Way().say(envelopeOf("a", beat(1)), envelopeOf("b", answer), envelopeOf("a", beat(1), "n3"));
    const of = (group: string, message: Message) => ({
      group,
      fromIncarnation: `of ${group}`,
      recoveryNumber: 1,
      toIncarnation: "at n2",
      message,
    });
    expect(way.end()).toEqual([
      envelopeOf(".process", { type: "JoinedHeartbeats", heartbeats: [of("a", beat(1)), of("b", answer)] } as Message),
      envelopeOf("a", beat(1), "n3"),
    ]);
    expect(way.end()).toEqual([]);
  });

  it("G02 T10 what a group says after its heartbeat comes after it, also a second heartbeat; other groups are not held up", () => {
    const way = new Way().say(envelopeOf("a", beat(1)), envelopeOf("b", beat(1)), envelopeOf("c", beat(1)));
    way.say(envelopeOf("a", append), envelopeOf("b", beat(2)), envelopeOf("a", append, "n3"));
    const said = way.end();
    expect(said.slice(0, 4)).toEqual([
      envelopeOf("a", beat(1)),
      envelopeOf("a", append),
      envelopeOf("b", beat(1)),
      envelopeOf("a", append, "n3"),
    ]);
    expect(said.slice(4).map(joined)).toEqual([["c", "b"]]);
  });

  it("G02 T09 a peer that speaks the version before gets them one by one", () => {
    const way = new Way(["n2"]).say(envelopeOf("a", beat(1)), envelopeOf("b", beat(1)));
    way.say(envelopeOf("a", beat(1), "n3"), envelopeOf("b", beat(1), "n3"));
    const said = way.end();
    expect(said.slice(0, 2)).toEqual([envelopeOf("a", beat(1)), envelopeOf("b", beat(1))]);
    expect(said.slice(2).map(joined)).toEqual([["a", "b"]]);
  });

  it("G02 one message names so many groups as a frame can hold", () => {
    const groups = Array.from({ length: 2 * JOINED_MAX + 1 }, (_, i) => `g${i}`);
    const said = new Way().say(...groups.map((group) => envelopeOf(group, beat(1)))).end();
    expect(said.map((envelope) => joined(envelope).length)).toEqual([JOINED_MAX, JOINED_MAX, 0]);
    expect(said.at(-1)).toEqual(envelopeOf(groups.at(-1) as string, beat(1)));
  });

  it("G02 E02 a group whose hard state is not durable yet is left out of what the process says, until it is", () => {
    const way = new Way();
    const groups = ["slow", "other", "third"].map((group) => [group, new Lab(["n1", "n2", "n3"])] as const);
    const saidBy = (group: string, lab: Lab): Envelope[] =>
      lab.take(({ from }) => from === "n1").map(({ message, to }) => envelopeOf(group, message, to));
    // A new term is news to each of them; one disk has not written it down when the turn ends.
    for (const [group, lab] of groups) {
      lab.receive("n2", "n1", { type: "Heartbeat", term: 3, commit: 0, round: 1 });
      if (group !== "slow") lab.persist("n1");
      way.say(...saidBy(group, lab));
    }
    expect(way.end().map(joined)).toEqual([["other", "third"]]);
    const [slow, lab] = groups[0] as (typeof groups)[number];
    lab.persist("n1");
    way.say(...saidBy(slow, lab));
    expect(way.end().map(({ group, message }) => [group, message.type])).toEqual([["slow", "HeartbeatResponse"]]);
  });

  it("G02 an answer counts for a group only if it names that group's term", () => {
    const lab = new Lab(["a", "b", "c"]).elect("a").elect("b");
    lab
      .cut("b", "c")
      .pass(T / 5)
      .fire("b", "heartbeat");
    const silentMs = () =>
      lab
        .node("b")
        .raft.describe(lab.now)
        .peers.find(({ id }) => id === "c")?.silentMs;
    const { term } = lab.node("b").raft;
    const said = { type: "HeartbeatResponse", round: 1, last: 2, needsSnapshot: 0 } as const;
    lab.receive("c", "b", { ...said, term: term - 1 });
    expect(silentMs()).toBeGreaterThanOrEqual(T / 5);
    lab.receive("c", "b", { ...said, term });
    expect(silentMs()).toBe(0);
  });
});
