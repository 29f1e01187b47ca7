import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { SnapshotStreamHeader } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { FrameType } from "../../src/wire/frame.js";
import { helloToArray, welcomeToArray } from "../../src/wire/handshake.js";
import { eventually } from "../support/eventually.js";
import { CLUSTER, GROUP, heartbeat, incarnationOf, type Member, member, rounds } from "../support/member.js";
import { RawListener } from "../support/raw-listener.js";
import { helloTo, RawPeer } from "../support/raw-peer.js";

const MIB = 1024 * 1024;
const header: SnapshotStreamHeader = {
  group: GROUP,
  from: "n1",
  fromIncarnation: incarnationOf("n1"),
  toIncarnation: incarnationOf("n2"),
  transfer: 77,
  offset: 4_096,
};
const never = new AbortController().signal;
/** Chunks of that size, each filled with its number; counts how many were taken. */
function chunks(count: number, sizeBytes: number): AsyncIterable<Uint8Array> & { taken: number; isReturned: boolean } {
  const source = {
    taken: 0,
    isReturned: false,
    async *[Symbol.asyncIterator]() {
      try {
        for (let i = 0; i < count; i++) {
          source.taken++;
          yield new Uint8Array(sizeBytes).fill(i);
        }
      } finally {
        source.isReturned = true;
      }
    },
  };
  return source;
}
/** A member that keeps what snapshots bring. */
async function receiving(
  setup?: Parameters<typeof member>[1],
): Promise<Member & { got: { header: SnapshotStreamHeader; bytes: Buffer }[] }> {
  const n2 = Object.assign(await member("n2", setup), { got: [] as { header: SnapshotStreamHeader; bytes: Buffer }[] });
  n2.onSnapshot = async (seen, bytes) => {
    const parts: Uint8Array[] = [];
    for await (const part of bytes) parts.push(part.slice());
    n2.got.push({ header: seen, bytes: Buffer.concat(parts) });
  };
  return n2;
}
/** A raw sender that was let in. */
const sender = (n2: Member) =>
  RawPeer.enter(n2, "n1", { purpose: "snapshot", stream: header, meant: [[GROUP, incarnationOf("n2")]] });

