import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Envelope, fromArray, type Message, RaftError, toArray } from "@hexraft/core/ports";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFrame, type Frame, FrameType, openFrame } from "../../src/wire/frame.js";
import { decodeMessage, encodeMessage } from "../../src/wire/message-frame.js";
import { MessageReader } from "../../src/wire/message-reader.js";
import { MessageWriter } from "../../src/wire/message-writer.js";
import { checksum } from "../support/ports.js";

const folder = join(import.meta.dirname, "..", "golden");
/** A golden frame of a message, without its length. */
const GOLDEN = readdirSync(folder).flatMap((file) => {
  const payload = new Uint8Array(
    Buffer.from(readFileSync(join(folder, file), "utf8").replaceAll("\n", ""), "hex").subarray(4),
  );
  return payload[5] === FrameType.message ? [{ name: file, payload }] : [];
});
const framed = (bytes: readonly Uint8Array[]): Frame =>
  openFrame(new Uint8Array(Buffer.concat(bytes)).subarray(4), checksum);
const joined = (bytes: readonly Uint8Array[]): string => Buffer.concat(bytes).toString("hex");
const beat = (head: Partial<Envelope> = {}, message: Partial<Message> = {}): Envelope => ({
  group: "main",
  from: "n1",
  fromIncarnation: "00112233445566aa",
  startNumber: 3,
  recoveryNumber: 1,
  to: "n2",
  toIncarnation: "ffeeddccbbaa9988",
  ...head,
  message: { type: "Heartbeat", term: 1, commit: 7, round: 9, ...message } as Message,
});
/** What becomes of a frame: the message, or the error. */
const outcome = (decode: (frame: Frame) => Envelope, payload: Uint8Array): unknown => {
  try {
    return toArray(decode(openFrame(payload, checksum)));
  } catch (error) {
    return error instanceof RaftError ? error.message : error;
  }
};
const anyNumber = fc.oneof(
  fc.nat(300),
  fc.nat(70_000),
  fc.integer({ min: 2 ** 31 - 2, max: 2 ** 32 + 2 }),
  fc.maxSafeNat(),
);
const name = fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/);
const incarnation = fc.stringMatching(/^[0-9a-f]{16}$/);
const anyEnvelope: fc.Arbitrary<Envelope> = fc
  .record({
    group: fc.oneof(name, fc.constantFrom("main", "side")),
    fromIncarnation: incarnation,
    startNumber: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    recoveryNumber: anyNumber,
    toIncarnation: fc.constantFrom("ffeeddccbbaa9988", "ffeeddccbbaa9989"),
    commit: anyNumber,
    round: anyNumber,
  })
  .map(({ commit, round, ...head }) => beat(head, { commit, round }));

