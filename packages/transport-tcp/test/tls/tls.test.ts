import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect as connectPlain } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { beforeAll, describe, expect, it } from "vitest";
import type { TlsOptions } from "../../src/index.js";
import { FrameType } from "../../src/wire/frame.js";
import { helloToArray, welcomeToArray } from "../../src/wire/handshake.js";
import { pingToArray } from "../../src/wire/ping.js";
import { Authority, type Pair } from "../support/authority.js";
import { eventually } from "../support/eventually.js";
import { CLUSTER, GROUP, heartbeat, type Member, member, rounds } from "../support/member.js";
import { RawListener } from "../support/raw-listener.js";
import { helloTo, RawPeer } from "../support/raw-peer.js";

let ours: Authority;
let theirs: Authority;
beforeAll(async () => {
  [ours, theirs] = [await Authority.found(), await Authority.found("CN=other")];
});
const node = async (id: string, more: Parameters<typeof member>[1] = {}) =>
  member(id, { tls: await ours.tls(id), pingIntervalMs: 20, ...more });
/** Dials with that certificate, and hands the connection to the test. */
async function dialWith(target: Member, pair: Pair, more: ConnectionOptions = {}): Promise<RawPeer> {
  const { certificate: cert, key } = pair;
  const identity = { ca: ours.certificate, cert, key, checkServerIdentity: () => undefined };
  const socket = connect({ host: "127.0.0.1", port: target.port, ...identity, ...more });
  const peer = RawPeer.around(socket);
  let isUp = false;
  socket.once("secureConnect", () => {
    isUp = true;
  });
  await eventually("it is up or closed", () => isUp || peer.isClosed);
  return peer;
}
const sayHello = (peer: RawPeer, target: Member, id: string) =>
  peer.say(FrameType.hello, helloToArray(helloTo(target.id, id)));
const isIn = (peer: RawPeer) => peer.frames.some(({ type }) => type === FrameType.welcome);
const WELCOME_OF_N2 = welcomeToArray({
  version: 1,
  clusterId: CLUSTER,
  nodeId: "n2",
  directoryId: "b".repeat(16),
  startNumber: 1,
  incarnation: "",
});
const refusals = (one: Member) =>
  one.log.lines.filter(({ level }) => level === "warn").map(({ facts }) => facts["code"]);