describe("a snapshot beside the messages", () => {
  it("S04 arrives whole, whatever the chunks, from its offset on, and the sender knows when it was taken", async () => {
    const [n1, n2] = [await member("n1"), await receiving()];
    for (const [count, size] of [
      [0, 0],
      [1, 1],
      [3, 3 * MIB],
      [2_000, 100],
    ] as const) {
      await n1.transport.sendSnapshot(header, n2.peer, chunks(count, size), never);
      const last = n2.got.pop();
      expect([last?.header, last?.bytes.length]).toEqual([header, count * size]);
      for (let i = 0; i < count; i++) expect(last?.bytes[i * size]).toBe(i & 0xff);
    }
    await eventually("no connection is left", () => n2.facts["connections"] === 0);
    expect([n1.facts["snapshotStreams"], n2.facts["snapshotStreams"]]).toEqual([0, 0]);
  });

  it("S04 T06 a receiver that takes its time holds the sender back, memory stays flat, and messages go on", async () => {
    const [n1, n2] = [await member("n1"), await member("n2")];
    n1.knows(n2.peer);
    await eventually("they are connected", () => n1.ups.length === 1);
    let proceed = () => {};
    let taken = 0;
    n2.onSnapshot = async (_, bytes) => {
      for await (const part of bytes) {
        taken += part.length;
        if (taken === part.length)
          await new Promise<void>((resolve) => {
            proceed = resolve;
          });
      }
    };
    const source = chunks(256, MIB);
    const sent = n1.transport.sendSnapshot(header, n2.peer, source, never);
    await eventually("the receiver stands still", () => taken > 0);
    let before = -1;
    await eventually("the sender stands still", () => {
      const stands = before === source.taken;
      before = source.taken;
      return stands && source.taken > 2;
    });
    for (let round = 1; round <= 20; round++) n1.say("n2", heartbeat(round));
    await eventually("heartbeats pass", () => rounds(n2.messages).length === 20);
    expect(source.taken).toBeLessThan(64); // socket buffers of both kernels, and 1 MiB at the receiver
    proceed();
    await sent;
    expect(taken).toBe(256 * MIB);
  });

  it("S04 what the sender has sent it lets go of, long before the end", async () => {
    setFlagsFromString("--expose-gc");
    const collectGarbage = runInNewContext("gc") as () => void;
    const [n1, n2] = [await member("n1"), await member("n2")];
    const sent: WeakRef<Uint8Array>[] = [];
    let heldAtMost = 0;
    let taken = 0;
    async function* source() {
      for (let i = 0; i < 64; i++) {
        let chunk: Uint8Array | undefined = new Uint8Array(MIB / 4);
        sent.push(new WeakRef(chunk));
        yield chunk;
        chunk = undefined;
        if (i % 8 !== 7) continue;
        // What a WeakRef has shown is kept until the end of that turn.
        await new Promise((resolve) => setImmediate(resolve));
        collectGarbage();
        heldAtMost = Math.max(heldAtMost, sent.filter((each) => each.deref() !== undefined).length);
      }
    }
    n2.onSnapshot = async (_, bytes) => {
      for await (const part of bytes) taken += part.length;
    };
    await n1.transport.sendSnapshot(header, n2.peer, source(), never);
    expect(taken).toBe(16 * MIB);
    expect(heldAtMost).toBeLessThan(12); // 1 MiB that waits for the socket, and what is in hand
  });

  it("S04 the receiver's no reaches the sender with its reason, and the source is closed", async () => {
    const [n1, n2] = [await member("n1"), await member("n2")];
    n2.onSnapshot = async (_, bytes) => {
      for await (const part of bytes) if (part.length > 0) throw new Error("the disk is full");
    };
    const source = chunks(1_000, MIB);
    const sent = n1.transport.sendSnapshot(header, n2.peer, source, never);
    await expect(sent).rejects.toMatchObject({
      code: "SnapshotFailed",
      message: expect.stringMatching(/disk is full/),
    });
    await eventually("the source is closed", () => source.isReturned);
    expect(source.taken).toBeLessThan(1_000);
    n2.onSnapshot = async (_, bytes) => {
      for await (const part of bytes) if (part.length > 0) return;
    };
    await expect(n1.transport.sendSnapshot(header, n2.peer, chunks(9, MIB), never)).rejects.toThrow(
      /before the last byte/,
    );
  });

  it("S04 a sender that breaks off fails the receiver, at every place", async () => {
    const n2 = await member("n2");
    const ends: string[] = [];
    n2.onSnapshot = async (_, bytes) => {
      try {
        for await (const part of bytes) if (part.length === 0) throw new Error("never");
        ends.push("whole");
      } catch (error) {
        ends.push((error as { code: string }).code);
        throw error;
      }
    };
    const cuts: ((peer: RawPeer) => void)[] = [
      (peer) => peer.socket.end(),
      (peer) => peer.socket.resetAndDestroy(),
      (peer) => {
        peer.say(FrameType.snapshotPiece, [4_096], new Uint8Array(100));
        peer.socket.end();
      },
    ];
    for (const cut of cuts) {
      const peer = await sender(n2);
      const before = ends.length;
      cut(peer);
      await eventually("the receiver knows", () => ends.length > before);
    }
    expect(ends).toEqual(["SnapshotFailed", "SnapshotFailed", "SnapshotFailed"]);
    await eventually("no stream is left", () => n2.facts["snapshotStreams"] === 0);
  });

  it.each([
    ["a gap", [4_097], 10],
    ["an overlap", [4_095], 10],
    ["an empty piece", [4_096], 0],
  ] as const)("S04 T01 %s between pieces cuts the stream", async (_, fields, length) => {
    const n2 = await receiving();
    const peer = await sender(n2);
    peer.say(FrameType.snapshotPiece, fields, new Uint8Array(length));
    await peer.closed();
    expect([peer.refusal?.code, n2.got]).toEqual(["BadFrame", []]);
  });

  it("S04 T01 an end at another place than the last byte, or with bytes in it, cuts the stream", async () => {
    const n2 = await receiving();
    for (const [offset, tail] of [
      [4_097, 0],
      [4_096, 5],
    ] as const) {
      const peer = await sender(n2);
      peer.say(FrameType.snapshotEnd, [offset], new Uint8Array(tail));
      await peer.closed();
      expect([peer.refusal?.code, n2.got]).toEqual(["BadFrame", []]);
    }
  });

  it("M13 T02 a stream for another incarnation, another group, or in another's name is refused", async () => {
    const [n1, n2] = [await member("n1"), await receiving()];
    for (const over of [{ toIncarnation: "f".repeat(16) }, { group: "none" }, { from: "n3" }])
      await expect(n1.transport.sendSnapshot({ ...header, ...over }, n2.peer, chunks(1, 1), never)).rejects.toThrow(
        /no replica here takes a snapshot/,
      );
    const stranger = await RawPeer.dial(n2);
    stranger.say(
      FrameType.hello,
      helloToArray(helloTo("n2", "n1", { purpose: "snapshot", stream: header, clusterId: "d".repeat(32) })),
    );
    await stranger.closed();
    expect([stranger.refusal?.code, n2.got]).toEqual(["WrongCluster", []]);
  });

  it("S04 the sender can give up at any time, also while its source or the receiver hangs", async () => {
    const [n1, n2] = [await member("n1"), await receiving()];
    const hanging = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<Uint8Array>>(() => {}) }),
    };
    for (const source of [hanging, chunks(1_000_000, MIB)]) {
      const abort = new AbortController();
      const sent = n1.transport.sendSnapshot(header, n2.peer, source, abort.signal);
      const failed = sent.catch((error: unknown) => error);
      await eventually("the stream began", () => n2.facts["snapshotStreams"] === 1);
      abort.abort();
      expect(await failed).toMatchObject({ code: "SnapshotFailed" });
      await eventually("it is gone", () => n2.facts["snapshotStreams"] === 0);
    }
    const early = n1.transport.sendSnapshot(header, n2.peer, chunks(1, 1), AbortSignal.abort());
    await expect(early).rejects.toThrow(/gave it up/);
    expect(n2.got).toEqual([]);
  });

  it("S04 T07 a stream without progress is given up at either end", async () => {
    const quick = { pingIntervalMs: 10, silenceMaxMs: 1_000, streamStallMs: 60 };
    const n2 = await receiving(quick);
    const mute = await sender(n2);
    await mute.closed();
    const welcome = {
      version: 1,
      clusterId: CLUSTER,
      nodeId: "n2",
      directoryId: "b".repeat(16),
      startNumber: 1,
      incarnation: "",
    };
    const listener = await RawListener.open((peer) => peer.say(FrameType.welcome, welcomeToArray(welcome)));
    const n1 = await member("n1", quick);
    const to = { id: "n2", incarnation: incarnationOf("n2"), address: listener.address };
    await expect(n1.transport.sendSnapshot(header, to, chunks(3, 10), never)).rejects.toThrow(/no progress for/);
  });

  it("O04 stop ends streams at both ends", async () => {
    const [n1, n2] = [await member("n1"), await member("n2")];
    let end: unknown;
    n2.onSnapshot = async (_, bytes) => {
      try {
        for await (const part of bytes) if (part.length === 0) return;
      } catch (error) {
        end = error;
        throw error;
      }
    };
    const sent = n1.transport.sendSnapshot(header, n2.peer, chunks(1_000_000, MIB), never);
    const failed = sent.catch((error: unknown) => error);
    await eventually("the stream began", () => n2.facts["snapshotStreams"] === 1);
    await n1.stop();
    expect(await failed).toMatchObject({ message: expect.stringMatching(/this node stops/) });
    await eventually("the receiver knows", () => end !== undefined);
  });
});