describe("names that were said before", () => {
  it.each(GOLDEN)(
    "T01 T09 $name is laid down to the same bytes, and read to the same message, a second time",
    ({ payload }) => {
      const [writer, reader] = [new MessageWriter(checksum), new MessageReader(checksum)];
      const envelope = decodeMessage(openFrame(payload, checksum), checksum);
      const said = joined(encodeMessage(envelope, checksum).parts);
      for (let time = 0; time < 3; time++) {
        const { parts, sizeBytes } = writer.encode(envelope);
        expect(joined(parts)).toBe(said);
        expect(sizeBytes).toBe(said.length / 2);
        expect(toArray(reader.decode(framed(parts)))).toEqual(toArray(envelope));
      }
    },
  );

  it("T01 whatever is said, in whatever order, a writer that knows some of it lays down what msgpackr would, and a reader reads it", () => {
    fc.assert(
      fc.property(fc.array(anyEnvelope, { maxLength: 40 }), (envelopes) => {
        const [writer, reader] = [new MessageWriter(checksum), new MessageReader(checksum)];
        for (const envelope of [...envelopes, ...envelopes]) {
          const { parts } = writer.encode(envelope);
          expect(joined(parts)).toBe(joined(encodeMessage(envelope, checksum).parts));
          expect(reader.decode(framed(parts))).toEqual(envelope);
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ["another incarnation of the sender", { fromIncarnation: "00112233445566ab" }],
    ["another incarnation of the receiver", { toIncarnation: "ffeeddccbbaa9989" }],
    ["another start", { startNumber: 4 }],
    ["another recovery", { recoveryNumber: 2 }],
    ["another sender", { from: "n3" }],
    ["another receiver", { to: "n4" }],
    ["another group", { group: "mbin" }],
  ] as const)("M13 T01 T11 %s is not taken for the one before", (_, change) => {
    const [writer, reader] = [new MessageWriter(checksum), new MessageReader(checksum)];
    const [before, after] = [beat(), beat(change)];
    for (const envelope of [before, before, after, before, after])
      expect(reader.decode(framed(writer.encode(envelope).parts))).toEqual(envelope);
  });

  it("T01 a reader that knows the names refuses what one that does not would refuse, in 40,000 ways, with the same words", () => {
    let state = 20_261_122;
    const draw = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const reader = new MessageReader(checksum);
    const naive = (frame: Frame): Envelope => decodeMessage(frame, checksum);
    let refused = 0;
    for (let i = 0; i < 40_000; i++) {
      const { payload } = GOLDEN[draw(GOLDEN.length)] as (typeof GOLDEN)[number];
      const bytes = payload.slice();
      for (let changes = draw(3); changes > 0; changes--) bytes[12 + draw(bytes.length - 12)] = draw(256);
      const view = new DataView(bytes.buffer);
      view.setUint32(0, checksum.crc32(bytes.subarray(4, 12 + view.getUint32(8, true))), true);
      const expected = outcome(naive, bytes);
      if (typeof expected === "string") refused++;
      expect(outcome((frame) => reader.decode(frame), bytes)).toEqual(expected);
    }
    // Whatever came before, the right ones are read as ever.
    for (const { payload } of GOLDEN)
      expect(outcome((frame) => reader.decode(frame), payload)).toEqual(outcome(naive, payload));
    expect(refused).toBeGreaterThan(10_000);
  });

  it("T09 an envelope or a body that has grown is read, and so is one behind it that has not", () => {
    const reader = new MessageReader(checksum);
    const [envelope, plain] = [beat(), toArray(beat())];
    const body = plain.at(-1) as unknown[];
    const grown = [
      plain,
      [...plain, "more", 7],
      plain,
      [...plain.slice(0, -1), [...body, 0, 0, 0, 0, 1, true, "more"]],
      [...plain.slice(0, -1), [...body, 0, 0, 0, 0, 1, true]],
      plain,
    ];
    for (const array of grown)
      expect(reader.decode(framed([encodeFrame(FrameType.message, array, checksum)]))).toEqual(envelope);
  });

  it("T05 of however many groups there are, the names of the latest are kept, and none of those that fell silent (G02)", () => {
    const [writer, reader] = [new MessageWriter(checksum), new MessageReader(checksum)];
    const kept: number[] = [];
    for (let group = 0; group < 5_000; group++) {
      const envelope = beat({ group: `g${group}` });
      expect(reader.decode(framed(writer.encode(envelope).parts))).toEqual(envelope);
      kept.push(writer.namesKept, reader.namesKnown);
    }
    expect(Math.max(...kept)).toBe(1_024);
    const said = beat({ group: "g4999" });
    for (let turn = 0; turn < 2; turn++) {
      writer.turn();
      reader.turn();
      expect(reader.decode(framed(writer.encode(said).parts))).toEqual(said);
    }
    expect([writer.namesKept, reader.namesKnown]).toEqual([1, 1]);
  });

  it("T10 what was laid down is never written to again: it may wait in a socket while the next ones are laid down", () => {
    const writer = new MessageWriter(checksum);
    const waiting = Array.from({ length: 1_000 }, (_, round) => writer.encode(beat({}, { round })));
    const rounds = waiting.map(({ parts }) => fromArray(framed(parts).fields, []).message);
    expect(rounds.map((message) => message.type === "Heartbeat" && message.round)).toEqual([...rounds.keys()]);
  });
});
