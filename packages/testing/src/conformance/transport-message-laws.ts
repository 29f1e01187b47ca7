import {
  EntryType,
  type Envelope,
  LogBlock,
  type Message,
  NO_CONFIGURATION,
  SENT_BYTES_HELD_MAX,
} from "@hexraft/core/ports";
import { check, lent, pattern, same, watch } from "./check.js";
import type { Law } from "./law.js";
import { block, linesOf } from "./log-storage-fixture.js";
import { heartbeat, rounds, type TransportFactory, TransportNode, withTransport } from "./transport-fixture.js";

const SNAPSHOT_META = {
  id: { index: 90, term: 6 },
  configuration: {
    id: { index: 1, term: 1 },
    configuration: {
      ...NO_CONFIGURATION,
      members: [{ id: "n1", incarnation: "0000000000000001", address: "10.0.0.1:7001", priority: 1 }],
      voters: ["n1"],
    },
  },
  logTimeMs: 1_700_000_000_123,
  formatVersion: 2,
  sizeBytes: 2 ** 33,
  checksum: 0xcbf43926,
};

const EVERY_MESSAGE: readonly Message[] = [
  { type: "PreVoteRequest", term: 8, round: 3, last: { index: 70, term: 7 } },
  { type: "PreVoteResponse", term: 8, round: 3, granted: true },
  { type: "VoteRequest", term: 8, last: { index: 70, term: 7 }, transfer: true },
  { type: "VoteResponse", term: 2 ** 52, granted: false },
  { type: "AppendEntries", term: 8, prev: { index: 70, term: 7 }, commit: 69, blocks: [] },
  {
    type: "AppendEntriesResponse",
    term: 8,
    success: false,
    match: 0,
    prevIndex: 70,
    hintIndex: 64,
    hintTerm: 5,
    last: 68,
    needsSnapshot: 0,
  },
  {
    type: "Heartbeat",
    term: 8,
    commit: 2 ** 40,
    round: 12,
    standing: { answeredRound: 11, answeredInStart: 3, ageMs: 200, commit: 2 ** 40 + 1 },
  },
  { type: "HeartbeatResponse", term: 8, round: 12, last: 70, needsSnapshot: 3 },
  { type: "InstallSnapshot", term: 8, transfer: 4, meta: SNAPSHOT_META },
  { type: "InstallSnapshotResponse", term: 8, transfer: 4, status: "send", offset: 4_096, match: 0 },
  { type: "TimeoutNow", term: 8, last: { index: 71, term: 8 } },
  { type: "Propose", forTerm: 8, request: 5, payload: pattern(100, 1) },
  {
    type: "ProposeResponse",
    request: 5,
    outcome: "refused",
    code: "NotLeader",
    reason: "ask n3",
    result: pattern(9, 2),
  },
  { type: "ReadIndex", request: 6 },
  { type: "ReadIndexResponse", request: 6, confirmed: true, index: 70 },
  { type: "Removed", configurationIndex: 66, id: "n2", incarnation: "0000000000000002" },
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
    blocks: [],
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

/** Messages: what arrives, in which order, for whom. */
export const transportMessageLaws = (factory: TransportFactory): readonly Law[] => [
  {
    id: "T02 every message arrives as it was said, with its sender, receiver and incarnations",
    why: "a field that changes on the way is a vote or an acknowledgement for something else",
    run: withTransport(factory, async (rig) => {
      const [a, b] = await rig.pair();
      for (const message of EVERY_MESSAGE) check(a.say(b, message), `${message.type} was not taken`);
      await rig.fixture.until(() => b.heard.length === EVERY_MESSAGE.length, "all messages arrived");
      same(
        b.heard,
        EVERY_MESSAGE.map((message) => a.to(b, message)),
        "messages",
      );
    }),
  },
  {
    id: "T10 R06 entries arrive as the blocks they were sent in, bit for bit",
    why: "the bytes the leader lays down are the bytes its followers lay down",
    run: withTransport(factory, async (rig) => {
      const [a, b] = await rig.pair();
      const large = LogBlock.of(31, 4, 9, EntryType.command, [pattern(1 << 20, 3)]);
      const blocks = [block(11, 15, 2), block(26, 5, 3), large];
      a.say(b, { type: "AppendEntries", term: 4, prev: { index: 10, term: 2 }, commit: 9, blocks });
      await rig.fixture.until(() => b.heard.length === 1, "the entries arrived");
      const { message } = b.heard[0] as Envelope;
      check(message.type === "AppendEntries", `${message.type} arrived`);
      same(linesOf(...message.blocks), linesOf(...blocks), "entries");
    }),
  },
  {
    id: "T10 messages of one sender to one receiver arrive in order, each once",
    why: "pipelined entries out of order cost a probe each; heartbeats out of order confirm the wrong round",
    run: withTransport(factory, async (rig) => {
      const [a, b] = await rig.pair();
      for (let turn = 0; turn < 40; turn++) {
        for (let i = 0; i < 25; i++) a.transport.send(a.to(b, heartbeat(turn * 25 + i)));
        a.transport.flush();
        if (turn % 10 === 0) await rig.fixture.pass(1);
      }
      await rig.fixture.until(() => b.heard.length >= 1_000, "a thousand heartbeats arrived");
      same(
        rounds(b.heard),
        Array.from({ length: 1_000 }, (_, i) => i),
        "rounds",
      );
    }),
  },
  {
    id: "T10 nothing arrives inside the sender's own call",
    why: "a protocol that is entered while it is in the middle of a step is not a state machine any more",
    run: withTransport(factory, async (rig) => {
      const [a, b] = await rig.pair();
      a.say(b, heartbeat(1));
      same(b.heard.length, 0, "messages heard before the turn ended");
      await rig.fixture.until(() => b.heard.length === 1, "it arrived");
    }),
  },
  {
    id: "T08 groups share the transport and do not hear each other",
    why: "a vote of one group counted in another elects nobody's leader",
    run: withTransport(factory, async (rig) => {
      const [a, b] = await rig.pair();
      const other = new TransportNode("n2", b.transport, "00000000000000f2", 1);
      b.transport.attach("other", other);
      a.transport.setPeers("other", [{ ...b.entry, incarnation: other.incarnation }]);
      a.say(other, heartbeat(2), "other");
      a.say(b, heartbeat(1));
      await rig.fixture.until(() => b.heard.length + other.heard.length >= 2, "both arrived");
      same([rounds(b.heard), rounds(other.heard)], [[1], [2]], "rounds");
    }),
  },
  {
    id: "T08 a group that was detached hears nothing more; one that is attached anew takes its place",
    why: "messages for a group that was removed must neither wake it nor throw",
    run: withTransport(factory, async (rig) => {
      const [a, b] = await rig.pair();
      b.transport.detach("main");
      a.say(b, heartbeat(1));
      await rig.fixture.pass(50);
      same(b.heard.length, 0, "heard while detached");
      const next = new TransportNode("n2", b.transport, b.incarnation, 1);
      b.transport.attach("main", next);
      await rig.fixture.until(() => {
        a.say(b, heartbeat(2));
        return next.heard.length > 0;
      }, "the new receiver hears");
      check(
        rounds(next.heard).every((round) => round === 2) && b.heard.length === 0,
        "the old receiver heard something",
      );
    }),
  },
  {
    id: "T05 a message to a stranger is not taken, nor one after stop, and neither throws",
    why: "the node goes on; Raft repeats what matters",
    run: withTransport(factory, async (rig) => {
      const [a, b] = await rig.pair();
      const stranger = new TransportNode("n9", b.transport, "0000000000000009", 1);
      same(a.say(stranger, heartbeat(1)), false, "taken for a stranger");
      await a.transport.stop();
      await a.transport.stop();
      same(a.say(b, heartbeat(2)), false, "taken after stop");
      await rig.fixture.pass(50);
      same(b.heard.length, 0, "heard");
    }),
  },
  {
    id: "T06 S04 messages go on while a snapshot is streamed, and the stream holds its sender back; of what was sent no more is looked at than may be",
    why: "a receiver with a slow disk must neither be flooded nor lose its leader's heartbeats; what it is sent lies in memory that is filled anew",
    run: withTransport(factory, async (rig) => {
      const [a, b] = await rig.pair();
      let drawn = 0;
      let mayRead = () => {};
      const reading = new Promise<void>((resolve) => {
        mayRead = resolve;
      });
      b.onStream = async (bytes) => {
        await reading;
        let taken = 0;
        for await (const chunk of bytes) {
          check(chunk.length > 0, "an empty chunk");
          for (let at = 0; at < chunk.length; at += 256)
            check(chunk[at] === (taken + at) >> 20, `byte ${taken + at} is not what was sent`);
          taken += chunk.length;
        }
        return new Uint8Array(0);
      };
      const chunks = async function* () {
        for (; drawn < 64; drawn++) yield new Uint8Array(1 << 20).fill(drawn);
      };
      const header = { group: "main", from: "n1", fromIncarnation: a.incarnation, toIncarnation: b.incarnation };
      const sent = a.transport.sendSnapshot(
        { ...header, transfer: 1, offset: 0 },
        b.entry,
        lent(chunks(), SENT_BYTES_HELD_MAX),
        new AbortController().signal,
      );
      for (let round = 0; round < 10; round++) {
        a.say(b, heartbeat(round));
        await rig.fixture.pass(20);
      }
      await rig.fixture.until(() => rounds(b.heard).length === 10, "heartbeats arrived beside the stream");
      check(drawn < 48, `${drawn} MiB were drawn for a receiver that reads nothing`);
      const seen = watch(sent);
      mayRead();
      await rig.fixture.until(() => seen.state === "resolved", "the stream arrived");
    }),
  },
];
