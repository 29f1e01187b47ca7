import { describe, expect, it } from "vitest";
import { votersOnly } from "../../src/model/configuration.js";
import { REASON_CHARACTERS_MAX } from "../../src/model/layouts/forwarding-layouts.js";
import { EntryType, LogBlock, PAYLOAD_BYTES_LIMIT } from "../../src/model/log-block.js";
import { TERM_MAX } from "../../src/model/log-id.js";
import { blocksOf, type Envelope, type Message, type MessageType } from "../../src/model/message.js";
import { fromArray, MESSAGE_CODES, toArray } from "../../src/model/message-layout.js";

const INCARNATION = "00112233445566aa";
const envelope = (message: Message): Envelope => ({
  group: "main",
  from: "n1",
  fromIncarnation: INCARNATION,
  startNumber: 3,
  recoveryNumber: 1,
  to: "n2",
  toIncarnation: "ffeeddccbbaa9988",
  message,
});
const block = (first: number, term: number, entries = 2) =>
  LogBlock.of(
    first,
    term,
    1_000,
    EntryType.command,
    Array.from({ length: entries }, () => Uint8Array.of(7)),
  );
const configuration = votersOnly([{ id: "n1", incarnation: INCARNATION, address: "127.0.0.1:7001" }]);
const meta = {
  id: { index: 90, term: 4 },
  configuration: { id: { index: 1, term: 1 }, configuration },
  logTimeMs: 1_700_000_000_000,
  formatVersion: 1,
  sizeBytes: 12,
  checksum: 0xcbf43926,
};
const last = { index: 57, term: 3 };

const MESSAGES: readonly Message[] = [
  { type: "PreVoteRequest", term: 4, round: 9, last },
  { type: "PreVoteResponse", term: 4, round: 9, granted: true },
  { type: "VoteRequest", term: 4, last, transfer: true },
  { type: "VoteResponse", term: 4, granted: false },
  { type: "AppendEntries", term: 5, prev: { index: 57, term: 3 }, commit: 57, blocks: [block(58, 3), block(60, 5)] },
  {
    type: "AppendEntriesResponse",
    term: 5,
    success: false,
    match: 0,
    prevIndex: 57,
    hintIndex: 40,
    hintTerm: 2,
    last: 61,
    needsSnapshot: 12,
    isWitness: true,
    forgottenUpTo: 70,
    announces: 3,
  },
  {
    type: "Heartbeat",
    term: 5,
    commit: 57,
    round: 100,
    standing: { answeredRound: 99, answeredInStart: 2, ageMs: 210, commit: 58 },
  },
  { type: "HeartbeatResponse", term: 5, round: 100, last: 57, needsSnapshot: 0, forgottenUpTo: 70 },
  { type: "InstallSnapshot", term: 5, transfer: 77, meta },
  { type: "InstallSnapshotResponse", term: 5, transfer: 77, status: "failed", offset: 4_096, match: 90 },
  { type: "TimeoutNow", term: 5, last },
  { type: "Propose", forTerm: 5, request: 1_001, payload: Uint8Array.of(1, 2, 3) },
  {
    type: "ProposeResponse",
    request: 1_001,
    outcome: "refused",
    code: "NotLeader",
    reason: "über",
    result: Uint8Array.of(9),
    applied: 1_200,
  },
  { type: "ReadIndex", request: 1_002 },
  { type: "ReadIndexResponse", request: 1_002, confirmed: true, index: 57 },
  { type: "Removed", configurationIndex: 61, id: "n2", incarnation: INCARNATION },
  { type: "RepairRequest", first: 58, last: 70 },
  {
    type: "RepairResponse",
    first: 58,
    last: 70,
    prevTerm: 3,
    nextTerm: 6,
    leaderTerm: 5,
    commit: 69,
    base: 12,
    blocks: [block(58, 3), block(60, 5)],
  },
  { type: "RestOffer", term: 5, commit: 57, round: 101, version: 12 },
  { type: "RestAnswer", term: 5, round: 101, rests: true },
  { type: "ProcessBeat", version: 12, since: 10, woken: [{ group: "orders", version: 11 }], held: 3, heldStart: 4 },
  {
    type: "JoinedHeartbeats",
    heartbeats: [
      {
        group: "orders",
        fromIncarnation: "00112233445566aa",
        recoveryNumber: 2,
        toIncarnation: "ffeeddccbbaa9988",
        message: {
          type: "Heartbeat",
          term: 5,
          commit: 57,
          round: 100,
          standing: { answeredRound: 99, answeredInStart: 8, ageMs: 210, commit: 58 },
        },
      },
      {
        group: "users",
        fromIncarnation: "00112233445566ab",
        recoveryNumber: 0,
        toIncarnation: "ffeeddccbbaa9989",
        message: { type: "HeartbeatResponse", term: 6, round: 31, last: 12, needsSnapshot: 0 },
      },
    ],
  },
];
const sample = <T extends MessageType>(type: T) =>
  MESSAGES.find((m) => m.type === type) as Extract<Message, { type: T }>;
