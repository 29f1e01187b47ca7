import { EntryType, type Envelope, LogBlock, type Message } from "@hexraft/core/ports";
import { freePorts } from "@hexraft/testing/proxy";
import { describe, expect, it } from "vitest";
import { FrameType } from "../../src/wire/frame.js";
import { type Reject, rejectToArray, welcomeToArray } from "../../src/wire/handshake.js";
import { eventually } from "../support/eventually.js";
import { CLUSTER, GROUP, heartbeat, incarnationOf, type Member, member, rounds } from "../support/member.js";
import { RawListener } from "../support/raw-listener.js";
import type { RawPeer } from "../support/raw-peer.js";
import { ThrottledProxy } from "../support/throttled-proxy.js";

const MIB = 1024 * 1024;
const welcomeOf = (nodeId: string) =>
  welcomeToArray({
    version: 1,
    clusterId: CLUSTER,
    nodeId,
    directoryId: "b".repeat(16),
    startNumber: 1,
    incarnation: "",
  });
/** An AppendEntries of one entry of that size; its index tells it from others. */
const append = (index: number, sizeBytes: number): Message => ({
  type: "AppendEntries",
  term: 1,
  prev: { index: index - 1, term: index === 1 ? 0 : 1 },
  commit: 0,
  blocks: [LogBlock.of(index, 1, 0, EntryType.command, [new Uint8Array(sizeBytes).fill(index)])],
});
const firsts = (one: Member) =>
  one.messages.flatMap(({ message }) => (message.type === "AppendEntries" ? message.blocks.map((b) => b.first) : []));
const linkOf = (one: Member, id: string) =>
  (
    one.transport.describe() as {
      peers: Record<string, { state: string; queuedMessages: number; queuedBytes: number }>;
    }
  ).peers[id];
async function pair(setup?: Parameters<typeof member>[1]): Promise<readonly [Member, Member]> {
  const [n1, n2] = [await member("n1", setup), await member("n2", setup)];
  n1.knows(n2.peer);
  n2.knows(n1.peer);
  await eventually("both are up", () => n1.ups.length === 1 && n2.ups.length === 1);
  return [n1, n2];
}

