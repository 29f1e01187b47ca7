import {
  type Checksum,
  type Envelope,
  type EnvelopeHead,
  fromArray,
  fromBody,
  type LogBlock,
} from "@hexraft/core/ports";
import type { Frame } from "./frame.js";
import { messageIn } from "./message-frame.js";
import { packArray } from "./msgpack.js";
import { readPlain, SHORT_ARRAY } from "./plain-fields.js";
import { Recent } from "./recent.js";

/** Most groups whose names are remembered of one connection; with more that are busy some are read anew. */
const NAMES_KNOWN_MAX = 1_024;
/** First byte of an envelope that nobody has added anything to: code, seven names and numbers, body. */
const ENVELOPE = SHORT_ARRAY | 9;
/** Where the names stand: behind that and the code. */
const NAMES_AT = 2;
/** A code of one byte. */
const CODE_MAX = 0x7f;

/** What envelopes say between their code and their body, and the bytes of that. */
interface KnownNames {
  readonly bytes: Uint8Array;
  readonly head: EnvelopeHead;
}

/**
 * Reads the messages of one connection. Who says it to whom is the same in each message of a group: bytes that were read once, and
 * held against every rule, are known when they come again. A body of whole numbers and flags alone is read here. Anything else, and
 * whatever may be wrong, goes the long way, which alone refuses (T01).
 */
export class MessageReader {
  private readonly known = new Recent<number, KnownNames>(NAMES_KNOWN_MAX);

  constructor(private readonly checksum: Checksum) {}

  /**
   * The message of a frame, as {@link messageIn} has it.
   *
   * @throws RaftError `BadMessage`, or `Damaged` for a block.
   */
  decode(frame: Frame): Envelope {
    return messageIn(frame, this.checksum, (blocks) => this.read(frame, blocks));
  }

  /** Groups whose names are known. */
  get namesKnown(): number {
    return this.known.size;
  }

  /** Some time has passed: groups of which nothing came meanwhile are let go. */
  turn(): void {
    this.known.turn();
  }

  private read(frame: Frame, blocks: readonly LogBlock[]): Envelope {
    const { envelope: bytes } = frame;
    const code = bytes[1] ?? 0xff;
    if (bytes[0] !== ENVELOPE || code > CODE_MAX) return fromArray(frame.fields, blocks);
    const key = keyOf(bytes);
    const names = this.known.get(key);
    if (names !== undefined && stands(names.bytes, bytes)) {
      const body = readPlain(bytes, NAMES_AT + names.bytes.length);
      return body === undefined ? fromArray(frame.fields, blocks) : fromBody(names.head, code, body, blocks);
    }
    const envelope = fromArray(frame.fields, blocks);
    this.learn(key, bytes, envelope);
    return envelope;
  }

  /** Of an envelope that was right. One that lays its names down in another way than all releases do is read the long way again. */
  private learn(key: number, bytes: Uint8Array, envelope: Envelope): void {
    const { group, from, fromIncarnation, startNumber, recoveryNumber, to, toIncarnation } = envelope;
    const laid = packArray([group, from, fromIncarnation, startNumber, recoveryNumber, to, toIncarnation]).slice(1);
    if (!stands(laid, bytes)) return;
    const head = { group, from, fromIncarnation, startNumber, recoveryNumber, to, toIncarnation };
    this.known.set(key, { bytes: laid, head });
  }
}

/** Whether these are the names of that envelope. */
function stands(names: Uint8Array, envelope: Uint8Array): boolean {
  for (let at = 0; at < names.length; at++) if (names[at] !== envelope[NAMES_AT + at]) return false;
  return true;
}

/** A number for the name of the group, as it stands there. Two of one number take each other's place. */
function keyOf(envelope: Uint8Array): number {
  const first = envelope[NAMES_AT] ?? 0;
  const isLong = first === 0xd9;
  const end = NAMES_AT + (isLong ? 2 + (envelope[NAMES_AT + 1] ?? 0) : 1 + (first & 0x1f));
  let key = 0;
  for (let at = NAMES_AT; at < end; at++) key = (Math.imul(key, 31) + (envelope[at] ?? 0)) | 0;
  return key;
}
