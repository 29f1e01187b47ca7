import { readFileSync } from "node:fs";
import { RaftError } from "@hexraft/core/ports";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batch, del, increment, KvCodec, type KvCommand, type KvPut, multiPut, put } from "../src/index.js";
import { answers, commands, queries, results } from "./samples.js";
import { Replica } from "./support.js";

const codec = new KvCodec();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const golden = (name: string) => readFileSync(new URL(`golden/${name}`, import.meta.url), "utf8");
const table = (lines: readonly (readonly [string, Uint8Array])[]) =>
  lines.map(([name, bytes]) => `${name}: ${hex(bytes)}\n`).join("");

/** What it returns, or the typed error that it throws; any other error is a failure. */
function outcomeOf<T>(run: () => T): T | RaftError {
  try {
    return run();
  } catch (error) {
    if (error instanceof RaftError) return error;
    throw error;
  }
}

function refusal(run: () => unknown): RaftError {
  const outcome = outcomeOf(run);
  if (outcome instanceof RaftError) return outcome;
  return expect.unreachable("it was not refused");
}

describe("the layout", () => {
  it("F03 commands are laid out as the golden bytes of format 1 say", () => {
    const lines = Object.entries(commands).map(([name, command]) => [name, codec.encodeCommand(command)] as const);
    expect(table(lines)).toBe(golden("commands-1.txt"));
  });

  it("F02 results are laid out as the golden bytes of format 1 say", () => {
    const lines = Object.entries(results).map(([name, result]) => [name, codec.encodeResult(result)] as const);
    expect(table(lines)).toBe(golden("results-1.txt"));
  });

  it.each(Object.entries(commands))("F03 the command `%s` comes back equal", (_name, command) => {
    expect(codec.decodeCommand(codec.encodeCommand(command))).toEqual(command);
  });

  it.each(Object.entries(results))("F02 the result `%s` comes back equal, also a Rejected", (_name, result) => {
    const decoded = codec.decodeResult(codec.encodeResult(result));
    expect(decoded).toEqual(result);
    expect(Object.getPrototypeOf(decoded)).toBe(Object.getPrototypeOf(result));
  });

  it("F03 queries and answers come back equal", () => {
    expect(queries.map((query) => codec.decodeQuery(codec.encodeQuery(query)))).toEqual(queries);
    expect(answers.map((answer) => codec.decodeAnswer(codec.encodeAnswer(answer)))).toEqual(answers);
  });

  it("F03 a large command does not disturb the next one", () => {
    const large = put("k", new Uint8Array(4 * 1024 * 1024).fill(9));
    const decoded = codec.decodeCommand(codec.encodeCommand(large)) as KvPut;
    expect(Buffer.compare(decoded.value, large.value)).toBe(0);
    expect(codec.decodeCommand(codec.encodeCommand(put("a", "b")))).toEqual(put("a", "b"));
  });
});

describe("what does not fit is refused before it enters the log", () => {
  const small = new KvCodec({ keyBytesMax: 3, valueBytesMax: 4, itemsMax: 2 });
  const key = new Uint8Array(1);
  it.each<[string, unknown, RegExp]>([
    ["a key too large", put("four", "v"), /A key has 4 bytes; keyBytesMax is 3/],
    ["a value too large", put("k", "value"), /A value has 5 bytes; valueBytesMax is 4/],
    ["a value too large in a batch", batch(put("k", "value")), /valueBytesMax is 4/],
    ["too many keys", del("a", "b", "c"), /3 keys; 1 to 2 \(itemsMax\)/],
    ["no keys", del(), /0 keys/],
    ["an empty batch", batch(), /0 commands/],
    ["a batch in a batch", { type: "batch", commands: [batch(del("a"))] }, /type batch is not known/],
    ["too many entries", multiPut(["a", "b", "c"].map((name) => [name, ""])), /3 entries/],
    ["a key that is text", { type: "persist", key: "text" }, /A key is no Uint8Array/],
    ["no value", { type: "put", key }, /A value is no Uint8Array/],
    ["a condition nobody knows", { ...put("k", ""), condition: "maybe" }, /condition maybe is neither/],
    ["a flag that is none", { ...put("k", ""), keepTtl: 1 }, /keepTtl is neither true nor left out/],
    ["two lifetimes", put("k", "", { ttlMs: 1, keepTtl: true }), /Both ttlMs and keepTtl/],
    ["a lifetime of nothing", put("k", "", { ttlMs: 0 }), /ttlMs is 0; it must be a whole number from 1/],
    ["half a millisecond", { type: "expire", key, ttlMs: 0.5 }, /ttlMs is 0.5/],
    ["an endless lifetime", { type: "expire", key, ttlMs: 2 ** 52 + 1 }, /ttlMs/],
    ["no lifetime", { type: "expire", key, ttlMs: Number.NaN }, /ttlMs is NaN/],
    ["a step beyond 64 bits", increment("k", 2n ** 63n), /no signed 64-bit bigint/],
    ["a step that is a number", { type: "increment", key, by: 1 }, /no signed 64-bit bigint/],
    ["a type nobody knows", { type: "putt" }, /type putt is not known/],
    ["nothing", null, /no object/],
  ])("F03 %s", (_what, command, message) => {
    const error = refusal(() => small.encodeCommand(command as KvCommand));
    expect(error).toMatchObject({ code: "BadCommand", outcome: "refused" });
    expect(error.message).toMatch(message);
  });

  it("F03 the default limits are 64 KiB a key and 4 MiB a value", () => {
    expect(() => codec.encodeCommand(put(new Uint8Array(65_536), new Uint8Array(4 * 1024 * 1024)))).not.toThrow();
    expect(refusal(() => codec.encodeCommand(put(new Uint8Array(65_537), ""))).code).toBe("BadCommand");
    expect(refusal(() => codec.encodeCommand(put("k", new Uint8Array(4 * 1024 * 1024 + 1)))).code).toBe("BadCommand");
  });

  it("F03 what is in the log is not judged by this node's limits, or replicas would differ", () => {
    const large = put("a longer key", "a longer value");
    expect(small.decodeCommand(codec.encodeCommand(large))).toEqual(large);
  });

  it.each([
    ["keyBytesMax", 0],
    ["keyBytesMax", 2 ** 20 + 1],
    ["valueBytesMax", 1.5],
    ["itemsMax", 65_537],
  ])("O05 %s of %d is refused at construction, naming field, value and rule", (field, value) => {
    const error = refusal(() => new KvCodec({ [field]: value }));
    expect(error.code).toBe("BadOption");
    expect(error.message).toContain(`${field} is ${value}; it must be a whole number from 1 to`);
  });
});