describe("messages to a peer", () => {
  it("T10 T08 arrive in order, whatever their size and group, in both directions at once", async () => {
    const [n1, n2] = await pair();
    n1.transport.setPeers("side", [n2.peer]);
    n2.transport.attach("side", n2.receiver(incarnationOf("n2")));
    for (let index = 1; index <= 600; index++) {
      n1.transport.send(n1.envelope("n2", append(index, (index * 997) % 9_000)));
      n1.transport.send({ ...n1.envelope("n2", heartbeat(index)), group: index % 2 === 0 ? GROUP : "side" });
      n2.transport.send(n2.envelope("n1", heartbeat(index)));
      if (index % 50 === 0) {
        n1.transport.flush();
        n2.transport.flush();
      }
    }
    await eventually("all of it", () => n2.messages.length === 1_200 && n1.messages.length === 600);
    const wanted = Array.from({ length: 600 }, (_, i) => i + 1);
    expect(firsts(n2)).toEqual(wanted);
    expect(rounds(n2.messages)).toEqual(wanted);
    expect(rounds(n1.messages)).toEqual(wanted);
  });

  it("T08 of fifty groups on one connection each way, each hears its own", async () => {
    const [n1, n2] = await pair();
    const groups = Array.from({ length: 50 }, (_, at) => `g${at}`);
    const heard = new Map<string, number[]>();
    for (const group of groups) {
      const receiver = n2.receiver(incarnationOf("n2"));
      const onMessage = (envelope: Envelope) =>
        void heard.set(group, [...(heard.get(group) ?? []), ...rounds([envelope])]);
      n2.transport.attach(group, { ...receiver, onMessage });
      n1.transport.setPeers(group, [n2.peer]);
      n2.transport.setPeers(group, [n1.peer]);
    }
    groups.forEach((group, at) => n1.transport.send({ ...n1.envelope("n2", heartbeat(at + 1)), group }));
    n1.transport.flush();
    await eventually("each heard something", () => heard.size === groups.length);
    expect([...heard]).toEqual(groups.map((group, at) => [group, [at + 1]]));
    const connectionsOf = (one: Member) => (one.transport.describe() as { connections: number }).connections;
    expect([connectionsOf(n1), connectionsOf(n2)]).toEqual([1, 1]);
  });

  it("T10 what is said before the connection is up leaves first once it is", async () => {
    const [n1, n2] = [await member("n1"), await member("n2")];
    n1.knows(n2.peer);
    const taken = [1, 2, 3].map((round) => n1.say("n2", heartbeat(round)));
    n1.onMessage = () => {};
    await eventually("all of it", () => n2.messages.length === 3);
    expect([taken, rounds(n2.messages)]).toEqual([
      [true, true, true],
      [1, 2, 3],
    ]);
  });

  it("T05 a message for nobody known, or for this node itself, is dropped and counted", async () => {
    const n1 = await member("n1");
    n1.knows(n1.peer);
    expect([n1.say("n2", heartbeat(1)), n1.say("n1", heartbeat(1)), n1.facts["messagesDropped"]]).toEqual([
      false,
      false,
      2,
    ]);
  });

  it("T01 R10 blocks come as they went, checksums included, and do not keep a whole chunk of the socket alive", async () => {
    const [n1, n2] = await pair();
    for (const [i, size] of [1, 100, 70_000].entries()) n1.transport.send(n1.envelope("n2", append(i + 1, size)));
    n1.transport.flush();
    await eventually("all of it", () => n2.messages.length === 3);
    const blocks = n2.messages.flatMap(({ message }) => (message.type === "AppendEntries" ? message.blocks : []));
    expect(blocks.map((block) => block.payloadAt(block.first).length)).toEqual([1, 100, 70_000]);
    for (const { encoded } of blocks) {
      expect(encoded?.constructor).toBe(Uint8Array);
      expect(encoded?.buffer.byteLength).toBeLessThanOrEqual(2 * (encoded?.length ?? 0));
    }
  });

  it("T01 R10 a message of exactly the largest frame passes; one byte more is dropped here, and costs no connection", async () => {
    const frameBytesMax = 64 * 1024;
    const [n1, n2] = await pair({ frameBytesMax });
    const propose = (sizeBytes: number) =>
      n1.say("n2", { type: "Propose", forTerm: 1, request: 1, payload: new Uint8Array(sizeBytes) });
    let sizeBytes = frameBytesMax - 200;
    while (propose(sizeBytes)) sizeBytes++;
    n1.say("n2", heartbeat(1));
    await eventually("what came after it", () => rounds(n2.messages).length === 1);
    const sizes = n2.messages.flatMap(({ message }) => (message.type === "Propose" ? [message.payload.length] : []));
    expect([sizes.at(-1), n1.facts["messagesDropped"], n1.downs]).toEqual([sizeBytes - 1, 1, []]);
  });

  it("E19 M09 a peer without an address is answered on the connection that it dialled", async () => {
    const [n1, fresh] = [await member("n1"), await member("n2")];
    n1.knows(fresh.peer);
    await eventually("both know", () => n1.ups.length === 1 && fresh.ups.length === 1);
    fresh.say("n1", heartbeat(5));
    await eventually("the answer", () => rounds(n1.messages).includes(5));
    fresh.knows({ id: "n9", incarnation: incarnationOf("n9"), address: "127.0.0.1:1" });
    expect(fresh.downs).toMatchObject([{ id: "n1" }]); // it knows others now, and n1 is not among them …
    expect(fresh.say("n1", heartbeat(6))).toBe(true); // … but a node that was removed can still be told
    await eventually("that answer", () => rounds(n1.messages).includes(6));
  });
});

