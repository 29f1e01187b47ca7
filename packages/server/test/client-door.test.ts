import { connect } from "node:net";
import { HexraftClient } from "@hexraft/client";
import type { Consistency } from "@hexraft/core";
import { NotLeader } from "@hexraft/core";
import { RaftError } from "@hexraft/core/ports";
import { get, KvCodec, type KvQuery, LaidOutCommand, put } from "@hexraft/statemachine-kv";
import { packArray } from "@hexraft/transport-tcp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ClientDoor } from "../src/door/client-door.js";
import { DEFAULT_DOOR_LIMITS, type DoorLimits } from "../src/door/door-limits.js";
import type { KvDoorCommand, KvDoorService } from "../src/kv/kv-door-service.js";
import type { Front } from "../src/serve/front.js";
import { deskOf } from "./support/administered.js";
import { LocalKv } from "./support/local-kv.js";
import { PATIENT } from "./support/patient.js";
import { RawClient } from "./support/raw-client.js";

let kv: LocalKv;
let door: Front;
let port: number;
const clients: HexraftClient[] = [];
const raws: RawClient[] = [];

const codec = new KvCodec();

async function answer(command: KvDoorCommand, done: Parameters<KvDoorService["apply"]>[1]): Promise<void> {
  try {
    if (!(command instanceof LaidOutCommand))
      throw new RaftError("BadCommand", "refused", "sessions are told elsewhere");
    done(null, await kv.apply(codec.decodeCommand(command.bytes)));
  } catch (error) {
    done(error as Error);
  }
}

const service: KvDoorService = {
  apply: (command, done) => void answer(command, done),
  read: (query: KvQuery, consistency: Consistency) => kv.read(query, consistency),
  admin: (fields, who, kind) => deskOf().ask(fields, who, kind),
  readToken: () => kv.readToken(),
  welcome: () => ({ nodeId: "n1", leader: "n1", clusterId: "c".repeat(32) }),
};

async function open(limits: Partial<DoorLimits> = {}): Promise<void> {
  door = new ClientDoor(() => service, codec, { ...DEFAULT_DOOR_LIMITS, ...limits });
  port = (await door.start({ host: "127.0.0.1", port: 0 })).port;
}

function client(): HexraftClient {
  const endpoints = [{ host: "127.0.0.1", port }];
  const made = new HexraftClient({ endpoints, ...PATIENT });
  clients.push(made);
  return made;
}

async function raw(): Promise<RawClient> {
  const made = await RawClient.to(port);
  raws.push(made);
  return made;
}

/** A frame as it stands on the wire. */
function frame(kind: number, body: Uint8Array): string {
  const head = Buffer.alloc(5);
  head.writeUInt32LE(body.length + 1, 0);
  head[4] = kind;
  return Buffer.concat([head, body]).toString("latin1");
}
const HELLO = frame(1, packArray(["hexraft-client", 1, 1]));

/** A frame with one request. */
function request(kind: number, bytes: Uint8Array, length = bytes.length): string {
  const head = Buffer.alloc(9);
  head.writeUInt32LE(7, 0);
  head[4] = kind;
  head.writeUInt32LE(length, 5);
  return frame(3, Buffer.concat([head, bytes]));
}

beforeEach(async () => {
  kv = new LocalKv();
  await open();
});
afterEach(async () => {
  for (const made of clients.splice(0)) made.close();
  for (const { socket } of raws.splice(0)) socket.destroy();
  await door.stop();
});

