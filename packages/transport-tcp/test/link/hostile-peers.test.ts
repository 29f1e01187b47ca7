import { EntryType, LogBlock } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { encodeFrame, FrameType } from "../../src/wire/frame.js";
import { helloToArray, welcomeToArray } from "../../src/wire/handshake.js";
import { encodeMessage } from "../../src/wire/message-frame.js";
import { eventually } from "../support/eventually.js";
import { CLUSTER, heartbeat, incarnationOf, type Member, member, rounds } from "../support/member.js";
import { checksum } from "../support/ports.js";
import { RawListener } from "../support/raw-listener.js";
import { helloTo, RawPeer } from "../support/raw-peer.js";

const MIB = 1024 * 1024;
const turn = () =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
const used = () => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
const hello = (from: string, over = {}) =>
  encodeFrame(FrameType.hello, helloToArray(helloTo("n1", from, over)), checksum);
const directory = (i: number) => i.toString(16).padStart(16, "0");
const frameOf = (one: Member, from: string, round: number) => {
  const said = { ...one.envelope("n1", heartbeat(round)), from, fromIncarnation: incarnationOf(from) };
  return new Uint8Array(Buffer.concat(encodeMessage(said, checksum).parts));
};

/** Two members that talk all the while; `stillTalk` says whether they still do. */
async function talking(setup?: Parameters<typeof member>[1]): Promise<{ n1: Member; stillTalk: () => Promise<void> }> {
  const [n1, n2] = [await member("n1", setup), await member("n2", setup)];
  n1.knows(n2.peer);
  n2.knows(n1.peer);
  await eventually("both are up", () => n1.ups.length === 1 && n2.ups.length === 1);
  let said = 0;
  const stillTalk = async () => {
    const round = 1_000_000 + ++said;
    expect([n2.say("n1", heartbeat(round)), n1.say("n2", heartbeat(round))]).toEqual([true, true]);
    await eventually(
      "they still talk",
      () => rounds(n1.messages).includes(round) && rounds(n2.messages).includes(round),
    );
    expect([n1.downs, n2.downs]).toEqual([[], []]);
  };
  return { n1, stillTalk };
}

describe("a connection that is reset", () => {
  it("T01 T07 at any byte of its hello leaves nothing behind, and a peer still gets in", async () => {
    const { n1, stillTalk } = await talking();
    const bytes = hello("n3");
    for (let at = 0; at < bytes.length; at++) {
      const cut = await RawPeer.dial(n1);
      cut.write(bytes.subarray(0, at));
      if (at % 2 === 0) cut.socket.resetAndDestroy();
      else cut.socket.end();
      await cut.closed();
    }
    await eventually("only the member is connected", () => n1.facts["connections"] === 1);
    expect([n1.facts["badFrames"], n1.ups.length]).toEqual([0, 1]);
    await stillTalk();
  });

  it("T01 T04 at any byte of a welcome is dialled again, until one comes whole", async () => {
    const fields = { version: 1, clusterId: CLUSTER, nodeId: "n2", directoryId: "b".repeat(16), startNumber: 1 };
    const welcome = encodeFrame(FrameType.welcome, welcomeToArray({ ...fields, incarnation: "" }), checksum);
    let calls = 0;
    const listener = await RawListener.open((peer) => {
      const at = calls++;
      peer.write(welcome.subarray(0, at));
      if (at < welcome.length) peer.socket.destroySoon();
    });
    const n1 = await member("n1", { reconnectMinMs: 1, reconnectMaxMs: 1 });
    n1.knows({ id: "n2", incarnation: incarnationOf("n2"), address: listener.address });
    await eventually("the whole one", () => n1.ups.length === 1);
    expect([calls, n1.downs]).toEqual([welcome.length + 1, []]);
  });

  it("T01 at every byte of a message changes nothing", async () => {
    const { n1, stillTalk } = await talking();
    const bytes = frameOf(n1, "n3", 7);
    for (let at = 0; at < bytes.length; at++) {
      const cut = await RawPeer.enter(n1, "n3", { directoryId: directory(at) });
      cut.write(bytes.subarray(0, at));
      cut.socket.resetAndDestroy();
      await cut.closed();
    }
    await eventually("only the member is connected", () => n1.facts["connections"] === 1);
    expect(rounds(n1.messages)).toEqual([]);
    await stillTalk();
  });
});