describe("hostile bytes", () => {
  const samples = Object.values(commands).map((command) => codec.encodeCommand(command));

  it("F03 a command cut at any byte, or with one too many, is a typed error", () => {
    for (const whole of samples) {
      for (let length = 0; length < whole.length; length++)
        expect(refusal(() => codec.decodeCommand(whole.subarray(0, length))).code).toBe("BadCommand");
      expect(refusal(() => codec.decodeCommand(Uint8Array.of(...whole, 0))).message).toMatch(/1 bytes too many/);
    }
  });

  it("F03 a huge count or length with no body costs no memory", () => {
    const huge = [0xff, 0xff, 0xff, 0xff];
    for (const body of [
      [1, 2, ...huge],
      [1, 3, ...huge],
      [1, 8, ...huge],
      [1, 7, ...huge],
      [1, 1, 0, ...huge],
    ])
      expect(refusal(() => codec.decodeCommand(Uint8Array.from(body))).code).toBe("BadCommand");
  });

  it("F03 any bytes decode to a command that encodes to the same bytes, or are a typed error", () => {
    const unlimited = new KvCodec({ keyBytesMax: 2 ** 20, valueBytesMax: 2 ** 20, itemsMax: 65_536 });
    const mutated = fc
      .tuple(fc.constantFrom(...samples), fc.nat(), fc.nat(255))
      .map(([sample, at, byte]) => sample.with(at % sample.length, byte));
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 64 })), (bytes) => {
        // An empty list decodes, does nothing when applied, and is refused when it is to be encoded.
        const outcome = outcomeOf(() => hex(unlimited.encodeCommand(codec.decodeCommand(bytes))));
        const told = outcome instanceof RaftError ? outcome.code : outcome;
        expect(["BadCommand", "FormatUnknown", hex(bytes)]).toContain(told);
      }),
      { numRuns: 5_000 },
    );
  });

  it("F02 any bytes are a result, query or answer, or a typed error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (tail) => {
        const bytes = Uint8Array.of(1, ...tail);
        const outcomes = [
          outcomeOf(() => codec.decodeResult(bytes)),
          outcomeOf(() => codec.decodeQuery(bytes)),
          outcomeOf(() => codec.decodeAnswer(bytes)),
        ];
        expect(outcomes.every((outcome) => outcome instanceof Object)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  it("F01 bytes in the log that are no command are rejected, the same everywhere, and change nothing", () => {
    const replica = new Replica();
    replica.apply(put("k", "v"));
    const hash = replica.machine.stateHash();
    const [cut, doubled] = replica.applyBytes([
      Uint8Array.of(1, 1, 0, 9),
      Uint8Array.of(1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0),
    ]);
    expect(cut).toMatchObject({ code: "BadCommand", reason: expect.stringContaining("ends early") });
    expect(doubled).toMatchObject({ code: "BadCommand", reason: expect.stringContaining("two conditions") });
    expect(replica.machine.stateHash()).toBe(hash);
  });

  it.each([
    ["format", [2, 1]],
    ["type", [1, 99]],
    ["flag", [1, 1, 128]],
  ])("F01 a command %s of a newer version is a fault: to skip it would make replicas differ", (_what, payload) => {
    expect(refusal(() => new Replica().applyBytes([Uint8Array.from(payload)]))).toMatchObject({
      code: "FormatUnknown",
    });
  });
});

it("F03 bytes from elsewhere are checked as a command is, and are proposed as they are", () => {
  const narrow = new KvCodec({ valueBytesMax: 4 });
  const bytes = codec.encodeCommand(put("key", "four"));
  expect(narrow.encodeCommand(narrow.checkCommand(bytes))).toBe(bytes);
  expect(() => narrow.checkCommand(codec.encodeCommand(put("key", "fives")))).toThrow("valueBytesMax is 4");
  expect(() => narrow.checkCommand(bytes.subarray(1))).toThrow(RaftError);
});