describe("mutual TLS between nodes", () => {
  it("T03 members with certificates of their own talk, and what they say cannot be read on the way", async () => {
    const [n1, n2] = [await node("n1"), await node("n2")];
    n1.knows(n2.peer);
    n2.knows(n1.peer);
    await eventually("both are up", () => n1.ups.length === 1 && n2.ups.length === 1);
    n1.say("n2", heartbeat(1));
    n2.say("n1", heartbeat(2));
    await eventually("both messages", () => n1.messages.length === 1 && n2.messages.length === 1);
    expect([rounds(n1.messages), rounds(n2.messages)]).toEqual([[2], [1]]);
    const raw = connectPlain({ host: "127.0.0.1", port: n1.port });
    const heard: Buffer[] = [];
    raw.on("data", (chunk: Buffer) => heard.push(chunk));
    raw.on("error", () => {});
    raw.write("hexraft speaks plainly");
    await once(raw, "close");
    // A TLS alert at most: record type 21. No frame of ours leaves in the clear.
    expect(Buffer.concat(heard).subarray(0, 1)).toEqual(Buffer.from(heard.length === 0 ? [] : [21]));
  });

  it("T03 a snapshot travels encrypted as well, and its sender must be a member", async () => {
    const [n1, n2] = [await node("n1"), await node("n2")];
    const taken: number[] = [];
    n2.onSnapshot = async (_, bytes) => {
      for await (const piece of bytes) taken.push(piece.length);
    };
    n2.knows(n1.peer);
    const header = {
      group: GROUP,
      from: "n1",
      fromIncarnation: n1.peer.incarnation,
      toIncarnation: n2.peer.incarnation,
      transfer: 1,
      offset: 0,
    };
    const bytes = async function* () {
      yield new Uint8Array(300_000);
    };
    const { signal } = new AbortController();
    await n1.transport.sendSnapshot(header, n2.peer, bytes(), signal);
    expect(taken.reduce((sum, length) => sum + length, 0)).toBe(300_000);
    n2.knows({ ...n1.peer, id: "n9" });
    await expect(n1.transport.sendSnapshot(header, n2.peer, bytes(), signal)).rejects.toThrow(/no member/);
  });

  it("T03 a certificate of another authority gets no further than TLS, on either side", async () => {
    const [n1, stranger] = [await node("n1"), await member("n2", { tls: await theirs.tls("n2") })];
    stranger.knows(n1.peer);
    n1.knows(stranger.peer);
    const failure = (one: Member, id: string) =>
      (one.transport.describe() as { peers: Record<string, { lastFailure: string }> }).peers[id]?.lastFailure ?? "";
    await eventually("both give up", () => failure(n1, "n2") !== "" && failure(stranger, "n1") !== "");
    expect(failure(n1, "n2")).toMatch(/certificate|self-signed|issuer/);
    const peer = await dialWith(n1, await theirs.sign("n2"));
    await peer.closed();
    expect([n1.ups, stranger.ups, peer.frames]).toEqual([[], [], []]);
  });

  it("T03 no certificate, one that has expired, and one not yet valid get no further than TLS", async () => {
    const n1 = await node("n1");
    const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000);
    const old = await ours.sign("n2", { notBefore: hour(-5), notAfter: hour(-1) });
    const early = await ours.sign("n2", { notBefore: hour(1), notAfter: hour(5) });
    for (const pair of [{ certificate: "", key: "" }, old, early]) {
      const peer = await dialWith(n1, pair);
      sayHello(peer, n1, "n2");
      await peer.closed();
      expect(peer.frames).toEqual([]);
    }
    await eventually("none is left", () => n1.facts["connections"] === 0);
  });

  it("T03 TLS older than 1.2 is not spoken", async () => {
    const n1 = await node("n1");
    const versions: (string | null)[] = [];
    for (const version of ["TLSv1.1", "TLSv1.2", "TLSv1.3"] as const) {
      const pair = await ours.sign("n2");
      const ciphers = "DEFAULT@SECLEVEL=0"; // so that it is the node that refuses
      const peer = await dialWith(n1, pair, { minVersion: version, maxVersion: version, ciphers });
      versions.push(peer.isClosed ? "closed" : (peer.socket as TLSSocket).getProtocol());
    }
    expect(versions).toEqual(["closed", "TLSv1.2", "TLSv1.3"]);
  });

  it("T03 a right certificate of another node is refused, whichever side shows it", async () => {
    const [n1, posing] = [await node("n1"), await node("n3")];
    n1.knows({ ...posing.peer, id: "n2" });
    const peer = await dialWith(n1, await ours.sign("n3"));
    sayHello(peer, n1, "n2");
    await peer.closed();
    expect(peer.refusal).toMatchObject({ code: "Identity", reason: expect.stringMatching(/n3.*not for n2/) });
    await expect(n1.transport.identify(posing.address, GROUP, 10_000)).resolves.toMatchObject({ nodeId: "n3" });
    // A listener that says to be n2 with the certificate of n5.
    const { certificate: cert, key } = await ours.sign("n5");
    const swapped = await RawListener.open((caller) => caller.say(FrameType.welcome, WELCOME_OF_N2), { cert, key });
    n1.knows({ ...posing.peer, id: "n2", address: swapped.address });
    const isTold = () => swapped.peers.some(({ refusal }) => refusal?.code === "Identity");
    await eventually("it is told", isTold);
    await expect(n1.transport.identify(swapped.address, GROUP, 10_000)).rejects.toThrow(/n5, and not for n2/);
    expect(n1.ups.filter(({ id }) => id === "n2")).toEqual([]);
  });

  it("T03 a right certificate that names no node, as those of clients do, is refused", async () => {
    const n1 = await node("n1");
    for (const uris of [[], ["urn:hexraft:client:n2"], ["https://n2"], ["urn:hexraft:node:n 2"]]) {
      const peer = await dialWith(n1, await ours.sign("n2", { uris }));
      sayHello(peer, n1, "n2");
      await peer.closed();
      expect(peer.refusal).toMatchObject({ code: "Identity", reason: expect.stringMatching(/no node/) });
    }
  });

  it("T03 without tls a node dials nobody beyond its machine, unless plaintext is said", async () => {
    const [n1, n2] = [await member("n1"), await member("n2", { plaintext: true, handshakeTimeoutMs: 30 })];
    const far = { id: "n9", incarnation: "0".repeat(16), address: "192.0.2.1:7001" };
    const failure = (one: Member) =>
      (one.transport.describe() as { peers: Record<string, { lastFailure: string }> }).peers["n9"]?.lastFailure ?? "";
    n1.knows(far);
    n2.knows(far);
    await eventually("both give up", () => failure(n1) !== "" && failure(n2) !== "");
    expect(failure(n1)).toBe("192.0.2.1:7001 is not on this machine, and neither tls nor plaintext is given");
    expect(failure(n2)).not.toMatch(/neither/);
  });

  it("T03 a node does not start with the certificate of another", async () => {
    await expect(member("n1", { tls: await ours.tls("n2") })).rejects.toThrow(/urn:hexraft:node:n1; it names n2/);
  });

  it("T03 T07 a crowd that never begins its TLS handshake is bounded and reaped, and keeps no peer out", async () => {
    const n1 = await node("n1", { handshakeTimeoutMs: 400, handshakesMax: 8 });
    const silent = await Promise.all(Array.from({ length: 60 }, () => RawPeer.dial(n1)));
    await eventually("all but eight are turned away", () => (n1.facts["connections"] ?? 0) <= 8);
    const n2 = await node("n2");
    n2.knows(n1.peer);
    await eventually("the peer is in", () => n2.ups.length === 1);
    await eventually("all of the crowd is gone", () => silent.every((peer) => peer.isClosed));
    await eventually("the peer alone is left", () => n1.facts["connections"] === 1);
  });
});

