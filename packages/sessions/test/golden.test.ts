import { increment, KvCodec, KvStateMachine, put } from "@hexraft/statemachine-kv";
import { expect, it } from "vitest";
import { InSession, SessionCodec, SessionOpened, SessionRefused, SessionStateMachine } from "../src/index.js";
import { counted, named, opening, Replica } from "./support.js";

const codec = new SessionCodec(new KvCodec());
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Of sessions, with format 1 of the state machine in them. */
const [FORMAT_1, FORMAT_2] = [65_537, 131_073];

/** A small state in which everything occurs that a snapshot can hold. */
async function replica(openFormat = FORMAT_2): Promise<Replica> {
  const made = new Replica({}, openFormat);
  const [one, two] = openFormat < FORMAT_2 ? [2, 3] : [named(1, 2), named(2, 3)];
  await made.apply(opening(1), opening(2), put("big", new Uint8Array(600_000)));
  made.logTimeMs = 9_000;
  const swap = new InSession(two, 1, 1, put("big", "small", { returnPrevious: true }));
  await made.apply(swap, counted(one, 2 ** 33, 2 ** 32), counted(one, 2 ** 33 + 1, 2 ** 32));
  return made;
}

async function snapshotOf({ machine }: { machine: SessionStateMachine }): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of machine.snapshotSave()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

it.each([
  [1, FORMAT_1],
  [2, FORMAT_2],
])("C03 F05 format %i of commands, results and snapshots stays as it is, byte by byte", async (format, openFormat) => {
  const commands = [opening(0xab), counted(2 ** 33 + 2, 7, 5)];
  const results = [
    new SessionOpened(2 ** 33 + 2, 300_000),
    new SessionRefused("SessionExpired", "a"),
    new SessionRefused("AlreadyAcknowledged", "b"),
    new SessionRefused("ResultNotKept", "c"),
  ];
  const lines = [
    ...commands.map((command) => `command  ${hex(codec.encodeCommand(command, openFormat))}`),
    `command  ${hex(codec.encodeCommand(increment("n")))}`,
    ...results.map((result) => `result   ${hex(codec.encodeResult(result))}`),
    `snapshot ${hex(await snapshotOf(await replica(openFormat)))}`,
  ];
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(`golden/sessions-${format}.txt`);
});

it.each([FORMAT_1, FORMAT_2])("C03 F05 a snapshot in format %i is read", async (formatVersion) => {
  const origin = await replica(formatVersion);
  const bytes = await snapshotOf(origin);
  const machine = new SessionStateMachine(new KvStateMachine(), codec);
  await machine.open();
  await machine.snapshotLoad(
    (async function* () {
      yield bytes;
    })(),
    { id: { index: origin.index, term: 1 }, formatVersion },
  );
  expect([machine.sessions, machine.keptBytes]).toEqual([2, origin.machine.keptBytes]);
  expect(hex(await snapshotOf({ machine }))).toBe(hex(bytes));
});
