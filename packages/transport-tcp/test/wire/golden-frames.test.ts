import {
  blockBytes,
  blocksOf,
  EntryType,
  type Envelope,
  LogBlock,
  MESSAGE_CODES,
  type Message,
  votersOnly,
} from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { encodeFrame, FrameType, openFrame } from "../../src/wire/frame.js";
import { Framer } from "../../src/wire/framer.js";
import {
  type Hello,
  helloFromArray,
  helloToArray,
  rejectFromArray,
  rejectToArray,
  welcomeFromArray,
  welcomeToArray,
} from "../../src/wire/handshake.js";
import { decodeMessage, encodeMessage } from "../../src/wire/message-frame.js";
import { checksum } from "../support/ports.js";

/*
 * Golden frames of format 1: what is in test/golden is on the wire between releases, and never changes. A new element at
 * an array's tail, or a new message, adds a file; it changes none.
 */
const text = (value: string) => Uint8Array.from(Buffer.from(value));
const envelope = (message: Message): Envelope => ({
  group: "main",
  from: "n1",
  fromIncarnation: "00112233445566aa",
  startNumber: 3,
  recoveryNumber: 1,
  to: "n2",
  toIncarnation: "ffeeddccbbaa9988",
  message,
});
const blocks = [
  LogBlock.of(58, 3, 1_700_000_000_000, [EntryType.empty, EntryType.command], [text(""), text("set a=1")]),
  LogBlock.of(60, 5, 1_700_000_000_250, EntryType.command, [text("set b=2")]),
];
const configuration = votersOnly([
  { id: "n1", incarnation: "00112233445566aa", address: "127.0.0.1:7001" },
  { id: "n2", incarnation: "ffeeddccbbaa9988", address: "127.0.0.1:7002", priority: 0 },
]);
const meta = {
  id: { index: 90, term: 4 },
  configuration: { id: { index: 1, term: 1 }, configuration },
  logTimeMs: 1_700_000_000_000,
  formatVersion: 1,
  sizeBytes: 2 ** 33,
  checksum: 0xcbf43926,
};
const last = { index: 57, term: 3 };
const MESSAGES: readonly Message[] = [
  { type: "PreVoteRequest", term: 4, round: 9, last },
  { type: "PreVoteResponse", term: 4, round: 9, granted: true },
  { type: "VoteRequest", term: 4, last, transfer: false },
  { type: "VoteResponse", term: 4, granted: true },
  { type: "AppendEntries", term: 5, prev: last, commit: 57, blocks },
  {
    type: "AppendEntriesResponse",
    term: 5,
    success: false,
    match: 0,
    prevIndex: 57,
    hintIndex: 40,
    hintTerm: 2,
    last: 61,
    needsSnapshot: 0,
  },
  { type: "Heartbeat", term: 5, commit: 57, round: 100 },
  { type: "HeartbeatResponse", term: 5, round: 100, last: 57, needsSnapshot: 0 },
  { type: "InstallSnapshot", term: 5, transfer: 77, meta },
  { type: "InstallSnapshotResponse", term: 5, transfer: 77, status: "done", offset: 0, match: 90 },
  { type: "TimeoutNow", term: 5, last },
  { type: "Propose", forTerm: 5, request: 1_001, payload: text("set c=3") },
  {
    type: "ProposeResponse",
    request: 1_001,
    outcome: "unknown",
    code: "LeadershipLost",
    reason: "the leader stepped down",
    result: text(""),
  },
  { type: "ReadIndex", request: 1_002 },
  { type: "ReadIndexResponse", request: 1_002, confirmed: true, index: 57 },
  { type: "Removed", configurationIndex: 61, id: "n2", incarnation: "ffeeddccbbaa9988" },
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
    blocks,
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
/** Those whose arrays have grown since. */
const GROWN: Readonly<Record<string, Message>> = {
  "AppendEntriesResponse-witness-forgotten": {
    type: "AppendEntriesResponse",
    term: 5,
    success: true,
    match: 60,
    prevIndex: 0,
    hintIndex: 0,
    hintTerm: 0,
    last: 60,
    needsSnapshot: 0,
    isWitness: true,
    forgottenUpTo: 77,
  },
  "AppendEntriesResponse-witness-forgotten-announcing": {
    type: "AppendEntriesResponse",
    term: 5,
    success: true,
    match: 60,
    prevIndex: 0,
    hintIndex: 0,
    hintTerm: 0,
    last: 60,
    needsSnapshot: 0,
    isWitness: true,
    forgottenUpTo: 77,
    announces: 65_538,
  },
  "HeartbeatResponse-forgotten": {
    type: "HeartbeatResponse",
    term: 5,
    round: 100,
    last: 57,
    needsSnapshot: 0,
    forgottenUpTo: 77,
  },
  "Heartbeat-standing": {
    type: "Heartbeat",
    term: 5,
    commit: 57,
    round: 100,
    standing: { answeredRound: 99, answeredInStart: 8, ageMs: 210, commit: 58 },
  },
  "AppendEntriesResponse-witness": {
    type: "AppendEntriesResponse",
    term: 5,
    success: true,
    match: 61,
    prevIndex: 0,
    hintIndex: 0,
    hintTerm: 0,
    last: 61,
    needsSnapshot: 0,
    isWitness: true,
  },
  "ProposeResponse-applied": {
    type: "ProposeResponse",
    request: 1_001,
    outcome: "ok",
    code: "",
    reason: "",
    result: text("1"),
    applied: 62,
  },
};
const hello: Hello = {
  versions: { min: 1, max: 1 },
  purpose: "messages",
  clusterId: "0123456789abcdef0123456789abcdef",
  nodeId: "n1",
  directoryId: "a1a2a3a4a5a6a7a8",
  startNumber: 3,
  to: "n2",
  meant: [
    ["main", "ffeeddccbbaa9988"],
    ["side", "8899aabbccddeeff"],
  ],
  stream: null,
};
const stream = {
  group: "main",
  from: "n1",
  fromIncarnation: "00112233445566aa",
  toIncarnation: "ffeeddccbbaa9988",
  transfer: 77,
  offset: 4_096,
};
const HELLOS: Readonly<Record<string, Hello>> = {
  "hello-messages": hello,
  "hello-identify": { ...hello, purpose: "identify", clusterId: "", to: "", meant: [["main", ""]] },
  "hello-snapshot": { ...hello, purpose: "snapshot", meant: [["main", "ffeeddccbbaa9988"]], stream },
};
const welcome = {
  version: 1,
  clusterId: hello.clusterId,
  nodeId: "n2",
  directoryId: "b1b2b3b4b5b6b7b8",
  startNumber: 8,
  incarnation: "",
};
const reject = { code: "WrongCluster", reason: "n1 belongs to another cluster" };

/** Hexadecimal, 32 bytes a line. */
const dump = (...parts: readonly Uint8Array[]) =>
  `${(
    Buffer.concat(parts)
      .toString("hex")
      .match(/.{1,64}/g) ?? []
  ).join("\n")}\n`;
const golden = (name: string) => `../golden/${name}.hex`;
const opened = (...parts: readonly Uint8Array[]) => {
  const [payload] = [...new Framer(2 ** 20).push(new Uint8Array(Buffer.concat(parts)))];
  return openFrame(payload as Uint8Array, checksum);
};

describe("golden frames of format 1", () => {
  it("T01 there is one for every message", () => {
    expect(MESSAGES.map((message) => MESSAGE_CODES[message.type])).toEqual(MESSAGES.map((_, at) => at + 1));
    expect(Object.keys(MESSAGE_CODES)).toHaveLength(MESSAGES.length);
  });

  it.each([...MESSAGES.map((message) => [message.type, message] as const), ...Object.entries(GROWN)])(
    "T01 T09 %s",
    async (name, message) => {
      const { parts, sizeBytes } = encodeMessage(envelope(message), checksum);
      await expect(dump(...parts)).toMatchFileSnapshot(golden(name));
      expect(parts.reduce((sum, part) => sum + part.length, 0)).toBe(sizeBytes);
      const decoded = decodeMessage(opened(...parts), checksum);
      // Blocks are compared by their bytes: one was made of parts, the other came as bytes.
      const laid = ({ message: said, ...header }: Envelope) => ({
        ...header,
        ...said,
        blocks: blocksOf(said).map((block) => dump(blockBytes(block, checksum))),
      });
      expect(laid(decoded)).toEqual(laid(envelope(message)));
    },
  );

  it.each(Object.entries(HELLOS))("T02 %s", async (name, value) => {
    const frame = encodeFrame(FrameType.hello, helloToArray(value), checksum);
    await expect(dump(frame)).toMatchFileSnapshot(golden(name));
    expect(helloFromArray(opened(frame).fields)).toEqual(value);
  });

  it.each([
    ["welcome", welcome],
    ["welcome-without-log", { ...welcome, recoveryNumber: null }],
    ["welcome-with-log", { ...welcome, recoveryNumber: 4_294_967_296 }],
  ])("T02 T09 %s", async (name, value) => {
    const frame = encodeFrame(FrameType.welcome, welcomeToArray(value), checksum);
    await expect(dump(frame)).toMatchFileSnapshot(golden(name));
    expect(welcomeFromArray(opened(frame).fields)).toEqual(value);
  });

  it("T02 reject", async () => {
    const frame = encodeFrame(FrameType.reject, rejectToArray(reject), checksum);
    await expect(dump(frame)).toMatchFileSnapshot(golden("reject"));
    expect(rejectFromArray(opened(frame).fields)).toEqual(reject);
  });

  it.each([
    ["ping", FrameType.ping, [], ""],
    ["pong", FrameType.pong, [], ""],
    ["snapshot-piece", FrameType.snapshotPiece, [4_096], "bytes of a snapshot"],
    ["snapshot-end", FrameType.snapshotEnd, [4_115], ""],
    ["snapshot-taken", FrameType.snapshotTaken, [4_115], ""],
  ] as const)("S04 T01 %s", async (name, type, fields, tail) => {
    const parts = [encodeFrame(type, fields, checksum, tail.length), text(tail)];
    await expect(dump(...parts)).toMatchFileSnapshot(golden(name));
    expect(opened(...parts)).toMatchObject({ type, fields, tail: text(tail) });
  });
});
