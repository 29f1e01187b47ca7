import { EntryType, LogBlock, type Message } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { packArray } from "../../src/index.js";
import { encodeFrame, FrameType } from "../../src/wire/frame.js";
import { helloToArray } from "../../src/wire/handshake.js";
import { encodeMessage } from "../../src/wire/message-frame.js";
import { eventually } from "../support/eventually.js";
import { heartbeat, type Member, member, rounds } from "../support/member.js";
import { checksum } from "../support/ports.js";
import { helloTo, RawPeer } from "../support/raw-peer.js";

const FRAME_MAX = 1024 * 1024;
const u32 = (value: number) => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
};
const joined = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const changed = (bytes: Uint8Array, at: number, by = 1) => {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ by;
  return copy;
};
const entries = (first: number, term: number) =>
  LogBlock.of(first, term, 0, EntryType.command, [Uint8Array.of(1, 2, 3), Uint8Array.of(4)]);
const append = (blocks: readonly LogBlock[], term = 5): Message => ({
  type: "AppendEntries",
  term,
  prev: { index: 0, term: 0 },
  commit: 0,
  blocks,
});

/** A member, a peer that behaves, and one in the hands of the test. */
async function three(): Promise<{
  n1: Member;
  good: RawPeer;
  bad: RawPeer;
  frame: (message: Message, from?: string) => Uint8Array;
}> {
  const n1 = await member("n1", { frameBytesMax: FRAME_MAX });
  const good = await RawPeer.enter(n1, "n2");
  const bad = await RawPeer.enter(n1, "n3");
  const frame = (message: Message, from = "n3") => {
    const speaker = { ...n1.envelope("n1", message), from, fromIncarnation: "00112233445566aa" };
    return joined(...encodeMessage(speaker, checksum).parts);
  };
  return { n1, good, bad, frame };
}

/** What a peer may send, and what of it is wrong. */
type Case = readonly [what: string, bytes: (frame: (message: Message, from?: string) => Uint8Array) => Uint8Array];
const raw = (fields: readonly unknown[], tail = new Uint8Array(0)) =>
  joined(encodeFrame(FrameType.message, fields, checksum, tail.length), tail);
/** A frame whose envelope is these bytes, under a right checksum. */
const enveloped = (envelope: Uint8Array) => {
  const shell = encodeFrame(FrameType.message, [], checksum).slice(0, 16);
  const bytes = joined(shell, envelope);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length - 4, true);
  view.setUint32(12, envelope.length, true);
  view.setUint32(4, checksum.crc32(bytes.subarray(8)), true);
  return bytes;
};
const BAD: readonly Case[] = [
  ["length 0", () => u32(0)],
  ["length 1", () => joined(u32(1), Uint8Array.of(1))],
  ["length max + 1", () => u32(FRAME_MAX + 1)],
  ["length 2^32 - 1", () => u32(2 ** 32 - 1)],
  ["garbage", () => new Uint8Array(Buffer.from("GET / HTTP/1.1\r\nHost: example\r\n\r\n"))],
  ["zeroes", () => new Uint8Array(4_096)],
  ["wrong version", (frame) => changed(frame(heartbeat(1)), 8, 3)],
  ["unknown flags", (frame) => changed(frame(heartbeat(1)), 10)],
  ["unknown type", () => encodeFrame(99 as FrameType, [], checksum)],
  ["a second hello", () => encodeFrame(FrameType.hello, helloToArray(helloTo("n1", "n3")), checksum)],
  ["wrong checksum", (frame) => changed(frame(heartbeat(1)), 4)],
  ["a flipped bit in the envelope", (frame) => changed(frame(heartbeat(1)), 30)],
  ["an envelope longer than its frame", (frame) => changed(frame(heartbeat(1)), 14)],
  ["no array", () => enveloped(packArray([]).fill(0xc0))],
  ["nesting to 100,000", () => enveloped(new Uint8Array(100_000).fill(0x91))],
  ["an array of 2^32 - 1 without a body", () => enveloped(Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff))],
  ["a map", () => enveloped(Uint8Array.of(0x81, 0xa1, 0x61, 0x01))],
  ["an unknown message", () => raw([99, "main"])],
  [
    "a message with a tail",
    (frame) => {
      const bytes = joined(frame(heartbeat(1)), Uint8Array.of(0));
      return joined(u32(bytes.length - 4), bytes.subarray(4));
    },
  ],
  [
    "a flipped bit in a block",
    (frame) => {
      const bytes = frame(append([entries(1, 1)]));
      return changed(bytes, bytes.length - 1);
    },
  ],
  [
    "a flipped bit in a block's header",
    (frame) => {
      const bytes = frame(append([entries(1, 1)]));
      return changed(bytes, bytes.length - 40);
    },
  ],
  ["entries with falling terms", (frame) => frame(append([entries(1, 3), entries(3, 2)]))],
  ["entries of a later term than the leader's", (frame) => frame(append([entries(1, 6)]))],
  ["another sender than the one that was let in", (frame) => frame(heartbeat(1), "n2")],
  ["the receiver's own id as sender", (frame) => frame(heartbeat(1), "n1")],
];

