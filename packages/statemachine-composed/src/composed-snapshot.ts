import { ByteSource, RaftError } from "@hexraft/core/ports";

/*
 * The snapshot of several state machines, format 1; numbers are little-endian:
 *
 *   u32 "HXCM" | u16 version | u16 parts, by name; each:
 *     u8 length of the name | name | u32 format of its bytes | frames: u32 length, 1 … 65,536, and so many bytes | u32 0
 *
 * All frames of a part but its last are full, so that equal states have equal bytes.
 */
const MAGIC = 0x4d435848;
const VERSION = 1;
const HEAD_BYTES = 8;
/** Longest frame, bytes. */
export const FRAME_BYTES_MAX = 65_536;

/** One part's snapshot. */
export interface PartSnapshot {
  readonly name: string;
  readonly formatVersion: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The bytes of all parts' snapshots, which were begun at one instant. */
export async function* layOutParts(parts: readonly PartSnapshot[]): AsyncGenerator<Uint8Array> {
  const head = new Uint8Array(HEAD_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, VERSION, true);
  view.setUint16(6, parts.length, true);
  yield head;
  for (const { name, formatVersion, bytes } of parts) {
    yield Uint8Array.of(name.length, ...Array.from(name, (character) => character.charCodeAt(0)));
    yield u32(formatVersion);
    const source = new ByteSource(bytes);
    for (;;) {
      const frame = await source.take(FRAME_BYTES_MAX);
      yield u32(frame.length);
      if (frame.length === 0) break;
      yield frame;
    }
  }
}

/**
 * Gives each part what is its own, one after the other; what a part leaves unread is skipped.
 *
 * @throws RaftError `Damaged`, `FormatUnknown`, or what `load` throws.
 */
export async function readParts(
  bytes: AsyncIterable<Uint8Array>,
  load: (part: PartSnapshot) => Promise<void>,
): Promise<void> {
  const source = new ByteSource(bytes);
  const exactly = async (length: number): Promise<DataView> => {
    const taken = await source.take(length);
    if (taken.length < length) throw damaged("it ends too early");
    return new DataView(taken.buffer, taken.byteOffset, taken.length);
  };
  async function* frames(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const length = (await exactly(4)).getUint32(0, true);
      if (length === 0) return;
      if (length > FRAME_BYTES_MAX) throw damaged(`a frame of ${length} bytes`);
      const { buffer, byteOffset } = await exactly(length);
      yield new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
    }
  }
  const head = await exactly(HEAD_BYTES);
  if (head.getUint32(0, true) !== MAGIC) throw damaged("wrong magic number");
  const version = head.getUint16(4, true);
  if (version !== VERSION) throw unknownFormat(`has format ${version}, and this version knows format ${VERSION}`);
  for (let left = head.getUint16(6, true); left > 0; left--) {
    const { buffer, byteOffset, byteLength } = await exactly((await exactly(1)).getUint8(0));
    const name = String.fromCharCode(...new Uint8Array(buffer, byteOffset, byteLength));
    const formatVersion = (await exactly(4)).getUint32(0, true);
    const own = frames();
    // Leaving the loop of a reader ends a generator: what it left unread is still to be skipped.
    await load({ name, formatVersion, bytes: { [Symbol.asyncIterator]: () => ({ next: () => own.next() }) } });
    for await (const _ of own);
  }
  if ((await source.take(1)).length > 0) throw damaged("it goes on behind its last state machine");
}

/** A snapshot that another version made. */
export const unknownFormat = (what: string): RaftError =>
  new RaftError(
    "FormatUnknown",
    "refused",
    `The snapshot of the composed state machines ${what}; run one that knows it.`,
  );

const damaged = (what: string): RaftError =>
  new RaftError("Damaged", "refused", `The snapshot of the composed state machines is damaged: ${what}.`);

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