describe("connecting again", () => {
  it("T04 waits between calls double up to their longest, each shortened at random", async () => {
    const mute = await RawListener.open((peer) => peer.socket.destroy());
    const n1 = await member("n1", { reconnectMinMs: 8, reconnectMaxMs: 40 });
    n1.knows({ id: "n2", incarnation: incarnationOf("n2"), address: mute.address });
    const waits = () =>
      n1.log.lines.flatMap(({ message, facts }) => (message === "not connected" ? [facts["retryInMs"]] : []));
    await eventually("six calls", () => waits().length >= 6);
    // The test's random source always says one half: three quarters of 8, 16, 32, 40, 40, …
    expect(waits().slice(0, 6)).toEqual([6, 12, 24, 30, 30, 30]);
    expect(n1.ups).toEqual([]);
  });

  it("T04 a peer whose wait is long is called at once when it calls itself, or when its address changes", async () => {
    const [port = 0] = await freePorts(1);
    const nobody = { address: `127.0.0.1:${port}` };
    const patient = { reconnectMinMs: 60_000, reconnectMaxMs: 60_000 };
    const [n1, n3] = [await member("n1", patient), await member("n3")];
    const at = (id: string, address: string) => ({ id, incarnation: incarnationOf(id), address });
    n1.knows(at("n2", nobody.address), at("n3", nobody.address));
    await eventually("both wait", () => linkOf(n1, "n2")?.state === "waiting" && linkOf(n1, "n3")?.state === "waiting");
    expect(n1.say("n2", heartbeat(1))).toBe(false); // nobody to take it: it would only be stale later
    const n2 = await member("n2", { port });
    n2.knows(n1.peer);
    await eventually("n2 is called back", () => n1.ups.some(({ id }) => id === "n2"));
    n1.knows(n2.peer, n3.peer);
    await eventually("n3 is called at its new address", () => n1.ups.some(({ id }) => id === "n3"));
    expect(n1.downs).toEqual([]);
  });

  it("T04 a call that nothing answers is made anew once the peer comes in itself, and not before it could be answered", async () => {
    const mute = await RawListener.open(() => {});
    const n1 = await member("n1", { handshakeTimeoutMs: 60_000 });
    n1.knows({ id: "n2", incarnation: incarnationOf("n2"), address: mute.address });
    await eventually("the call", () => mute.peers.length === 1);
    let came = 0;
    const begunMs = performance.now();
    while (mute.peers.length === 1 && performance.now() < begunMs + 5_000) {
      const n2 = await member("n2", { startNumber: ++came });
      n2.knows(n1.peer);
      await eventually("it comes in", () => n2.ups.length === 1);
      await n2.transport.stop();
    }
    expect(mute.peers.length).toBe(2);
    expect(came).toBeGreaterThan(1);
  });

  it("T04 a connected peer that moves is told goodbye, and called at its new address", async () => {
    const [n1, n2] = await pair();
    const moved = await member("n2", { directoryId: n2.directoryId, startNumber: 2 });
    n1.knows(moved.peer);
    await eventually("the new life is up", () => n1.ups.length === 2);
    expect([n1.ups[1], n1.downs]).toEqual([
      { id: "n2", startNumber: 2 },
      [{ id: "n2", reason: "its address changed" }],
    ]);
    n1.say("n2", heartbeat(1));
    await eventually("the message", () => rounds(moved.messages).length === 1);
    expect(n2.messages).toEqual([]);
  });

  it("T04 a peer that is in no book any more is hung up on, and its queue is gone", async () => {
    const [n1, n2] = await pair();
    const other = { id: "n9", incarnation: incarnationOf("n9"), address: "127.0.0.1:1" };
    n1.knows(other);
    expect(linkOf(n1, "n2")).toBeUndefined();
    expect(n1.downs.map(({ id }) => id)).toEqual(["n2"]);
    n2.knows(other);
    await eventually("nothing connects them", () => n1.facts["connections"] === 0 && n2.facts["connections"] === 0);
    expect(n1.say("n2", heartbeat(1))).toBe(false);
  });

  it("T04 T01 a connection that is reset in mid-stream comes back, and the order within each holds", async () => {
    const calls: RawPeer[] = [];
    const listener = await RawListener.open((peer) => {
      calls.push(peer);
      peer.say(FrameType.welcome, welcomeOf("n2"));
    });
    const n1 = await member("n1", { reconnectMinMs: 1 });
    n1.knows({ id: "n2", incarnation: incarnationOf("n2"), address: listener.address });
    for (let life = 1; life <= 3; life++) {
      await eventually("it is up", () => n1.ups.length === life);
      for (let round = 1; round <= 20; round++) n1.say("n2", heartbeat(life * 100 + round));
      const heard = () => calls.at(-1)?.frames.filter(({ type }) => type === FrameType.message) ?? [];
      await eventually("all of this life", () => heard().length === 20);
      expect(heard().map(({ fields }) => (fields as { 8: number[] })[8][2])).toEqual(
        Array.from({ length: 20 }, (_, i) => life * 100 + i + 1),
      );
      calls.at(-1)?.socket.resetAndDestroy();
      await eventually("it is down", () => n1.downs.length === life);
    }
  });

  it("T02 a peer that refuses after a while is known to be down, with its reason", async () => {
    const refusal: Reject = { code: "OlderStart", reason: "a newer life is here" };
    const listener = await RawListener.open((peer) => {
      peer.say(FrameType.welcome, welcomeOf("n2"));
      peer.say(FrameType.reject, rejectToArray(refusal));
    });
    const n1 = await member("n1");
    n1.knows({ id: "n2", incarnation: incarnationOf("n2"), address: listener.address });
    await eventually("it is down", () => n1.downs.length > 0);
    expect(n1.downs[0]?.reason).toMatch(/a newer life is here/);
  });
});

