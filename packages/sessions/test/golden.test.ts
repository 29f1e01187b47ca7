import { increment, KvCodec, KvStateMachine, put } from "@hexraft/statemachine-kv";
import { expect, it } from "vitest";
import { InSession, SessionCodec, SessionOpened, SessionRefused, SessionStateMachine } from "../src/index.js";
import { counted, opening, Replica } from "./support.js";

const codec = new SessionCodec(new KvCodec());
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** A small state in which everything occurs that a snapshot can hold. */
async function replica(): Promise<Replica> {
  const made = new Replica();
  await made.apply(opening(1), opening(2), put("big", new Uint8Array(600_000)));
  made.logTimeMs = 9_000;
  const swap = new InSession(3, 1, 1, put("big", "small", { returnPrevious: true }));
  await made.apply(swap, counted(2, 2 ** 33, 2 ** 32), counted(2, 2 ** 33 + 1, 2 ** 32));
  return made;
}

async function snapshotOf({ machine }: { machine: SessionStateMachine }): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of machine.snapshotSave()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

it("C03 F05 format 1 of commands, results and snapshots stays as it is, byte by byte", async () => {
  const commands = [opening(0xab), counted(2 ** 33 + 2, 7, 5)];
  const results = [
    new SessionOpened(2 ** 33 + 2, 300_000),
    new SessionRefused("SessionExpired", "a"),
    new SessionRefused("AlreadyAcknowledged", "b"),
    new SessionRefused("ResultNotKept", "c"),
  ];
  const lines = [
    ...commands.map((command) => `command  ${hex(codec.encodeCommand(command))}`),
    `command  ${hex(codec.encodeCommand(increment("n")))}`,
    ...results.map((result) => `result   ${hex(codec.encodeResult(result))}`),
    `snapshot ${hex(await snapshotOf(await replica()))}`,
  ];
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/sessions-1.txt");
});

it("C03 F05 a snapshot in format 1 is read", async () => {
  const origin = await replica();
  const bytes = await snapshotOf(origin);
  const machine = new SessionStateMachine(new KvStateMachine(), codec);
  const { formatVersion } = await machine.open();
  await machine.snapshotLoad(
    (async function* () {
      yield bytes;
    })(),
    { id: { index: origin.index, term: 1 }, formatVersion },
  );
  expect([machine.sessions, machine.keptBytes]).toEqual([2, origin.machine.keptBytes]);
  expect(hex(await snapshotOf({ machine }))).toBe(hex(bytes));
});