describe("the client door", () => {
  it("does commands and answers queries, with the consistency asked for", async () => {
    const caller = client();
    expect(await caller.put("k", "v")).toBe(true);
    expect(Buffer.from((await caller.get("k")) as Uint8Array).toString()).toBe("v");
    await caller.get("k", { consistency: "local" });
    expect(kv.asked).toEqual(["put", "get", "local get"]);
  });

  it("Q05 Q08 reads as new as the caller asks for, and refuses what is no consistency", async () => {
    const caller = client();
    const token = `${"c".repeat(32)}/main/0/7`;
    const ways = ["lease", { maxStalenessMs: 250.5 }, { atLeast: 12 }, { atLeast: token }] as const;
    for (const consistency of ways) expect(await caller.get("k", { consistency })).toBeNull();
    expect(kv.asked).toEqual(["lease get", "maxStalenessMs 250 get", "atLeast 12 get", `atLeast ${token} get`]);
    for (const consistency of [{ maxStalenessMs: -1 }, { atLeast: "x".repeat(257) }])
      await expect(caller.get("k", { consistency })).rejects.toMatchObject({ code: "BadOption", outcome: "refused" });
    kv.failures.push(new RaftError("TokenRefused", "refused", "another cluster"));
    await expect(caller.get("k", { consistency: { atLeast: token } })).rejects.toMatchObject({ code: "TokenRefused" });
  });

  it("Q08 before the answers of a turn it tells what they show, once as long as that is the same", async () => {
    const caller = client();
    await caller.put("k", "v");
    expect(caller.readToken).toBe("cluster/main/0/1");
    await caller.get("k");
    await caller.put("k", "w");
    expect(caller.readToken).toBe("cluster/main/0/2");
    const observer = await raw();
    observer.say(HELLO + request(1, codec.encodeQuery(get("k"))) + request(1, codec.encodeQuery(get("k"))));
    const heard = await observer.until((said) => said.split("w").length > 2);
    expect(heard.split("cluster/main/0/2")).toHaveLength(2);
  });

  it("Q08 a read that is cut off before its query is refused, and disturbs nobody", async () => {
    const [first, second] = [await raw(), client()];
    first.say(HELLO + request(6, Uint8Array.of(1, 0)) + request(7, Uint8Array.of(9, 0, 97)));
    await first.until((heard) => heard.split("BadMessage").length === 3);
    expect(await second.get("k")).toBeNull();
    expect(kv.asked).toEqual(["get"]);
  });

  it("F01 hands a rejection through as a result", async () => {
    const caller = client();
    await caller.put("k", "text");
    await expect(caller.increment("k")).rejects.toMatchObject({
      code: "BadCommand",
      details: { rejection: "NotAnInteger" },
    });
  });

  it.each([
    [
      "C02 unknown stays unknown",
      new RaftError("LeadershipLost", "unknown", "gone"),
      { outcome: "unknown", error: { code: "LeadershipLost", message: "gone" } },
    ],
    [
      "C02 refused for good stays refused",
      new RaftError("EntryTooLarge", "refused", "big"),
      { outcome: "refused", error: { code: "EntryTooLarge" } },
    ],
    ["R15 what is no error of operation leaves it open", new Error("surprise") as RaftError, { outcome: "unknown" }],
  ])("%s", async (_title, error, expected) => {
    kv.failures.push(error);
    expect(await client().propose(put("k", "v"))).toMatchObject(expected);
    expect(kv.asked).toEqual(["put"]);
  });

  it("C01 a node that does not lead says who does", async () => {
    kv.failures.push(new NotLeader("n2", "127.0.0.1:1"));
    const caller = client();
    expect(await caller.put("k", "v")).toBe(true);
    expect(kv.asked).toEqual(["put", "put"]);
  });

  it("F03 a command that is none is refused, and the connection goes on", async () => {
    const caller = await raw();
    caller.say(
      HELLO + request(0, Uint8Array.of(255, 255)) + request(9, Uint8Array.of()) + request(1, Uint8Array.of(0)),
    );
    const heard = await caller.until(
      (text) => (text.match(/Bad(?:Command|Message)|FormatUnknown/g) ?? []).length === 3,
    );
    expect(heard).toContain("n1");
    const query = new KvCodec().encodeQuery(get("k"));
    caller.heard = "";
    caller.say(request(1, query));
    await caller.until((text) => text.length > 5);
    expect(kv.asked).toEqual(["get"]);
  });
});

describe("bad input", () => {
  it.each([
    ["a frame of no length", "\0\0\0\0", /announces 0 bytes/],
    ["a frame that is too long", "\xff\xff\xff\xff", /announces 4294967295 bytes/],
    ["another protocol", "GET / HTTP/1.1\r\n\r\n", /announces \d+ bytes/],
    ["no hello", frame(3, new Uint8Array(0)), /no HexraftClient/],
    ["another magic", frame(1, packArray(["redis", 1, 1])), /no HexraftClient/],
    ["a hello that is no array", frame(1, Uint8Array.of(5)), /array/],
    ["a bomb for a hello", frame(1, new Uint8Array(50_000).fill(0x91)), /msgpack/],
    ["a later version", frame(1, packArray(["hexraft-client", 2, 3])), /speaks versions 2 to 3/],
    ["a kind that is not for nodes", HELLO + frame(4, new Uint8Array(9)), /is not for a node/],
    ["a record that is cut off", HELLO + frame(3, new Uint8Array(5)), /is cut off/],
    ["a record beyond its frame", HELLO + request(0, Uint8Array.of(1), 100), /reaches beyond/],
  ])("T01 T02 %s closes this connection with the reason, and no other", async (_title, bytes, reason) => {
    const [bad, good] = [await raw(), client()];
    await good.put("k", "v");
    bad.say(bytes);
    expect(await bad.end()).toMatch(reason);
    expect(await good.put("k", "w")).toBe(true);
  });

  it("T01 a hello is understood however it is cut", async () => {
    const caller = await raw();
    for (const byte of HELLO) caller.say(byte);
    expect(await caller.until((heard) => heard.length > 5)).toContain("n1");
  });

  it("T07 a connection that says nothing is closed", async () => {
    await door.stop();
    await open({ greetingTimeoutMs: 50 });
    expect(await (await raw()).end()).toMatch(/no hello within 50 ms/);
  });

  it("R12 begins no more requests of one client than its bound, and loses none", async () => {
    await door.stop();
    await open({ inFlightMax: 10 });
    const caller = client();
    await caller.put("warm", "v");
    const release = kv.hold();
    // Several frames, so that the rest of them waits in the socket.
    const answers: Promise<boolean>[] = [];
    for (let i = 0; i < 40; i++) {
      answers.push(caller.put(`k${i}`, "x".repeat(100_000)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => kv.underWay).toBeGreaterThanOrEqual(10);
    expect(kv.underWay).toBeLessThan(40);
    release();
    expect(new Set(await Promise.all(answers))).toEqual(new Set([true]));
  });

  it("O04 stops with clients connected and requests under way", async () => {
    const idle = connect(port, "127.0.0.1");
    idle.on("error", () => {});
    const caller = client();
    await caller.put("k", "v");
    const release = kv.hold();
    const answered = caller.propose(put("k", "w"));
    await expect.poll(() => kv.underWay).toBe(1);
    await door.stop();
    expect(await answered).toMatchObject({ outcome: "unknown", error: { code: "ConnectionLost" } });
    release();
    idle.destroy();
  });
});