describe("a peer that reads slowly", () => {
  it("T05 its queue is bounded, what is dropped is counted, and small messages still find room", async () => {
    const listener = await RawListener.open((peer) => {
      peer.say(FrameType.welcome, welcomeOf("n2"));
      peer.socket.pause();
    });
    const n1 = await member("n1", { queueBytesMax: 4 * MIB, frameBytesMax: 16 * MIB, silenceMaxMs: 60_000 });
    n1.knows({ id: "n2", incarnation: incarnationOf("n2"), address: listener.address });
    await eventually("it is up", () => n1.ups.length === 1);
    const message = append(1, 64 * 1024);
    const before = process.memoryUsage();
    let refused = 0;
    for (let i = 0; i < 2_000; i++) {
      if (!n1.say("n2", message)) refused++;
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    const after = process.memoryUsage();
    const link = linkOf(n1, "n2");
    expect(refused).toBeGreaterThan(1_500);
    expect(n1.facts["messagesDropped"]).toBe(refused);
    expect(link?.queuedBytes).toBeLessThanOrEqual(4 * MIB + 64 * 1024);
    expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(32 * MIB);
    expect([n1.say("n2", message), n1.say("n2", heartbeat(7))]).toEqual([false, true]);
    // It reads again: what waited arrives, in order, and there is room for more.
    listener.peers[0]?.socket.resume();
    const lastRound = () =>
      listener.peers[0]?.frames.findLast(({ type }) => type === FrameType.message)?.fields as unknown[] | undefined;
    await eventually("the small one, last", () => lastRound()?.[0] === 7);
    expect(n1.say("n2", message)).toBe(true);
    expect(n1.downs).toEqual([]);
  });

  it("T05 the number of messages is bounded as well, and another peer is not held up", async () => {
    const listener = await RawListener.open((peer) => {
      peer.say(FrameType.welcome, welcomeOf("n2"));
      peer.socket.pause();
    });
    const [n1, n3] = [await member("n1", { queueMessagesMax: 16, silenceMaxMs: 60_000 }), await member("n3")];
    n1.knows({ id: "n2", incarnation: incarnationOf("n2"), address: listener.address }, n3.peer);
    await eventually("both are up", () => n1.ups.length === 2);
    const taken = Array.from({ length: 40 }, () => n1.transport.send(n1.envelope("n2", append(1, 10))));
    const small = Array.from({ length: 40 }, (_, round) => n1.transport.send(n1.envelope("n2", heartbeat(round))));
    const count = (list: readonly boolean[]) => list.filter(Boolean).length;
    expect([count(taken), count(small)]).toEqual([16, 4]);
    n1.say("n3", heartbeat(1));
    await eventually("n3 is reached", () => rounds(n3.messages).length === 1);
  });
});

describe("a slow link", () => {
  it("T07 T05 a peer that takes bytes, but is slower than our pings, is not taken for dead", async () => {
    // After a pause of this process n1 judges n2 an interval later; n2 looks more often, and has answered by then, through the proxy.
    const quick = { pingIntervalMs: 100, silenceMaxMs: 500 };
    const [n1, n2] = [
      await member("n1", { ...quick, frameBytesMax: 16 * MIB }),
      await member("n2", { ...quick, pingIntervalMs: 20, frameBytesMax: 16 * MIB }),
    ];
    const slow = await ThrottledProxy.open(n2.port, 2 * MIB);
    n1.knows({ ...n2.peer, address: slow.address });
    await eventually("it is up", () => n1.ups.length === 1);
    n1.say("n2", append(1, 2 * MIB)); // takes a second: every ping of that time stands behind it
    await eventually("the entry", () => n2.messages.length === 1);
    expect([n1.downs, slow.connections]).toEqual([[], 1]);
  });
});

describe("starting and stopping", () => {
  it("O04 stop closes everything, tells the groups, and leaves no handle", async () => {
    const [n1, n2] = await pair();
    await Promise.all([n1.stop(), n2.stop(), n1.stop()]);
    expect([n1.downs.length, n2.downs.length]).toEqual([1, 1]);
    expect([n1.say("n2", heartbeat(1)), n1.facts["connections"]]).toEqual([false, 0]);
    await eventually("no socket and no server is left", () => {
      const left = process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP"));
      return left.length === 0;
    });
    await expect(
      n1.transport.start({
        nodeId: "n1",
        clusterId: CLUSTER,
        directoryId: n1.directoryId,
        startNumber: 2,
        frameBytesMax: MIB,
      }),
    ).rejects.toMatchObject({ code: "Stopped" });
  });

  it("O05 T02 an address in use is an error that names it", async () => {
    const n1 = await member("n1");
    await expect(member("n2", { port: n1.port })).rejects.toMatchObject({
      code: "AddressInUse",
      message: expect.stringContaining(n1.address),
    });
  });
});