describe("who is a member", () => {
  it("T03 a right certificate of a node that is no member is refused, and lets in once it is one", async () => {
    const [n1, n2, n9] = [await node("n1"), await node("n2"), await node("n9")];
    n1.knows(n2.peer);
    n9.knows(n1.peer);
    await eventually("the refusal", () => refusals(n9).includes("NotMember"));
    expect([n9.ups, n1.messages]).toEqual([[], []]);
    n1.knows(n2.peer, n9.peer);
    await eventually("it is in", () => n9.ups.length === 1);
  });

  it("T03 the live connection of a member that was removed is closed, and it does not come in again", async () => {
    const [n1, n2, n3] = [await node("n1", { leaverGraceMs: 2_000 }), await node("n2"), await node("n3")];
    n1.knows(n2.peer, n3.peer);
    n3.knows(n1.peer);
    await eventually("n3 is in", () => n3.ups.length === 1);
    n3.say("n1", heartbeat(1));
    await eventually("it is heard", () => rounds(n1.messages).length === 1);
    n1.knows(n2.peer);
    n3.say("n1", heartbeat(2)); // M09: within the grace it can be answered, and told that it was removed
    await eventually("it is still heard", () => rounds(n1.messages).length === 2);
    expect(n1.say("n3", heartbeat(3))).toBe(true);
    await eventually("it was told", () => rounds(n3.messages).includes(3));
    await eventually("it is out", () => n3.downs.length > 0 && refusals(n3).includes("NotMember"));
    expect(n3.say("n1", heartbeat(4))).toBe(false);
    expect(rounds(n1.messages)).toEqual([1, 2]);
  });

  it("T03 E19 a node that has not heard of a new member lets it in when a member vouches for it, and only then", async () => {
    const [n1, n2, n4] = [await node("n1", { leaverGraceMs: 50 }), await node("n2"), await node("n4")];
    n1.knows(n2.peer); // it was away when n4 was added
    n4.knows(n1.peer);
    await eventually("n4 is refused", () => refusals(n4).includes("NotMember"));
    n2.knows(n1.peer, n4.peer);
    await eventually("n4 is in, as n2 vouches for it", () => n4.ups.some(({ id }) => id === "n1"));
    n4.say("n1", heartbeat(1));
    await eventually("it is heard", () => rounds(n1.messages).includes(1));
    n2.knows(n1.peer); // n4 was removed again: n2 no longer vouches
    await eventually("n4 is out", () => n4.downs.some(({ id }) => id === "n1"));
  });

  it("T03 nobody is let in on the word of a node that is no member itself", async () => {
    const [n1, n2] = [await node("n1", { leaverGraceMs: 60_000 }), await node("n2")];
    n1.knows(n2.peer, { ...n2.peer, id: "n3" });
    const n3 = await dialWith(n1, await ours.sign("n3"));
    sayHello(n3, n1, "n3");
    await eventually("n3 is in", () => isIn(n3));
    n1.knows(n2.peer); // n3 is removed; for the time of its grace it may still speak
    n3.say(FrameType.ping, pingToArray(["n3", "n9"]));
    await eventually("its ping is answered", () => n3.frames.some(({ type }) => type === FrameType.pong));
    const n9 = await dialWith(n1, await ours.sign("n9"));
    sayHello(n9, n1, "n9");
    await n9.closed();
    expect([n9.refusal?.code, n3.isClosed]).toEqual(["NotMember", false]);
  });

  it("T03 M13 a node that waits for a cluster is claimed by whoever has a certificate of the cluster's authority", async () => {
    const [n1, waiting] = [await node("n1"), await node("n2", { clusterId: "" })];
    n1.knows(waiting.peer);
    await eventually("it is claimed", () => waiting.claims.length === 1 && n1.ups.length === 1);
  });

  it("T03 with admit: cluster whoever proves its name is let in, as a stranger may vote (E19)", async () => {
    const [n1, n2, n9] = [await node("n1", { admit: "cluster" }), await node("n2"), await node("n9")];
    n1.knows(n2.peer);
    n9.knows(n1.peer);
    await eventually("it is in", () => n9.ups.length === 1);
  });
});

