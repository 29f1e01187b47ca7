import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { toArray } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import { encodeFrame, type Frame, FrameType, openFrame } from "../../src/wire/frame.js";
import { helloFromArray, helloToArray, VERSIONS, welcomeFromArray, welcomeToArray } from "../../src/wire/handshake.js";
import { decodeMessage } from "../../src/wire/message-frame.js";
import { eventually } from "../support/eventually.js";
import { CLUSTER, heartbeat, type Member, member, rounds } from "../support/member.js";
import { checksum } from "../support/ports.js";
import { RawListener } from "../support/raw-listener.js";
import { helloTo, RawPeer } from "../support/raw-peer.js";

/*
 * T09, in both directions of time. Format 1 is what the golden frames are: files that no later release may change. A release of
 * tomorrow is this one, told to speak version 3 as well, and a peer whose arrays have grown at their tails.
 */
const folder = join(import.meta.dirname, "..", "golden");
const golden = (name: string) =>
  new Uint8Array(Buffer.from(readFileSync(join(folder, `${name}.hex`), "utf8").replaceAll("\n", ""), "hex"));
const frameOf = (bytes: Uint8Array): Frame => openFrame(bytes.subarray(4), checksum);
const hello = helloFromArray(frameOf(golden("hello-messages")).fields);
const MESSAGES = readdirSync(folder)
  .map((file) => file.replace(".hex", ""))
  .filter((name) => frameOf(golden(name)).type === FrameType.message);
/** As this release says them: an array that has grown since counts at its full length. */
const FULL = MESSAGES.filter((name) => !MESSAGES.some((other) => other.startsWith(`${name}-`)));
/** What a release of tomorrow may add to an array. */
const GROWN = ["later", 7, [1], true, null, new Uint8Array(3), 2, "x"];

/** The node that the golden hello is for, of some release. */
const goldenReceiver = (versions: { min: number; max: number }): Promise<Member> =>
  member("n2", { clusterId: hello.clusterId, versions });
const entered = async (n2: Member, bytes: Uint8Array): Promise<RawPeer> => {
  const peer = await RawPeer.dial(n2);
  peer.write(bytes);
  await eventually("an answer", () => peer.frames.length > 0);
  return peer;
};
const versionOf = (peer: RawPeer, offered = { min: 1, max: 9 }) =>
  welcomeFromArray(peer.frames.find(({ type }) => type === FrameType.welcome)?.fields, offered).version;

