import { describe, expect, it } from "vitest";
import { FrameType } from "../../src/wire/frame.js";
import { type Hello, helloToArray, welcomeToArray } from "../../src/wire/handshake.js";
import { eventually } from "../support/eventually.js";
import { CLUSTER, GROUP, heartbeat, incarnationOf, member, rounds } from "../support/member.js";
import { RawListener } from "../support/raw-listener.js";
import { helloTo, RawPeer } from "../support/raw-peer.js";

const OTHER_CLUSTER = "d".repeat(32);
const warnings = (one: { log: { lines: { level: string; facts: object }[] } }) =>
  one.log.lines.filter(({ level }) => level === "warn").map(({ facts }) => facts);

describe("who is let in", () => {
  const REFUSED: readonly (readonly [what: string, over: Partial<Hello>, code: string])[] = [
    ["another cluster", { clusterId: OTHER_CLUSTER }, "WrongCluster"],
    ["no cluster yet", { clusterId: "" }, "WrongCluster"],
    ["somebody who expects another node here", { to: "n9" }, "WrongNode"],
    ["our own id", { nodeId: "n1" }, "Self"],
    ["a version nobody speaks here", { versions: { min: 3, max: 4 } }, "Version"],
  ];
  it.each(REFUSED)("T02 %s is refused, and both sides know why", async (_, over, code) => {
    const n1 = await member("n1");
    const peer = await RawPeer.dial(n1);
    peer.say(FrameType.hello, helloToArray(helloTo("n1", "n2", over)));
    await peer.closed();
    expect(peer.refusal).toMatchObject({ code, reason: expect.stringMatching(/\w+ \w+/) });
    expect(warnings(n1)).toContainEqual(expect.objectContaining({ code }));
    expect([n1.ups, n1.facts["refused"]]).toEqual([[], 1]);
  });

  it("T02 a wrong magic, or a first frame that is no hello, is refused", async () => {
    const n1 = await member("n1");
    const magic = await RawPeer.dial(n1);
    magic.say(FrameType.hello, helloToArray(helloTo("n1", "n2")).with(0, "hexrafts"));
    const message = await RawPeer.dial(n1);
    message.say(FrameType.message, [7, GROUP]);
    const early = await RawPeer.dial(n1);
    early.say(FrameType.hello, helloToArray(helloTo("n1", "n2", { purpose: "identify", to: "" })));
    early.say(FrameType.ping, []);
    for (const peer of [magic, message, early]) {
      await peer.closed();
      expect(peer.refusal).toMatchObject({ code: "BadFrame" });
    }
  });

  it("T02 T07 a hello longer than any handshake is refused before it came", async () => {
    const n1 = await member("n1");
    const peer = await RawPeer.dial(n1);
    peer.write(Uint8Array.of(0, 0, 2, 0));
    await peer.closed();
    expect(peer.refusal).toMatchObject({ code: "BadFrame" });
  });

  const UNEXPECTED: readonly (readonly [what: string, over: object, code: string])[] = [
    ["another node", { nodeId: "n3" }, "WrongNode"],
    ["a node of another cluster", { clusterId: OTHER_CLUSTER }, "WrongCluster"],
    ["a node without a cluster", { clusterId: "" }, "WrongCluster"],
  ];
  it.each(UNEXPECTED)(
    "T02 %s that answers where n2 was expected is told so, and gets no message",
    async (_, over, code) => {
      const welcome = {
        version: 1,
        clusterId: CLUSTER,
        nodeId: "n2",
        directoryId: "b".repeat(16),
        startNumber: 1,
        incarnation: "",
      };
      const listener = await RawListener.open((peer) =>
        peer.say(FrameType.welcome, welcomeToArray({ ...welcome, ...over })),
      );
      const n1 = await member("n1");
      n1.knows({ id: "n2", incarnation: incarnationOf("n2"), address: listener.address });
      await eventually("the reason at the other side", () =>
        listener.peers.some((peer) => peer.refusal?.code === code),
      );
      await eventually("the reason in our log", () =>
        warnings(n1).some((facts) => "code" in facts && facts.code === code),
      );
      expect(n1.ups).toEqual([]);
    },
  );

  it("T02 a node that is refused tells why in its own log and in describe", async () => {
    const [n1, stranger] = [await member("n1"), await member("n2", { clusterId: OTHER_CLUSTER })];
    stranger.knows(n1.peer);
    await eventually("the refusal", () =>
      warnings(stranger).some((facts) => "code" in facts && facts.code === "WrongCluster"),
    );
    const { peers } = stranger.transport.describe() as { peers: Record<string, { lastFailure: string }> };
    expect(peers["n1"]?.lastFailure).toMatch(/belongs to cluster d+, and this node to c+/);
  });

  it("T11 a life older than one that was seen is refused at both ends, and says which", async () => {
    const directoryId = "5".repeat(16);
    const n1 = await member("n1");
    await RawPeer.enter(n1, "n2", { directoryId, startNumber: 9 });
    const older = await RawPeer.dial(n1);
    older.say(FrameType.hello, helloToArray(helloTo("n1", "n2", { directoryId, startNumber: 8 })));
    await older.closed();
    expect(older.refusal).toMatchObject({
      code: "OlderStart",
      reason: expect.stringMatching(/start 8 .* start 9 was seen/),
    });
    // The older life also listens: our own call to it is given up for the same reason.
    const old = await member("n2", { directoryId, startNumber: 8 });
    n1.knows(old.peer);
    await eventually("our own refusal", () =>
      warnings(old).some((facts) => "code" in facts && facts.code === "OlderStart"),
    );
    expect(n1.ups).toEqual([{ id: "n2", startNumber: 9 }]);
  });

  it("T11 a newer life closes the connection of the older one, which is told why and not heard any more", async () => {
    const n1 = await member("n1");
    const older = await RawPeer.enter(n1, "n2", { startNumber: 3 });
    await RawPeer.enter(n1, "n2", { startNumber: 4 });
    await older.closed();
    expect(older.refusal).toMatchObject({ code: "OlderStart" });
    expect(n1.downs.map(({ id }) => id)).toEqual(["n2"]);
    expect(n1.ups).toEqual([
      { id: "n2", startNumber: 3 },
      { id: "n2", startNumber: 4 },
    ]);
  });

  it("T11 a connection of ours to an older life ends when the newer one comes in, and is told why", async () => {
    const directoryId = "b".repeat(16);
    const listener = await RawListener.open((peer) =>
      peer.say(
        FrameType.welcome,
        welcomeToArray({ version: 1, clusterId: CLUSTER, nodeId: "n2", directoryId, startNumber: 3, incarnation: "" }),
      ),
    );
    const n1 = await member("n1");
    n1.knows({ id: "n2", incarnation: incarnationOf("n2"), address: listener.address });
    await eventually("the older one is up", () => n1.ups.length === 1);
    await RawPeer.enter(n1, "n2", { directoryId, startNumber: 4 });
    await eventually("it is told", () => listener.peers[0]?.refusal?.code === "OlderStart");
    expect([n1.ups.length, n1.downs.length]).toEqual([1, 1]);
  });

  it("T11 another directory of the same node has start numbers of its own", async () => {
    const n1 = await member("n1");
    await RawPeer.enter(n1, "n2", { directoryId: "1".repeat(16), startNumber: 9 });
    const wiped = await RawPeer.enter(n1, "n2", { directoryId: "2".repeat(16), startNumber: 1 });
    expect(wiped.refusal).toBeUndefined();
  });

  it("T07 a crowd of connections that say nothing is bounded, and keeps no peer out", async () => {
    const n1 = await member("n1", { handshakeTimeoutMs: 60_000, handshakesMax: 8 });
    const silent = await Promise.all(Array.from({ length: 200 }, () => RawPeer.dial(n1)));
    const n2 = await member("n2");
    n2.knows(n1.peer);
    await eventually("the peer is in", () => n2.ups.length === 1);
    await eventually("the oldest were pushed out", () => silent.filter((peer) => peer.isClosed).length >= 192);
    expect(n1.facts["connections"]).toBeLessThanOrEqual(8 + 1);
    expect(n1.facts["turnedAway"]).toBeGreaterThanOrEqual(192);
  });

  it("T07 a connection that says nothing is closed in time", async () => {
    const n1 = await member("n1", { handshakeTimeoutMs: 50 });
    const silent = await RawPeer.dial(n1);
    await silent.closed();
    await eventually("none is left", () => n1.facts["connections"] === 0);
  });

  it("T07 a hello that comes a byte at a time is given up in time", async () => {
    const n1 = await member("n1", { handshakeTimeoutMs: 150 });
    const slow = await RawPeer.dial(n1);
    const trickle = setInterval(() => slow.write(Uint8Array.of(1)), 20);
    await slow.closed().finally(() => clearInterval(trickle));
    expect(n1.facts["messagesReceived"]).toBe(0);
  });

  it("T07 connections beyond the bound are turned away, and those that are in go on", async () => {
    const n1 = await member("n1", { connectionsMax: 2 });
    const [one, two] = [await RawPeer.enter(n1, "n2"), await RawPeer.enter(n1, "n3")];
    const third = await RawPeer.dial(n1);
    await third.closed();
    expect([one?.isClosed, two?.isClosed]).toEqual([false, false]);
    await eventually("it is counted", () => n1.facts["turnedAway"] === 1);
  });

  it("T07 a peer that is silent for too long is given up at both ends, and dialled again", async () => {
    const quick = { pingIntervalMs: 20, silenceMaxMs: 60 };
    const n1 = await member("n1", quick);
    const mute = await RawPeer.enter(n1, "n2");
    await mute.closed();
    let calls = 0;
    const listener = await RawListener.open((peer) => {
      calls++;
      const directoryId = "b".repeat(16);
      peer.say(
        FrameType.welcome,
        welcomeToArray({ version: 1, clusterId: CLUSTER, nodeId: "n3", directoryId, startNumber: 1, incarnation: "" }),
      );
    });
    n1.knows({ id: "n3", incarnation: incarnationOf("n3"), address: listener.address });
    await eventually("it is called again", () => calls >= 2);
    expect(n1.downs.at(-1)).toMatchObject({ id: "n3", reason: expect.stringMatching(/silent/) });
  });

  it("T07 a process that stood still takes nobody for silent: what they said meanwhile is still unread", async () => {
    const quick = { pingIntervalMs: 20, silenceMaxMs: 200 };
    const [n1, n2] = [await member("n1", quick), await member("n2", quick)];
    n1.knows(n2.peer);
    n2.knows(n1.peer);
    await eventually("both are up", () => n1.ups.length === 1 && n2.ups.length === 1);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500); // the whole process stands still
    n1.say("n2", heartbeat(1));
    await eventually("a message", () => rounds(n2.messages).length === 1);
    expect([n1.downs, n2.downs]).toEqual([[], []]);
  });

  it("T07 peers that have nothing to say stay connected", async () => {
    const quick = { pingIntervalMs: 20, silenceMaxMs: 400 };
    const [n1, n2] = [await member("n1", quick), await member("n2", quick)];
    n1.knows(n2.peer);
    n2.knows(n1.peer);
    await eventually("both are up", () => n1.ups.length === 1 && n2.ups.length === 1);
    const end = performance.now() + 1_000; // more than twice the silence allowed
    await eventually("the time is over", () => performance.now() > end);
    expect([n1.downs, n2.downs]).toEqual([[], []]);
    n1.say("n2", heartbeat(1));
    await eventually("a message", () => rounds(n2.messages).length === 1);
  });
});