describe("certificates that are renewed", () => {
  const put = (options: TlsOptions, { certificate, key }: Pair) => {
    writeFileSync(options.certificateFile, certificate);
    writeFileSync(options.keyFile, key);
  };
  const serial = async (target: Member): Promise<string> => {
    const peer = await dialWith(target, await ours.sign("n7"), { rejectUnauthorized: false });
    return (peer.socket as TLSSocket).getPeerCertificate().serialNumber;
  };

  it("T03 a renewed certificate is shown without a restart, and no connection is lost over it", async () => {
    const tls = await ours.tls("n1");
    const n1 = await member("n1", { tls: { ...tls, renewIntervalMs: 20 } });
    const n2 = await node("n2");
    n2.knows(n1.peer);
    await eventually("it is up", () => n2.ups.length === 1);
    const before = await serial(n1);
    put(tls, await ours.sign("n1"));
    const isTaken = () => n1.log.lines.some(({ facts }) => facts["renewed"] === "certificate");
    await eventually("the new one is taken", isTaken);
    expect(await serial(n1)).not.toBe(before);
    expect(n2.downs).toEqual([]);
  });

  it("T03 files that do not belong together, or cannot be read, change nothing", async () => {
    const tls = await ours.tls("n1");
    const n1 = await member("n1", { tls: { ...tls, renewIntervalMs: 20 } });
    const before = await serial(n1);
    const warnings = () => n1.log.lines.flatMap(({ message, facts }) => (message.startsWith("kept") ? [facts] : []));
    const isWarned = (reason: RegExp) => () => warnings().some((facts) => reason.test(String(facts["reason"])));
    writeFileSync(tls.certificateFile, (await ours.sign("n1")).certificate); // the key is still to come
    await eventually("an operator is told", isWarned(/keyFile .* must hold the PEM key/));
    put(tls, await ours.sign("n2"));
    await eventually("it is the certificate of another node", isWarned(/it names n2/));
    expect(await serial(n1)).toBe(before);
  });

  it("T03 when another authority is believed, all have to prove anew who they are", async () => {
    const tls = await ours.tls("n1");
    const n1 = await member("n1", { tls: { ...tls, renewIntervalMs: 20 } });
    const n2 = await node("n2");
    n2.knows(n1.peer);
    n1.knows(n2.peer);
    await eventually("both are up", () => n1.ups.length === 1 && n2.ups.length === 1);
    writeFileSync(tls.caFile, theirs.certificate);
    await eventually("n2 is out", () => n2.downs.length > 0 && n1.downs.length > 0);
    n1.say("n2", heartbeat(1));
    writeFileSync(tls.caFile, `${theirs.certificate}\n${ours.certificate}`);
    await eventually("with both believed n2 is back", () => n2.ups.length === 2 && n1.ups.length === 2);
  });

  it("T03 a connection does not outlive the certificate that opened it", async () => {
    const n1 = await node("n1");
    const peer = await dialWith(n1, await ours.sign("n2", { notAfter: new Date(Date.now() + 5_000) }));
    sayHello(peer, n1, "n2");
    await eventually("it is in", () => isIn(peer));
    const pings = setInterval(() => peer.say(FrameType.ping, []), 50);
    await peer.closed().finally(() => clearInterval(pings));
    expect(peer.refusal).toMatchObject({ code: "Identity", reason: expect.stringMatching(/expired/) });
  });
});