describe("two neighbouring versions of the protocol", () => {
  it.each([
    ["the first release", { min: 1, max: 1 }],
    ["this one", { min: 1, max: 2 }],
  ])("T09 all golden frames of format 1 are understood by %s", async (_, versions) => {
    const n2 = await goldenReceiver(versions);
    const peer = await entered(n2, golden("hello-messages"));
    expect(versionOf(peer)).toBe(1);
    peer.write(golden("ping"), ...MESSAGES.map(golden), golden("ping"));
    await eventually("all of it", () => n2.messages.length === MESSAGES.length);
    const said = MESSAGES.map((name) => toArray(decodeMessage(frameOf(golden(name)), checksum)));
    expect(MESSAGES.length).toBe(28);
    expect(n2.messages.map(toArray)).toEqual(said);
    expect(n2.facts["badFrames"]).toBe(0);
    await eventually("an answer to its ping", () => peer.frames.some(({ type }) => type === FrameType.pong));
  });

  it("T09 what the next release adds at the tails of its arrays does not disturb this one", async () => {
    const n2 = await goldenReceiver(VERSIONS);
    const offered = helloToArray({ ...hello, versions: { min: 2, max: 3 } });
    const peer = await entered(n2, encodeFrame(FrameType.hello, [...offered, ...GROWN], checksum));
    expect(versionOf(peer)).toBe(2);
    peer.write(encodeFrame(FrameType.ping, [["n1"], ...GROWN], checksum));
    for (const name of FULL) {
      const { fields, tail } = frameOf(golden(name));
      const array = fields as unknown[];
      const grown = [...array.with(8, [...(array[8] as unknown[]), ...GROWN]), ...GROWN];
      peer.write(encodeFrame(FrameType.message, grown, checksum, tail.length), tail);
    }
    await eventually("all of it", () => n2.messages.length === FULL.length);
    const said = FULL.map((name) => toArray(decodeMessage(frameOf(golden(name)), checksum)));
    expect([n2.messages.map(toArray), n2.facts["badFrames"]]).toEqual([said, 0]);
  });

  it("T09 this release, dialling the next one, takes a welcome that has grown", async () => {
    const listener = await RawListener.open((peer) => {
      const { versions, nodeId } = helloFromArray(peer.frames[0]?.fields);
      const identity = {
        clusterId: CLUSTER,
        nodeId: "n2",
        directoryId: "b".repeat(16),
        startNumber: 1,
        incarnation: "",
        recoveryNumber: null,
      };
      const welcome = welcomeToArray({ version: Math.min(3, versions.max), ...identity });
      if (nodeId === "n1") peer.say(FrameType.welcome, [...welcome, ...GROWN]);
    });
    const n1 = await member("n1");
    n1.knows({ id: "n2", incarnation: "0".repeat(16), address: listener.address });
    await eventually("it is up", () => n1.ups.length === 1);
  });

  it.each([
    [{ min: 1, max: 1 }, { min: 1, max: 2 }, 1],
    [{ min: 1, max: 2 }, { min: 1, max: 1 }, 1],
    [{ min: 1, max: 2 }, { min: 2, max: 3 }, 2],
    [{ min: 2, max: 3 }, { min: 1, max: 2 }, 2],
  ])("T09 a node that speaks %o and one that speaks %o talk, in version %i", async (one, other, version) => {
    const [n1, n2] = [await member("n1", { versions: one }), await member("n2", { versions: other })];
    n1.knows(n2.peer);
    n2.knows(n1.peer);
    await eventually("both are up", () => n1.ups.length === 1 && n2.ups.length === 1);
    n1.say("n2", heartbeat(1));
    n2.say("n1", heartbeat(2));
    await eventually("both messages", () => n1.messages.length === 1 && n2.messages.length === 1);
    expect([rounds(n1.messages), rounds(n2.messages)]).toEqual([[2], [1]]);
    const peer = await RawPeer.enter(n2, "n3", { versions: one });
    expect(versionOf(peer)).toBe(version);
  });

  it("T09 L03 a neighbour that does not know a message is not sent it, and goes on", async () => {
    const [n1, n2] = [await member("n1"), await member("n2", { versions: { min: 1, max: 1 } })];
    n1.knows(n2.peer);
    n2.knows(n1.peer);
    await eventually("both are up", () => n1.ups.length === 1 && n2.ups.length === 1);
    n1.say("n2", { type: "RepairRequest", first: 1, last: 2 });
    n1.say("n2", heartbeat(1));
    await eventually("the message behind it", () => n2.messages.length > 0);
    expect([rounds(n2.messages), n2.facts["badFrames"], n1.facts["messagesDropped"]]).toEqual([[1], 0, 1]);
  });

  it("T09 L03 one that knows it is", async () => {
    const [n1, n2] = [await member("n1"), await member("n2")];
    n1.knows(n2.peer);
    n2.knows(n1.peer);
    await eventually("both are up", () => n1.ups.length === 1 && n2.ups.length === 1);
    n1.say("n2", { type: "RepairRequest", first: 1, last: 2 });
    await eventually("it", () => n2.messages.length > 0);
    expect(n2.messages[0]?.message).toEqual({ type: "RepairRequest", first: 1, last: 2 });
  });

  it("T09 two that are not neighbours say so, and what to do", async () => {
    const [n1, n3] = [await member("n1"), await member("n3", { versions: { min: 3, max: 4 } })];
    n3.knows(n1.peer);
    const told = () => n3.log.lines.find(({ facts }) => facts["code"] === "Version")?.facts["reason"];
    await eventually("the refusal", () => told() !== undefined);
    expect(told()).toMatch(/versions 3–4 .* this node 1–2; upgrade one release at a time/);
    expect(n1.ups).toEqual([]);
  });

  it("T09 a version that was not offered is not spoken", async () => {
    const n1 = await member("n1");
    const peer = await RawPeer.dial(n1);
    peer.say(FrameType.hello, helloToArray(helloTo("n1", "n2", { versions: { min: 1, max: 9 } })));
    await eventually("a welcome", () => peer.frames.length > 0);
    expect(versionOf(peer)).toBe(2);
  });
});
