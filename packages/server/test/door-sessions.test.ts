import { AnswerKind, HexraftClient, RequestKind } from "@hexraft/client";
import { CommandBatch, EntryType, LogBlock } from "@hexraft/core/ports";
import { InSession, OpenSession, readSessionOpened, SessionCodec, SessionStateMachine } from "@hexraft/sessions";
import { increment, KvCodec, type KvQuery, KvStateMachine } from "@hexraft/statemachine-kv";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Access } from "../src/access/access.js";
import { ClientDoor } from "../src/door/client-door.js";
import { DEFAULT_DOOR_LIMITS } from "../src/door/door-limits.js";
import type { KvDoorService } from "../src/kv/kv-door-service.js";
import type { Front } from "../src/serve/front.js";
import { deskOf } from "./support/administered.js";
import { errorOf, oneRequest } from "./support/one-request.js";

const kv = new KvCodec();
const codec = new SessionCodec(kv);
let index: number;
let logTimeMs: number;
let door: Front;
let port: number;

/** A door whose node is its state machine alone. */
async function open(access = Access.open): Promise<void> {
  const machine = new SessionStateMachine(new KvStateMachine(), codec);
  [index, logTimeMs] = [1, 0];
  const service: KvDoorService = {
    apply: (command, done) => {
      const block = LogBlock.of(++index, 1, logTimeMs, EntryType.command, [codec.encodeCommand(command)]);
      const [result] = machine.apply(new CommandBatch([block], index, index)) as readonly never[];
      setImmediate(() => done(null, result));
    },
    read: async (query: KvQuery) => machine.read(query),
    admin: (fields, who, kind) => deskOf().ask(fields, who, kind),
    readToken: () => "",
    welcome: () => ({ nodeId: "n1", leader: "n1", clusterId: "c".repeat(32), sessions: true }),
  };
  door = new ClientDoor(() => service, kv, DEFAULT_DOOR_LIMITS, access);
  port = (await door.start({ host: "127.0.0.1", port: 0 })).port;
}

/** One request over a connection of its own. */
const ask = (kind: RequestKind, bytes: Uint8Array) => oneRequest(port, kind, bytes);

const once = (session: number, sequence: number, lowest = 1) =>
  ask(RequestKind.sessionCommand, codec.encodeCommand(new InSession(session, sequence, lowest, increment("n"))));
const nonce = new Uint8Array(16).fill(9);
const register = async () => readSessionOpened((await ask(RequestKind.openSession, nonce)).bytes).session;
beforeEach(() => open());
afterEach(() => door.stop());

it("C03 a number that comes twice, over whatever connection, is done once and answered alike", async () => {
  const session = await register();
  expect(await register()).toBe(session);
  const first = await once(session, 1);
  expect(kv.decodeResult(first.bytes)).toEqual({ type: "increment", value: 1n });
  expect(await once(session, 1)).toEqual(first);
  expect(kv.decodeResult((await once(session, 2)).bytes)).toEqual({ type: "increment", value: 2n });
});

it("C04 a session that is unknown or expired is refused, and nothing is done", async () => {
  const answer = await once(77, 1);
  expect([answer.kind, errorOf(answer)]).toEqual([AnswerKind.refused, "SessionExpired"]);
  const session = await register();
  logTimeMs += 300_000;
  const late = await once(session, 1);
  expect([late.kind, errorOf(late)]).toEqual([AnswerKind.refused, "SessionExpired"]);
  const client = new HexraftClient({ endpoints: [{ host: "127.0.0.1", port }] });
  expect(await client.increment("n")).toBe(1n);
  logTimeMs += 300_000;
  expect(await client.increment("n")).toBe(2n); // in another session, without a word
  client.close();
});

it("C03 C02 a number below the acknowledged ones is unknown: it may have been done", async () => {
  const session = await register();
  await once(session, 5, 5);
  const answer = await once(session, 4);
  expect([answer.kind, errorOf(answer)]).toEqual([AnswerKind.unknown, "AlreadyAcknowledged"]);
});

it("F03 what is no command in a session, or no registration, never reaches the log", async () => {
  const before = index;
  const inSession = codec.encodeCommand(new InSession(2, 1, 1, increment("n")));
  for (const bytes of [inSession.subarray(0, 20), Uint8Array.from([...inSession, 0]), kv.encodeCommand(increment("n"))])
    expect((await ask(RequestKind.sessionCommand, bytes)).kind).toBe(AnswerKind.refused);
  for (const bytes of [inSession, codec.encodeCommand(new OpenSession(nonce))])
    expect((await ask(RequestKind.command, bytes)).kind).toBe(AnswerKind.refused);
  expect((await ask(RequestKind.openSession, nonce.subarray(1))).kind).toBe(AnswerKind.refused);
  expect(index).toBe(before);
});

it("who may not write opens no session and does nothing in one", async () => {
  await door.stop();
  await open(new Access(new Map(), "read"));
  const before = index;
  for (const answer of [await ask(RequestKind.openSession, nonce), await once(2, 1)])
    expect([answer.kind, errorOf(answer)]).toEqual([AnswerKind.refused, "AccessDenied"]);
  expect(index).toBe(before);
});