describe("a peer that is slow on purpose", () => {
  it("T07 after its handshake it may not keep a connection with a byte of a frame now and then", async () => {
    const { n1, stillTalk } = await talking({ pingIntervalMs: 20, silenceMaxMs: 200 });
    const slow = await RawPeer.enter(n1, "n3");
    slow.write(Uint8Array.of(0, 0, 1, 0)); // 64 KiB are announced
    const drip = setInterval(() => slow.write(Uint8Array.of(1)), 10);
    await slow.closed().finally(() => clearInterval(drip));
    await eventually("it is gone", () => n1.facts["connections"] === 1);
    await stillTalk();
  });

  it("T07 a long frame on a slow link gets on, and is no such thing", async () => {
    const { n1 } = await talking({ pingIntervalMs: 20, silenceMaxMs: 200 });
    const slow = await RawPeer.enter(n1, "n3");
    const block = LogBlock.of(1, 1, 0, EntryType.command, [new Uint8Array(120_000)]);
    const message = {
      type: "AppendEntries" as const,
      term: 1,
      prev: { index: 0, term: 0 },
      commit: 0,
      blocks: [block],
    };
    const said = { ...n1.envelope("n1", message), from: "n3", fromIncarnation: incarnationOf("n3") };
    const bytes = new Uint8Array(Buffer.concat(encodeMessage(said, checksum).parts));
    let at = 0;
    const pour = setInterval(() => {
      slow.write(bytes.subarray(at, at + 2_000));
      at += 2_000;
    }, 10);
    await eventually("the frame", () => n1.messages.length === 1).finally(() => clearInterval(pour));
    expect(slow.isClosed).toBe(false);
  });

  it("T05 T07 one that asks and never reads the answers costs no memory", async () => {
    const { n1, stillTalk } = await talking();
    const mute = await RawPeer.enter(n1, "n3");
    mute.socket.pause();
    const pings = new Uint8Array(
      Buffer.concat(Array.from({ length: 2_000 }, () => encodeFrame(FrameType.ping, [], checksum))),
    );
    const before = used();
    for (let i = 0; i < 30; i++) {
      mute.write(pings);
      await turn();
    }
    await stillTalk();
    expect(used() - before).toBeLessThan(24 * MIB);
  });

  it("T07 half-open: what was accepted and is never answered is given up, and dialled again", async () => {
    const nobody = await RawListener.open(() => {});
    const n1 = await member("n1", { handshakeTimeoutMs: 40, reconnectMinMs: 1 });
    n1.knows({ id: "n2", incarnation: incarnationOf("n2"), address: nobody.address });
    await eventually("the third call", () => nobody.peers.length >= 3);
    const failures = n1.log.lines
      .filter(({ message }) => message === "not connected")
      .map(({ facts }) => facts["reason"]);
    expect(failures[0]).toBe("no answer within 40 ms");
  });
});

describe("crowds", () => {
  it("T07 three hundred idle connections cost little each, and the others go on", async () => {
    const { n1, stillTalk } = await talking();
    const before = used();
    const idle = await Promise.all(
      Array.from({ length: 300 }, (_, i) => RawPeer.enter(n1, `m${i}`, { directoryId: directory(i) })),
    );
    expect(n1.facts["connections"]).toBe(301);
    expect((used() - before) / 300).toBeLessThan(256 * 1024); // both ends of each are in this process
    await stillTalk();
    for (const peer of idle) peer.socket.destroy();
    await eventually("all are gone", () => n1.facts["connections"] === 1);
    await stillTalk();
  });

  it("T04 T07 a storm of connections that come and go at once leaves nothing, and reaches no one", async () => {
    const { n1, stillTalk } = await talking({ handshakesMax: 16 });
    const cluster = "d".repeat(32);
    const begunMs = performance.now();
    for (let wave = 0; wave < 30; wave++) {
      const peers = await Promise.all(Array.from({ length: 20 }, () => RawPeer.dial(n1)));
      for (const [i, peer] of peers.entries()) {
        const id = `m${wave}`;
        if (i % 4 === 0) peer.write(hello(id, { directoryId: directory(i) }));
        else if (i % 4 === 1) peer.write(hello(id, { clusterId: cluster }));
        else if (i % 4 === 2) peer.write(new Uint8Array(64).fill(0xaa));
        if (i % 3 === 0) peer.socket.resetAndDestroy();
        else peer.socket.end();
      }
      if (wave % 10 === 9) await stillTalk();
    }
    await eventually("only the member is connected", () => n1.facts["connections"] === 1);
    const windows = 1 + Math.floor((performance.now() - begunMs) / 10_000); // on a busy machine more than one
    expect(n1.log.lines.filter(({ level }) => level === "warn").length).toBeLessThanOrEqual(11 * windows);
    await stillTalk();
  });

  it("T11 T07 of many connections of one process the newest stays, and an older life does not come back among them", async () => {
    const { n1, stillTalk } = await talking();
    const directoryId = directory(5);
    const lives = await Promise.all(
      Array.from({ length: 40 }, () => RawPeer.enter(n1, "n3", { directoryId, startNumber: 7 })),
    );
    const open = () => lives.filter((peer) => !peer.isClosed);
    await eventually("one is left", () => open().length === 1);
    const older = await RawPeer.dial(n1);
    older.write(hello("n3", { directoryId, startNumber: 6 }), frameOf(n1, "n3", 1));
    await older.closed();
    expect(older.refusal).toMatchObject({ code: "OlderStart" });
    const [last] = open();
    last?.write(frameOf(n1, "n3", 2).slice());
    await eventually("the one that is left is cut, as it speaks of another start", () => n1.facts["badFrames"] === 1);
    expect(rounds(n1.messages)).toEqual([]);
    await stillTalk();
  });
});
