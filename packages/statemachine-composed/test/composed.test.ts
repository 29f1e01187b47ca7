import { CommandBatch, EntryType, LogBlock, RaftError, Rejected, type StateMachine } from "@hexraft/core/ports";
import { get, KvCodec, KvStateMachine, put } from "@hexraft/statemachine-kv";
import { describe, expect, it } from "vitest";
import { ComposedCodec, ComposedStateMachine, composed, PartResult, type Parts, part } from "../src/index.js";
import { parts, Tally, tallyCodec } from "./support.js";

const codec = new ComposedCodec(parts);

/** Applies commands, or bytes, as one batch from an entry on. */
async function applied(
  machine: StateMachine<never>,
  from: number,
  ...given: readonly (Uint8Array | Parameters<typeof codec.encodeCommand>[0])[]
): Promise<readonly unknown[]> {
  const payloads = given.map((each) => (each instanceof Uint8Array ? each : codec.encodeCommand(each)));
  const block = LogBlock.of(from, 1, 1_000, EntryType.command, payloads);
  return machine.apply(new CommandBatch([block], block.first, block.last));
}

async function opened<P extends Parts>(given: P): Promise<ComposedStateMachine<P>> {
  const machine = new ComposedStateMachine(given);
  await machine.open();
  return machine;
}

async function bytesOf(machine: StateMachine<never>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of machine.snapshotSave()) chunks.push(chunk);
  return chunks;
}

async function* pieces(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const ABOUT = { id: { index: 9, term: 1 }, formatVersion: 1 };
const load = (machine: StateMachine<never>, ...chunks: readonly Uint8Array[]) =>
  machine.snapshotLoad(pieces(...chunks), ABOUT);
const reason = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "it resolved",
    (error: unknown) => (error instanceof RaftError ? `${error.code}: ${error.message}` : String(error)),
  );

