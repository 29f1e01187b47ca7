import { type Codec, RaftError } from "@hexraft/core/ports";
import { SeededRandom } from "../time/seeded-random.js";
import { canonical, check, same } from "./check.js";
import type { Law } from "./law.js";
import { type LawSuite, lawSuite } from "./law-suite.js";

/** What the Codec laws need of an adapter. */
export interface CodecFixture<Command = unknown, Result = unknown> {
  /** A codec; each call makes another, as each node has its own. */
  readonly create: () => Codec<Command, Result>;
  /** At least four commands, all different, that together use every kind and option. */
  readonly commands: readonly Command[];
  /** Results, all different, of every kind. The core carries a `Rejected` itself: leave it out, unless the codec takes it. */
  readonly results: readonly Result[];
  /** At least one value that is no command: a wrong type, a missing field, a number out of range. */
  readonly misfits: readonly unknown[];
}

/** What every Codec must do. Each law asks codecs of a fixture of its own. */
export function codecLaws<Command, Result>(factory: () => CodecFixture<Command, Result>): LawSuite {
  const law = (id: string, why: string, run: (halves: readonly Half[], fixture: CodecFixture) => void): Law => ({
    id,
    why,
    run: async () => {
      const { create, ...values } = factory();
      // The laws say nothing about the types: they give each codec back what it made, or what is no command at all.
      const fixture: CodecFixture = { create: () => create(), ...values };
      run(halvesOf(fixture), fixture);
    },
  });
  return lawSuite("Codec laws", [...layoutLaws(law), ...ownershipLaws(law), ...hostileLaws(law)]);
}

type MakeLaw = (id: string, why: string, run: (halves: readonly Half[], fixture: CodecFixture) => void) => Law;

/** Commands or results: the two things that a codec lays out. */
interface Half {
  readonly name: string;
  readonly values: readonly unknown[];
  readonly encode: (value: unknown) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
  /** A half of another node's codec. */
  readonly elsewhere: () => Half;
}

function halvesOf(fixture: CodecFixture): readonly [Half, Half] {
  const codec = fixture.create();
  const commands: Half = {
    name: "command",
    values: fixture.commands,
    encode: (value) => codec.encodeCommand(value),
    decode: (bytes) => codec.decodeCommand(bytes),
    elsewhere: () => halvesOf(fixture)[0],
  };
  const results: Half = {
    name: "result",
    values: fixture.results,
    encode: (value) => codec.encodeResult(value),
    decode: (bytes) => codec.decodeResult(bytes),
    elsewhere: () => halvesOf(fixture)[1],
  };
  return [commands, results];
}

const layoutLaws = (law: MakeLaw): readonly Law[] => [
  law("F03 decode of encode is the same value", "what is applied must be what was proposed", (halves, { commands }) => {
    check(commands.length >= 4, "the fixture must bring at least four commands");
    for (const { name, values, encode, decode } of halves)
      for (const value of values) same(decode(encode(value)), value, name);
  }),
  law(
    "F02 another node's codec reads it: class, fields and bytes",
    "a result travels from the leader to the node that forwarded the command, and is used there as if it had been applied there",
    (halves) => {
      for (const half of halves) {
        const there = half.elsewhere();
        for (const value of half.values) {
          const read = there.decode(half.encode(value));
          same(read, value, half.name);
          check(classOf(read) === classOf(value), `a ${half.name} lost its class`);
        }
      }
    },
  ),
  law(
    "F03 one value has one layout, in every codec and at every time",
    "retries are recognised and logs compared by their bytes",
    (halves) => {
      for (const half of halves) {
        const bytes = half.values.map((value) => half.encode(value).slice());
        const backwards = half.values.toReversed().map((value) => half.elsewhere().encode(value).slice());
        same(backwards.toReversed(), bytes, `bytes of every ${half.name}`);
        for (const [i, each] of bytes.entries()) same(half.encode(half.decode(each)), each, `${half.name} ${i} again`);
      }
    },
  ),
  law("F03 different values have different layouts", "two commands with one layout are one command", (halves) => {
    for (const { name, values, encode } of halves)
      same(new Set(values.map((value) => encode(value).join(" "))).size, values.length, `layouts of every ${name}`);
  }),
  law(
    "F03 a command that does not fit is refused as BadCommand, before it has bytes",
    "in the log it would be there for ever, on every replica",
    (_halves, { create, misfits }) => {
      check(misfits.length > 0, "the fixture must bring a value that is no command");
      for (const misfit of misfits) {
        const error = thrownBy(() => create().encodeCommand(misfit));
        const isRefusal = error instanceof RaftError && error.code === "BadCommand" && error.outcome === "refused";
        check(isRefusal, `${canonical(misfit)}: expected BadCommand, refused; got ${String(error)}`);
      }
    },
  ),
];

