import { EntryType, type Envelope, LogBlock, type Message, votersOnly } from "../../../packages/core/src/ports.js";
import { memberOf } from "../../../packages/core/test/support/lab.js";

const text = (value: string): Uint8Array => Uint8Array.from(value, (c) => c.charCodeAt(0));
const last = { index: 3, term: 1 };
const configuration = votersOnly(["a", "b", "c"].map(memberOf));
const meta = {
  id: { index: 9, term: 2 },
  configuration: { id: { index: 1, term: 1 }, configuration },
  logTimeMs: 1_000,
  formatVersion: 1,
  sizeBytes: 20,
  checksum: 7,
};
const blocks = [
  LogBlock.of(4, 1, 10, [EntryType.empty, EntryType.command], [text(""), text("set a=1")]),
  LogBlock.of(6, 2, 11, EntryType.command, [text("set b=2"), text("set c=3")]),
];
const refusal = {
  success: false,
  match: 0,
  prevIndex: 3,
  hintIndex: 2,
  hintTerm: 1,
  last: 3,
  needsSnapshot: 0,
  forgottenUpTo: 9,
};

/** One of each, as a voter `b` says them to `a`, whose log ends at entry 3 of term 1. */
export const MESSAGES: readonly Message[] = [
  { type: "PreVoteRequest", term: 2, round: 9, last },
  { type: "PreVoteResponse", term: 2, round: 1, granted: true },
  { type: "VoteRequest", term: 2, last, transfer: false },
  { type: "VoteResponse", term: 2, granted: true },
  { type: "AppendEntries", term: 2, prev: last, commit: 3, blocks },
  { type: "AppendEntriesResponse", term: 2, ...refusal },
  { type: "AppendEntriesResponse", term: 2, ...refusal, success: true, match: 3 },
  { type: "Heartbeat", term: 2, commit: 3, round: 100 },
  { type: "HeartbeatResponse", term: 2, round: 100, last: 3, needsSnapshot: 0 },
  { type: "InstallSnapshot", term: 2, transfer: 77, meta },
  { type: "InstallSnapshotResponse", term: 2, transfer: 77, status: "done", offset: 0, match: 9 },
  { type: "TimeoutNow", term: 2, last },
  { type: "Propose", forTerm: 2, request: 1_001, payload: text("set c=3") },
  { type: "ProposeResponse", request: 1, outcome: "ok", code: "", reason: "", result: text("r") },
  { type: "ReadIndex", request: 1_002 },
  { type: "ReadIndexResponse", request: 1_002, confirmed: true, index: 3 },
  { type: "Removed", configurationIndex: 61, id: "a", incarnation: memberOf("a").incarnation },
  { type: "RepairRequest", first: 4, last: 7 },
  {
    type: "RepairResponse",
    first: 4,
    last: 7,
    prevTerm: 1,
    nextTerm: 0,
    leaderTerm: 2,
    commit: 7,
    base: 0,
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

/** From `b` to `a`. */
export const envelopeOf = (message: Message, from = "b"): Envelope => ({
  group: "main",
  from,
  fromIncarnation: memberOf(from).incarnation,
  startNumber: 1,
  recoveryNumber: 0,
  to: "a",
  toIncarnation: memberOf("a").incarnation,
  message,
});