describe("state machines under their own names", () => {
  it("F04 each gets its own commands in the order of the log, and each command the result of its own", async () => {
    const machine = await opened(parts);
    const results = await applied(
      machine,
      2,
      { to: "tally", command: 5 },
      { to: "texts", command: put("a", "1") },
      { to: "tally", command: -3 },
      { to: "tally", command: -3 },
      Uint8Array.of(0, 1),
    );
    expect(results).toEqual([
      new PartResult("tally", 5),
      new PartResult("texts", expect.objectContaining({ type: "put", done: true })),
      new PartResult("tally", 2),
      new Rejected("Overdrawn", "there are 2"),
      new Rejected("BadCommand", expect.stringContaining("no name of a state machine")),
    ]);
    expect(machine.read({ to: "tally", query: "sum" })).toBe(2);
    expect(machine.read({ to: "texts", query: get("a") })).toMatchObject({ value: Uint8Array.of(0x31) });
    expect(() => machine.read({ to: "none", query: "sum" } as never)).toThrow(/no state machine "none".*tally, texts/);
  });

  it("F04 one snapshot holds all of them, each in its own format, and no two of them mix", async () => {
    const origin = await opened(parts);
    await applied(origin, 2, { to: "tally", command: 41 }, { to: "texts", command: put("k", "v".repeat(150_000)) });
    const chunks = await bytesOf(origin);
    const copy = await opened(parts);
    await load(copy, ...chunks);
    expect(copy.stateHash?.()).toBe(origin.stateHash?.());
    expect(copy.stateHash?.()).toMatch(/^tally:41 texts:[0-9a-f]{16}$/);
    const lazy = new Tally();
    lazy.snapshotLoad = async (bytes) => {
      for await (const _ of bytes) break; // what is left unread is not the next one's
    };
    const other = await opened({ ...parts, tally: part(() => lazy, tallyCodec) });
    expect(await reason(load(other, ...chunks))).toBe("it resolved");
    expect(other.read({ to: "texts", query: get("k") })).toEqual(origin.read({ to: "texts", query: get("k") }));
  });

  it("F04 F05 a part that came later begins empty; one that went is missed, and so is one that would keep an old state", async () => {
    const alone = { tally: parts.tally };
    const early = await opened(alone);
    await applied(early, 2, { to: "tally", command: 7 });
    const later = await opened(parts);
    await load(later, ...(await bytesOf(early)));
    expect(later.read({ to: "tally", query: "sum" })).toBe(7);
    await applied(later, 10, { to: "texts", command: put("a", "1") });
    expect(await reason(load(early, ...(await bytesOf(later))))).toMatch(
      /^FormatUnknown: .*holds "texts", which is not here \(tally\)/,
    );
    expect(await reason(load(later, ...(await bytesOf(early))))).toMatch(
      /^FormatUnknown: .*lacks texts, which has a state here/,
    );
  });

  it("F04 R15 a command for a part that is not here is a fault, not a rejection: another replica has it", async () => {
    const machine = await opened({ texts: parts.texts });
    expect(await reason(applied(machine, 2, { to: "tally", command: 1 }))).toMatch(
      /^FormatUnknown: Entry 2 is for "tally", which is not here \(texts\); run a version that has it/,
    );
  });

  it("F04 R15 a part that owes a result is named", async () => {
    const silent: StateMachine = Object.assign(new Tally(), { apply: () => [] });
    const machine = await opened({ tally: part(() => silent, tallyCodec) });
    expect(await reason(applied(machine, 2, { to: "tally", command: 1 }))).toContain(
      "tally returned 0 results for 1 commands",
    );
  });

  it("F04 F06 a part with a durable state of its own is refused, by name", async () => {
    const durable = Object.assign(new Tally(), { open: () => ({ appliedIndex: 5, formatVersion: 1 }) });
    const machine = new ComposedStateMachine({ ...parts, tally: part(() => durable, tallyCodec) });
    expect(await reason(machine.open())).toMatch(
      /^BadOption: State machine tally keeps its own durable state, up to entry 5/,
    );
  });

  it("F04 O05 names are checked: none, too long, not allowed", () => {
    for (const given of [{}, { "": parts.tally }, { "a b": parts.tally }, { ["x".repeat(65)]: parts.tally }])
      expect(() => composed(given)).toThrow(/option (?:parts|name) of composed/);
  });

  it("F04 S09 a snapshot that is cut, spoilt, or of another format is refused", async () => {
    const machine = await opened(parts);
    await applied(machine, 2, { to: "tally", command: 41 }, { to: "texts", command: put("k", "v") });
    const whole = Buffer.concat(await bytesOf(machine));
    for (let end = 0; end < whole.length; end++)
      expect(await reason(load(await opened(parts), whole.subarray(0, end)))).toMatch(/^Damaged: .*it ends too early/);
    const spoilt = (at: number, byte: number) => Buffer.from(whole).fill(byte, at, at + 1);
    const refusal = async (bytes: Uint8Array) => reason(load(await opened(parts), bytes));
    expect(await refusal(spoilt(0, 0))).toMatch(/^Damaged: .*wrong magic number/);
    expect(await refusal(spoilt(4, 2))).toMatch(/^FormatUnknown: .*has format 2/);
    expect(await refusal(spoilt(20, 0xff))).toMatch(/^Damaged: .*a frame of \d+ bytes/);
    expect(await refusal(Buffer.concat([whole, Buffer.alloc(1)]))).toMatch(/^Damaged: .*goes on behind/);
    const otherFormat = machine.snapshotLoad(pieces(whole), { ...ABOUT, formatVersion: 2 });
    expect(await reason(otherFormat)).toMatch(/^FormatUnknown: .*has format 2/);
  });

  it("F04 F05 format 1 stays as it is, byte by byte", async () => {
    const machine = await opened(parts);
    await applied(machine, 2, { to: "tally", command: 41 });
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
    expect(hex(Buffer.concat(await bytesOf(machine))).slice(0, 56)).toBe(
      // HXCM, version 1, two parts; tally, format 3, a frame of two bytes "41", end; texts, …
      ["4858434d", "0100", "0200", "05", "74616c6c79", "03000000", "02000000", "3431", "00000000"].join(""),
    );
    expect(hex(codec.encodeCommand({ to: "tally", command: -3 }))).toBe("0574616c6c792d33");
    expect(hex(codec.encodeResult(new PartResult("tally", 2)))).toBe("0574616c6c7932");
    expect(hex(codec.encodeResult(new Rejected("No", "why")))).toBe("00024e6f776879");
  });

  it("F04 what a node tells is told to each, and a hash is there only if every part has one", async () => {
    const [first, second] = [new Tally(), new Tally()];
    const two = { a: part(() => first, tallyCodec), b: part(() => second, tallyCodec) };
    const machine = await opened(two);
    machine.leaderStart(4);
    await machine.shutdown();
    expect([first.told, second.told]).toEqual([
      ["leader 4", "shutdown"],
      ["leader 4", "shutdown"],
    ]);
    const { stateHash: _, ...without } = new Tally();
    const bare = Object.setPrototypeOf(without, Tally.prototype) as StateMachine;
    expect(new ComposedStateMachine({ a: part(() => bare, tallyCodec), ...parts }).stateHash).toBeUndefined();
    expect(new ComposedStateMachine({ kv: part(() => new KvStateMachine(), new KvCodec()) }).stateHash).toBeDefined();
  });
});