const ownershipLaws = (law: MakeLaw): readonly Law[] => [
  law("F03 encoding changes nothing in the value", "its caller goes on using it", (halves) => {
    for (const { name, values, encode } of halves) {
      for (const value of values) {
        const before = canonical(value);
        encode(value);
        same(canonical(value), before, name);
      }
    }
  }),
  law(
    "R14 bytes once encoded stay as they are, whatever is encoded next",
    "a codec that reuses its buffer rewrites the commands that wait to be appended",
    (halves) => {
      for (const { name, values, encode } of halves) {
        const kept: { readonly bytes: Uint8Array; readonly copy: Uint8Array }[] = [];
        for (const value of values) {
          const bytes = encode(value);
          kept.push({ bytes, copy: bytes.slice() });
        }
        for (const { bytes, copy } of kept) same(bytes, copy, `bytes of a ${name}`);
      }
    },
  ),
  law(
    "R14 bytes once encoded stay as they are when the value's own bytes change",
    "the caller reuses its buffer while the command is on its way to the disk",
    (halves) => {
      for (const { name, values, encode, decode } of halves) {
        for (const value of values) {
          // A copy of the value through the codec, so that the fixture's own stays whole.
          const mine = decode(encode(value).slice());
          const bytes = encode(mine);
          const copy = bytes.slice();
          scribble(mine);
          same(bytes, copy, name);
        }
      }
    },
  ),
  law("R14 what is done to encoded bytes shows in no later ones", "bytes belong to who asked for them", (halves) => {
    for (const { name, values, encode } of halves) {
      for (const value of values) {
        const before = encode(value).slice();
        encode(value).fill(0xaa);
        same(encode(value), before, name);
      }
    }
  }),
  law(
    "R14 decoding changes nothing in the bytes, and reads them from the middle of a buffer",
    "a payload is a view into a block that goes to disk and to followers; its first byte is not the buffer's",
    (halves) => {
      for (const { name, values, encode, decode } of halves) {
        for (const value of values) {
          const bytes = encode(value);
          const buffer = new Uint8Array(bytes.length + 11).fill(0xee);
          buffer.set(bytes, 5);
          const before = buffer.slice();
          same(decode(buffer.subarray(5, 5 + bytes.length)), value, name);
          same(buffer, before, "the buffer");
        }
      }
    },
  ),
];

const hostileLaws = (law: MakeLaw): readonly Law[] => [
  law("F03 cut bytes give a value or a RaftError, nothing else", WHY_HOSTILE, (halves) => {
    for (const half of halves)
      for (const bytes of layoutsOf(half))
        for (let length = 0; length < Math.min(bytes.length, CUTS_MAX); length++)
          expectTyped(half, bytes.slice(0, length));
  }),
  law("F03 flipped bits give a value or a RaftError, nothing else", WHY_HOSTILE, (halves) => {
    const random = new SeededRandom("codec laws: bits");
    for (const half of halves) {
      for (const bytes of layoutsOf(half)) {
        for (let i = 0; i < FLIPS && bytes.length > 0; i++) {
          const broken = bytes.slice();
          const at = random.integer(0, bytes.length - 1);
          broken[at] = (broken[at] as number) ^ (1 << random.integer(0, 7));
          expectTyped(half, broken);
        }
      }
    }
  }),
  law("F03 bytes of chance, and long lengths, give a value or a RaftError, nothing else", WHY_HOSTILE, (halves) => {
    const random = new SeededRandom("codec laws: noise");
    for (const half of halves) {
      for (let i = 0; i < NOISES; i++)
        expectTyped(
          half,
          Uint8Array.from({ length: random.integer(0, 40) }, () => random.integer(0, 255)),
        );
      for (const bytes of layoutsOf(half))
        for (let at = 0; at < Math.min(bytes.length, CUTS_MAX); at++) expectTyped(half, bytes.slice().fill(0xff, at));
    }
  }),
  law(
    "F07 hostile bytes mean the same to every codec",
    "bytes in the log reach every replica: what one refuses and another applies tears them apart",
    (halves) => {
      const random = new SeededRandom("codec laws: agreement");
      for (const half of halves) {
        const there = half.elsewhere();
        for (const bytes of layoutsOf(half)) {
          const broken = bytes.slice(0, random.integer(0, bytes.length));
          if (broken.length > 0) broken[random.integer(0, broken.length - 1)] = random.integer(0, 255);
          same(outcomeOf(there, broken), outcomeOf(half, broken), half.name);
        }
      }
    },
  ),
];

const WHY_HOSTILE =
  "a newer version, a bug or an enemy may have written them; an error without a name takes the node down, an endless allocation the machine";
/** How many lengths of one layout are tried. */
const CUTS_MAX = 200;
const FLIPS = 50;
const NOISES = 500;

const layoutsOf = ({ values, encode }: Half): readonly Uint8Array[] => values.map((value) => encode(value).slice());

function outcomeOf({ decode }: Half, bytes: Uint8Array): unknown {
  try {
    return { value: decode(bytes) };
  } catch (error) {
    return error instanceof RaftError ? error.code : String(error);
  }
}

function expectTyped({ name, decode }: Half, bytes: Uint8Array): void {
  const error = thrownBy(() => decode(bytes));
  check(
    error === undefined || error instanceof RaftError,
    `a ${name} of bytes ${bytes.join(" ")}: ${String(error)} is no RaftError`,
  );
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error ?? new Error("something without a name was thrown");
  }
}

const classOf = (value: unknown): unknown =>
  typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : typeof value;

/** Overwrites every byte array within the value. */
function scribble(value: unknown): void {
  if (value instanceof Uint8Array) value.fill(0x5a);
  else if (typeof value === "object" && value !== null) for (const part of Object.values(value)) scribble(part);
}