describe("a node that waits for a cluster", () => {
  it("M13 the first handshake that names its incarnation claims it, and is answered only when that is written down", async () => {
    const waiting = await member("n2", { clusterId: "" });
    let written = () => {};
    waiting.onClaim = () =>
      new Promise<void>((resolve) => {
        written = resolve;
      });
    const n1 = await member("n1");
    n1.knows(waiting.peer);
    await eventually("the claim", () => waiting.claims.length === 1);
    expect([waiting.claims, n1.ups]).toEqual([[CLUSTER], []]);
    written();
    await eventually("the answer", () => n1.ups.length === 1);
    const n3 = await member("n3");
    n3.knows(waiting.peer);
    await eventually("a second one", () => n3.ups.length === 1);
    expect(waiting.claims).toEqual([CLUSTER]); // it belongs there by now
  });

  it("M13 one that names another incarnation, or none, claims nothing", async () => {
    const waiting = await member("n2", { clusterId: "" });
    for (const meant of [[], [[GROUP, "f".repeat(16)]], [["other", incarnationOf("n2")]]] as Hello["meant"][]) {
      const peer = await RawPeer.dial(waiting);
      peer.say(FrameType.hello, helloToArray(helloTo("n2", "n1", { meant })));
      await peer.closed();
      expect([peer.refusal?.code, waiting.claims]).toEqual(["NotClaimed", []]);
    }
  });

  it("M13 T04 a refused dialer that learns the right incarnation calls again at once", async () => {
    const waiting = await member("n2", { clusterId: "" });
    const n1 = await member("n1", { reconnectMinMs: 60_000, reconnectMaxMs: 60_000 });
    n1.knows({ ...waiting.peer, incarnation: "f".repeat(16) });
    await eventually("the refusal", () => warnings(n1).some((facts) => "code" in facts && facts.code === "NotClaimed"));
    n1.knows(waiting.peer);
    await eventually("it is up", () => n1.ups.length === 1);
    expect(waiting.claims).toEqual([CLUSTER]);
  });

  it("M13 of two clusters that claim it at once one wins, and the other is told whose it is", async () => {
    const waiting = await member("n2", { clusterId: "" });
    const [one, two] = [await RawPeer.dial(waiting), await RawPeer.dial(waiting)];
    one.say(FrameType.hello, helloToArray(helloTo("n2", "n1")));
    two.say(FrameType.hello, helloToArray(helloTo("n2", "n3", { clusterId: OTHER_CLUSTER })));
    const answers = () => [...one.frames, ...two.frames].map(({ type }) => type);
    await eventually("both are answered", () => answers().length === 2);
    expect(answers().toSorted((a, b) => a - b)).toEqual([FrameType.welcome, FrameType.reject]);
    expect([one.refusal ?? two.refusal, waiting.claims.length]).toMatchObject([{ code: "WrongCluster" }, 1]);
  });

  it("M13 a claim that cannot be written down is no claim", async () => {
    const waiting = await member("n2", { clusterId: "" });
    waiting.onClaim = () => Promise.reject(new Error("the disk is full"));
    const first = await RawPeer.dial(waiting);
    first.say(FrameType.hello, helloToArray(helloTo("n2", "n1")));
    await first.closed();
    expect(first.refusal).toMatchObject({ code: "NotClaimed", reason: expect.stringMatching(/disk is full/) });
    waiting.onClaim = async () => {};
    const second = await RawPeer.enter(waiting, "n1");
    expect([second.isClosed, waiting.claims.length]).toEqual([false, 2]);
  });

  it("M13 anybody may ask who is there, also one that waits itself, and nothing changes by it", async () => {
    const [asking, asked] = [
      await member("n1", { clusterId: "" }),
      await member("n2", { clusterId: "", startNumber: 4 }),
    ];
    await expect(asking.transport.identify(asked.address, GROUP, 10_000)).resolves.toEqual({
      nodeId: "n2",
      clusterId: "",
      directoryId: asked.directoryId,
      startNumber: 4,
      incarnation: incarnationOf("n2"),
    });
    await expect(asking.transport.identify(asking.address, GROUP, 10_000)).resolves.toMatchObject({ nodeId: "n1" });
    expect([asked.claims, asked.ups]).toEqual([[], []]);
    await eventually("no connection is left", () => asked.facts["connections"] === 0);
  });

  it("M13 asking where nobody answers rejects in time, and names the address", async () => {
    const n1 = await member("n1");
    const mute = await RawListener.open(() => {});
    await expect(n1.transport.identify(mute.address, GROUP, 60)).rejects.toThrow(/no answer within 60 ms/);
    await mute.close();
    await expect(n1.transport.identify(mute.address, GROUP, 500)).rejects.toThrow(mute.address);
    await expect(n1.transport.identify("nowhere", GROUP, 500)).rejects.toThrow(/nowhere is no host:port/);
  });
});