const bodyOf = (array: unknown[]) => array[8] as unknown[];
const refusal = (array: unknown, blocks: readonly LogBlock[] = []): unknown => {
  try {
    fromArray(array, blocks);
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return "nothing was thrown";
};

const judgeBlocks = (term: number, prev: { index: number; term: number }, blocks: LogBlock[]) =>
  refusal(toArray(envelope({ type: "AppendEntries", term, prev, commit: 0, blocks })), blocks);
const reasonSent = (reason: string) => {
  const message = { ...sample("ProposeResponse"), reason };
  return (fromArray(toArray(envelope(message)), []).message as typeof message).reason;
};
const shortened = (message: Message, by: number) => {
  const array = toArray(envelope(message));
  array[8] = bodyOf(array).slice(0, -by);
  return fromArray(array, []).message;
};

describe("messages as positional arrays", () => {
  it("T09 the numbers of the messages of format 1 are fixed", () => {
    expect(MESSAGE_CODES).toEqual({
      PreVoteRequest: 1,
      PreVoteResponse: 2,
      VoteRequest: 3,
      VoteResponse: 4,
      AppendEntries: 5,
      AppendEntriesResponse: 6,
      Heartbeat: 7,
      HeartbeatResponse: 8,
      InstallSnapshot: 9,
      InstallSnapshotResponse: 10,
      TimeoutNow: 11,
      Propose: 12,
      ProposeResponse: 13,
      ReadIndex: 14,
      ReadIndexResponse: 15,
      Removed: 16,
      RepairRequest: 17,
      RepairResponse: 18,
      RestOffer: 19,
      RestAnswer: 20,
      ProcessBeat: 21,
      JoinedHeartbeats: 22,
    });
    expect(new Set(MESSAGES.map((message) => message.type)).size).toBe(Object.keys(MESSAGE_CODES).length);
  });

  it.each(MESSAGES.map((message) => [message.type, message] as const))("T02 %s round-trips", (_, message) => {
    expect(fromArray(toArray(envelope(message)), blocksOf(message))).toEqual(envelope(message));
  });

  it.each(MESSAGES.map((message) => [message.type, message] as const))(
    "T09 %s of a newer neighbour keeps its meaning: up to 8 elements more are ignored, in both arrays, and 9 are not",
    (_, message) => {
      const extended = (extra: number) => {
        const array = toArray(envelope(message));
        bodyOf(array).push(...Array.from({ length: extra }, () => "later"));
        return [...array, ...Array.from({ length: extra }, () => ({ later: true }))];
      };
      expect(refusal(extended(8), blocksOf(message))).toBe("nothing was thrown");
      expect(fromArray(extended(8), blocksOf(message))).toEqual(envelope(message));
      expect(refusal(extended(9), blocksOf(message))).toBe("BadMessage");
      const onlyBody = toArray(envelope(message));
      bodyOf(onlyBody).push(...Array.from({ length: 9 }, () => 0));
      expect(refusal(onlyBody, blocksOf(message))).toBe("BadMessage");
    },
  );

  it("T09 elements that an older neighbour did not send take their defaults", () => {
    expect(shortened(sample("VoteRequest"), 1)).toEqual({ ...sample("VoteRequest"), transfer: false });
    expect(shortened(sample("AppendEntriesResponse"), 4)).toMatchObject({ needsSnapshot: 0, last: 61 });
    expect(shortened(sample("AppendEntriesResponse"), 3)).not.toHaveProperty("isWitness");
    expect(shortened(sample("AppendEntriesResponse"), 2)).not.toHaveProperty("forgottenUpTo");
    expect(shortened(sample("AppendEntriesResponse"), 1)).not.toHaveProperty("announces");
    const { forgottenUpTo: _forgotten, ...answer } = sample("HeartbeatResponse");
    expect(shortened(sample("HeartbeatResponse"), 1)).toEqual(answer);
    expect(shortened(sample("HeartbeatResponse"), 2)).toEqual(answer);
    const { applied: _, ...said } = sample("ProposeResponse");
    expect(shortened(sample("ProposeResponse"), 4)).toEqual({
      ...said,
      code: "",
      reason: "",
      result: new Uint8Array(0),
    });
  });

  it.each(MESSAGES.map((message) => [message.type, message] as const))(
    "T01 %s with any element missing, or of any wrong kind, is refused before use",
    (_, message) => {
      const blocks = blocksOf(message);
      const whole = toArray(envelope(message));
      const hostile: unknown[] = [
        undefined,
        null,
        Number.NaN,
        -0,
        -1,
        0.5,
        2 ** 53,
        Infinity,
        1n,
        {},
        [],
        "\u0000",
        "a/../b",
      ];
      for (let at = 0; at < whole.length; at++) {
        expect([`cut at ${at}`, refusal(whole.slice(0, at), blocks)]).toEqual([`cut at ${at}`, "BadMessage"]);
        for (const value of hostile)
          expect([`element ${at}: ${String(value)}`, refusal(whole.with(at, value), blocks)]).toEqual([
            `element ${at}: ${String(value)}`,
            "BadMessage",
          ]);
      }
      const body = bodyOf(whole);
      for (let at = 0; at < body.length; at++)
        for (const value of hostile) {
          if (message.type === "ProposeResponse" && at === 3 && typeof value === "string") continue; // free text
          expect([`body ${at}: ${String(value)}`, refusal(whole.with(8, body.with(at, value)), blocks)]).toEqual([
            `body ${at}: ${String(value)}`,
            "BadMessage",
          ]);
        }
    },
  );

  it("T01 what is no array at all is refused, and keys of prototypes do nothing", () => {
    const polluting: unknown = JSON.parse(
      '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}, "length": 9}',
    );
    for (const value of [undefined, null, 5, "x", polluting, new Map(), Uint8Array.of(1), () => 1])
      expect(refusal(value)).toBe("BadMessage");
    const whole = toArray(envelope(sample("Heartbeat")));
    expect(refusal(whole.with(8, polluting))).toBe("BadMessage");
    expect(refusal(whole.with(1, "__proto__\n"))).toBe("BadMessage");
    expect(fromArray(whole.with(1, "__proto__"), []).group).toBe("__proto__");
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("E13 a term above 2^52 is malformed, wherever it stands", () => {
    for (const type of ["Heartbeat", "VoteRequest", "PreVoteRequest", "Propose"] as const) {
      const whole = toArray(envelope(sample(type)));
      expect([type, refusal(whole.with(8, bodyOf(whole).with(0, TERM_MAX + 1)))]).toEqual([type, "BadMessage"]);
      expect([type, refusal(whole.with(8, bodyOf(whole).with(0, 2 ** 53 - 1)))]).toEqual([type, "BadMessage"]);
      expect([type, refusal(whole.with(8, bodyOf(whole).with(0, TERM_MAX)))]).toEqual([type, "nothing was thrown"]);
    }
  });

  it("T02 an unknown code, a start number of 0, a node that speaks to itself and a foreign alphabet are refused", () => {
    const whole = toArray(envelope(sample("Heartbeat")));
    const table: [at: number, value: unknown][] = [
      [0, 0],
      [0, 22],
      [0, "Heartbeat"],
      [1, ""],
      [1, "x".repeat(65)],
      [2, "n2"],
      [3, "0011"],
      [3, INCARNATION.toUpperCase()],
      [4, 0],
      [6, "näme"],
      [7, ""],
    ];
    for (const [at, value] of table)
      expect([`element ${at}: ${String(value)}`, refusal(whole.with(at, value))]).toEqual([
        `element ${at}: ${String(value)}`,
        "BadMessage",
      ]);
  });

  it("R01 blocks follow prev without a gap, their terms never fall, and none is younger than its leader", () => {
    expect(judgeBlocks(5, { index: 0, term: 0 }, [block(1, 1), block(3, 1), block(5, 5)])).toBe("nothing was thrown");
    expect(["overlap", judgeBlocks(5, { index: 1, term: 1 }, [block(1, 1)])]).toEqual(["overlap", "BadMessage"]);
    expect(["gap after prev", judgeBlocks(5, { index: 0, term: 0 }, [block(2, 1)])]).toEqual([
      "gap after prev",
      "BadMessage",
    ]);
    expect(["gap between blocks", judgeBlocks(5, { index: 0, term: 0 }, [block(1, 1), block(4, 1)])]).toEqual([
      "gap between blocks",
      "BadMessage",
    ]);
    expect(["falling terms", judgeBlocks(5, { index: 0, term: 0 }, [block(1, 3), block(3, 2)])]).toEqual([
      "falling terms",
      "BadMessage",
    ]);
    expect(["a term below prev's", judgeBlocks(5, { index: 1, term: 4 }, [block(2, 3)])]).toEqual([
      "a term below prev's",
      "BadMessage",
    ]);
    expect(["from the future", judgeBlocks(5, { index: 0, term: 0 }, [block(1, 6)])]).toEqual([
      "from the future",
      "BadMessage",
    ]);
    expect(["prev from the future", judgeBlocks(5, { index: 9, term: 6 }, [])]).toEqual([
      "prev from the future",
      "BadMessage",
    ]);
    expect(["prev far beyond any log is the protocol's to judge", judgeBlocks(5, { index: 1e9, term: 5 }, [])]).toEqual(
      ["prev far beyond any log is the protocol's to judge", "nothing was thrown"],
    );
  });

  it("T01 blocks that were not announced, or announced and not sent, are refused", () => {
    const append = toArray(envelope(sample("AppendEntries")));
    expect(refusal(append, [])).toBe("BadMessage");
    expect(refusal(append, [block(58, 3)])).toBe("BadMessage");
    expect(refusal(append, [block(58, 3), block(60, 5, 3)])).toBe("BadMessage");
    expect(refusal(toArray(envelope(sample("Heartbeat"))), [block(58, 3)])).toBe("BadMessage");
  });

  it("M08 S01 a snapshot's configuration is held against the rules of configurations", () => {
    const whole = toArray(envelope(sample("InstallSnapshot")));
    const withBytes = (bytes: unknown) => whole.with(8, bodyOf(whole).with(4, bytes));
    expect(refusal(withBytes(new Uint8Array(0)))).toBe("BadMessage");
    expect(refusal(withBytes(new Uint8Array(2 ** 17 + 1)))).toBe("BadMessage");
    const noVoter = (bodyOf(whole)[4] as Uint8Array).slice();
    noVoter[20] = 0;
    expect(refusal(withBytes(noVoter))).toBe("BadMessage");
    expect(["a configuration above the snapshot", refusal(whole.with(8, bodyOf(whole).with(2, 0)))]).toEqual([
      "a configuration above the snapshot",
      "BadMessage",
    ]);
  });

  it("R10 a payload beyond the layout's limit is refused", () => {
    const whole = toArray(envelope(sample("Propose")));
    const payload = (size: number) => whole.with(8, bodyOf(whole).with(2, new Uint8Array(size)));
    expect(refusal(payload(PAYLOAD_BYTES_LIMIT))).toBe("nothing was thrown");
    expect(refusal(payload(PAYLOAD_BYTES_LIMIT + 1))).toBe("BadMessage");
  });

  it("F02 a reason out of an application never makes its own message malformed", () => {
    expect(reasonSent("x".repeat(REASON_CHARACTERS_MAX + 1))).toBe("x".repeat(REASON_CHARACTERS_MAX));
    expect(reasonSent(`a\uD83D`)).toBe("a\uFFFD");
    expect(reasonSent("a😀")).toBe("a😀");
  });
});