describe("frames that cannot be right", () => {
  it.each(BAD)("T01 %s: that connection is closed, with a reason, and nothing else", async (_, bytes) => {
    const { n1, good, bad, frame } = await three();
    bad.write(bytes(frame));
    await bad.closed();
    expect([n1.messages, n1.facts["badFrames"]]).toEqual([[], 1]);
    expect(bad.refusal).toMatchObject({ code: "BadFrame", reason: expect.stringMatching(/\w/) });
    good.write(frame(heartbeat(7), "n2"));
    await eventually("the other peer still gets through", () => rounds(n1.messages).includes(7));
  });

  it("T01 a message for another node, or of another start, is refused as well", async () => {
    for (const over of [{ to: "n9" }, { startNumber: 2 }]) {
      const { n1, bad } = await three();
      const said = { ...n1.envelope("n1", heartbeat(1)), from: "n3", ...over };
      bad.write(joined(...encodeMessage(said, checksum).parts));
      await bad.closed();
      expect(n1.messages).toEqual([]);
      await n1.stop();
    }
  });

  it("T01 T08 a message of a group that is not here is dropped and counted, and the connection goes on", async () => {
    const { n1, bad, frame } = await three();
    const said = { ...n1.envelope("n1", heartbeat(1)), from: "n3", group: "elsewhere" };
    bad.write(joined(...encodeMessage(said, checksum).parts), frame(heartbeat(2)));
    await eventually("the next message", () => rounds(n1.messages).includes(2));
    expect([rounds(n1.messages), n1.facts["messagesWithoutGroup"]]).toEqual([[2], 1]);
  });

  it("T01 a stream split at every byte, and one byte a write, loses nothing", async () => {
    const { n1, bad, frame } = await three();
    const stream = joined(frame(heartbeat(1)), frame(append([entries(1, 1)])), frame(heartbeat(2)));
    for (let at = 1; at < stream.length; at++) {
      bad.write(stream.subarray(0, at));
      // The kernel may join writes: the event loop gets a turn in between, so that most arrive apart.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      bad.write(stream.subarray(at));
    }
    for (const byte of stream) bad.write(Uint8Array.of(byte));
    await eventually("all messages", () => n1.messages.length === 3 * stream.length);
    expect(rounds(n1.messages)).toEqual(Array.from({ length: stream.length }, () => [1, 2]).flat());
    expect(n1.facts["badFrames"]).toBe(0);
  });

  it("T01 many frames in one read arrive in order", async () => {
    const { n1, bad, frame } = await three();
    bad.write(...Array.from({ length: 500 }, (_, round) => frame(heartbeat(round))));
    await eventually("all messages", () => n1.messages.length === 500);
    expect(rounds(n1.messages)).toEqual(Array.from({ length: 500 }, (_, round) => round));
  });

  it("T01 a connection that is reset or ended at any byte of a frame changes nothing", async () => {
    const { n1, good, frame } = await three();
    const bytes = frame(append([entries(1, 1)]));
    for (let at = 1; at < bytes.length; at += 5) {
      const cut = await RawPeer.enter(n1, "n4");
      cut.write(bytes.subarray(0, at));
      if (at % 2 === 0) cut.socket.resetAndDestroy();
      else cut.socket.end();
      await cut.closed();
    }
    expect(n1.messages).toEqual([]);
    good.write(frame(heartbeat(7), "n2"));
    await eventually("the other peer still gets through", () => rounds(n1.messages).includes(7));
  });

  it("T01 announcing the longest frame costs no memory before it comes", async () => {
    const n1 = await member("n1", { frameBytesMax: 16 * FRAME_MAX });
    const peers = await Promise.all(Array.from({ length: 8 }, (_, i) => RawPeer.enter(n1, `m${i}`)));
    const before = process.memoryUsage().arrayBuffers;
    for (const peer of peers) peer.write(u32(16 * FRAME_MAX), new Uint8Array(100));
    await RawPeer.enter(n1, "later");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * FRAME_MAX);
  });

  it("T01 a group whose receiver throws does not take the connection with it", async () => {
    const { n1, bad, frame } = await three();
    n1.onMessage = () => {
      throw new Error("a bug of the group");
    };
    bad.write(frame(heartbeat(1)), frame(heartbeat(2)));
    await eventually("both messages", () => n1.messages.length === 2);
    expect(n1.log.lines.filter(({ level }) => level === "error").length).toBe(2);
  });
});
