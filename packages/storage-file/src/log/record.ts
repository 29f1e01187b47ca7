import {
  announcedBlock,
  BLOCK_HEADER_BYTES,
  type Checksum,
  type HardState,
  type LogBlock,
  type LogId,
  type LogIndex,
  openBlock,
  RaftError,
  verifyBlock,
} from "@hexraft/core/ports";
import { GROUP_ID_WIDTH, getName, getU64, INCARNATION_WIDTH, setName, setU64, viewOf } from "../format/bytes.js";
import { HARD_STATE_BYTES, layHardState, readHardState } from "./hard-state-record.js";

/*
 * One record of a batch:
 *
 *   0 u16 magic "HR"   2 u8 kind   3 u8 0   4 u32 payload length   8 u32 group (1: the group in the segment's head)
 *  12 u32 generation  16 u64 group sequence number  24 u64 segment  32 u64 offset of this record
 *  40 u32 checksum of bytes 0–39 and of the payload, of a block's payload its header alone: its body has its own
 *  44 payload
 */
const MAGIC = 0x5248;
/** The group of a log that is one replica's: the one in the segment's head. */
export const SOLE_GROUP = 1;

/** Bytes before a record's payload. */
export const RECORD_HEADER_BYTES = 44;

/** What a record says. The numbers are in files: they never change meaning. */
export const RecordKind = {
  hardState: 1,
  /** The log was thrown away and begins anew after this entry. */
  reset: 2,
  /** This entry and all after it are gone. */
  truncate: 3,
  /** A block, verbatim. */
  block: 4,
  /** Entries up to this one are gone (L08). */
  base: 5,
  commitHint: 6,
  /** Where the log ended when the segment began. */
  tail: 7,
  /** A shared log alone: which group a number means, and what became of it. */
  group: 8,
  /** A shared log alone: a block that is in the log already stands here now (G05). */
  copy: 9,
} as const;

/** A record as a value. */
export type Operation =
  | { readonly kind: typeof RecordKind.hardState; readonly hardState: HardState }
  | { readonly kind: typeof RecordKind.reset | typeof RecordKind.base | typeof RecordKind.tail; readonly id: LogId }
  | { readonly kind: typeof RecordKind.truncate | typeof RecordKind.commitHint; readonly index: LogIndex }
  | { readonly kind: typeof RecordKind.block | typeof RecordKind.copy; readonly block: LogBlock }
  | { readonly kind: typeof RecordKind.group; readonly identity: GroupIdentity };

/** What became of a group of a shared log. */
export type GroupStanding = "there" | "removed" | "damaged";
const STANDINGS: readonly GroupStanding[] = ["there", "removed", "damaged"];

/** Whose records a group number marks. */
export interface GroupIdentity {
  readonly name: string;
  readonly incarnation: string;
  readonly standing: GroupStanding;
}

/** An operation, and the group that it belongs to. */
export interface GroupOperation {
  readonly group: number;
  readonly operation: Operation;
}

/** An operation and where its record stands. */
export interface PlacedOperation extends GroupOperation {
  readonly offset: number;
  /** L03: it is a block whose body is damaged: which entries it held is known, and no more. */
  readonly isLost?: boolean;
}

/** Where a record belongs: all of it is under its checksum, so that stale bytes of a recycled file are never taken for it. */
export interface RecordPlace {
  readonly segment: number;
  readonly generation: number;
  readonly offset: number;
  readonly group: number;
  readonly sequence: number;
}

const GROUP_BYTES = 1 + GROUP_ID_WIDTH + INCARNATION_WIDTH;

/** Bytes of the payload that a hard state, mark or block takes. */
export function payloadBytes(operation: Operation): number {
  switch (operation.kind) {
    case RecordKind.hardState:
      return HARD_STATE_BYTES;
    case RecordKind.reset:
    case RecordKind.base:
    case RecordKind.tail:
      return 16;
    case RecordKind.truncate:
    case RecordKind.commitHint:
      return 8;
    case RecordKind.group:
      return GROUP_BYTES;
    case RecordKind.block:
    case RecordKind.copy:
      return operation.block.sizeBytes;
    default:
      return operation satisfies never;
  }
}

/** Lays the header at `at`; `covered` is the payload as far as the checksum goes. */
export function layRecordHeader(
  bytes: Uint8Array,
  at: number,
  operation: Operation,
  place: RecordPlace,
  covered: Uint8Array,
  checksum: Checksum,
): void {
  const view = viewOf(bytes);
  view.setUint16(at, MAGIC, true);
  view.setUint8(at + 2, operation.kind);
  view.setUint8(at + 3, 0);
  view.setUint32(at + 4, payloadBytes(operation), true);
  view.setUint32(at + 8, place.group, true);
  view.setUint32(at + 12, place.generation, true);
  setU64(view, at + 16, place.sequence);
  setU64(view, at + 24, place.segment);
  setU64(view, at + 32, place.offset);
  view.setUint32(at + 40, checksum.crc32(covered, checksum.crc32(bytes.subarray(at, at + 40))), true);
}

/** Lays the payload of anything but a block. */
export function layPayload(bytes: Uint8Array, at: number, operation: Operation): void {
  const view = viewOf(bytes);
  switch (operation.kind) {
    case RecordKind.hardState: {
      layHardState(view, at, operation.hardState);
      return;
    }
    case RecordKind.reset:
    case RecordKind.base:
    case RecordKind.tail:
      setU64(view, at, operation.id.index);
      setU64(view, at + 8, operation.id.term);
      return;
    case RecordKind.truncate:
    case RecordKind.commitHint:
      setU64(view, at, operation.index);
      return;
    case RecordKind.group: {
      const { name, incarnation, standing } = operation.identity;
      view.setUint8(at, STANDINGS.indexOf(standing));
      setName(view, at + 1, GROUP_ID_WIDTH, name);
      setName(view, at + 1 + GROUP_ID_WIDTH, INCARNATION_WIDTH, incarnation);
      return;
    }
    case RecordKind.block:
    case RecordKind.copy:
      return;
    default:
      operation satisfies never;
  }
}

/**
 * Reads the record at `at` of `bytes`; lengths are judged before anything is used.
 *
 * @param verifyBodies - whether a block's body is checked as well.
 * @param isShared - whether records of any group may stand there; else those of the group in the segment's head alone.
 * @throws RaftError `Damaged`, in words that its caller completes with file and offset.
 */
export function readRecord(
  bytes: Uint8Array,
  at: number,
  place: Omit<RecordPlace, "group" | "sequence">,
  checksum: Checksum,
  verifyBodies: boolean,
  isShared = false,
): GroupOperation & { readonly sequence: number; readonly length: number } {
  const { group, kind, payload, sequence, length } = openRecord(bytes, at, place, checksum, isShared);
  const operation = readOperation(kind, payload, checksum);
  if (operation === undefined || (operation.kind > RecordKind.tail && !isShared))
    throw wrong(`a record of unknown kind ${kind} or length ${payload.length}`);
  if (verifyBodies && "block" in operation) verifyBlock(operation.block, checksum);
  return { group, operation, sequence, length };
}

/**
 * L03: the block that an intact record announces, although its body is damaged: the record's checksum covers the header alone.
 *
 * @throws RaftError `Damaged` if the record itself is, or is none of a block.
 */
export function readLostBlock(
  bytes: Uint8Array,
  at: number,
  place: Omit<RecordPlace, "group" | "sequence">,
  checksum: Checksum,
): { readonly group: number; readonly block: LogBlock; readonly sequence: number; readonly length: number } {
  const { group, kind, payload, sequence, length } = openRecord(bytes, at, place, checksum, false);
  if (kind !== RecordKind.block) throw wrong("no block");
  const block = announcedBlock(payload, 0, checksum);
  if (block.sizeBytes !== payload.length) throw wrong("a block of another length");
  return { group, block, sequence, length };
}

const wrong = (what: string): RaftError => new RaftError("Damaged", "refused", what);

/** A record whose own checksum is right, and that belongs there. */
function openRecord(
  bytes: Uint8Array,
  at: number,
  place: Omit<RecordPlace, "group" | "sequence">,
  checksum: Checksum,
  isShared: boolean,
): {
  readonly group: number;
  readonly kind: number;
  readonly payload: Uint8Array;
  readonly sequence: number;
  readonly length: number;
} {
  if (bytes.length - at < RECORD_HEADER_BYTES) throw wrong("fewer bytes than a record header");
  const view = viewOf(bytes);
  if (view.getUint16(at, true) !== MAGIC) throw wrong("no record there");
  const kind = view.getUint8(at + 2);
  const length = view.getUint32(at + 4, true);
  const payload = at + RECORD_HEADER_BYTES;
  if (length > bytes.length - payload) throw wrong(`a record of ${length} bytes exceeds what is there`);
  const covered = kind === RecordKind.block || kind === RecordKind.copy ? Math.min(length, BLOCK_HEADER_BYTES) : length;
  const sum = checksum.crc32(bytes.subarray(payload, payload + covered), checksum.crc32(bytes.subarray(at, at + 40)));
  if (sum !== view.getUint32(at + 40, true)) throw wrong("checksum mismatch in a record");
  const group = view.getUint32(at + 8, true);
  const inPlace =
    (group === SOLE_GROUP) === !isShared &&
    view.getUint32(at + 12, true) === place.generation &&
    getU64(view, at + 24) === place.segment &&
    getU64(view, at + 32) === place.offset;
  if (!inPlace) throw wrong("a record of another place");
  const sequence = getU64(view, at + 16);
  return {
    group,
    kind,
    payload: bytes.subarray(payload, payload + length),
    sequence,
    length: RECORD_HEADER_BYTES + length,
  };
}

function readOperation(kind: number, payload: Uint8Array, checksum: Checksum): Operation | undefined {
  const operation = operationIn(kind, payload, checksum);
  // A number beyond 2⁵³ loses its last digits: counting on from it would come back to itself, for ever.
  const numbers = operation === undefined ? [] : numbersOf(operation);
  return numbers.every(Number.isSafeInteger) ? operation : undefined;
}

function numbersOf(operation: Operation): readonly number[] {
  if ("id" in operation) return [operation.id.index, operation.id.term];
  if ("index" in operation) return [operation.index];
  if (!("hardState" in operation)) return [];
  const { term, recoveryNumber, removedAt } = operation.hardState;
  return [term, recoveryNumber, removedAt];
}

function operationIn(kind: number, payload: Uint8Array, checksum: Checksum): Operation | undefined {
  const view = viewOf(payload);
  switch (kind) {
    case RecordKind.hardState:
      return payload.length === HARD_STATE_BYTES ? { kind, hardState: readHardState(view, 0) } : undefined;
    case RecordKind.reset:
    case RecordKind.base:
    case RecordKind.tail:
      return payload.length === 16 ? { kind, id: { index: getU64(view, 0), term: getU64(view, 8) } } : undefined;
    case RecordKind.truncate:
    case RecordKind.commitHint:
      return payload.length === 8 ? { kind, index: getU64(view, 0) } : undefined;
    case RecordKind.group: {
      const standing = payload.length === GROUP_BYTES ? STANDINGS[view.getUint8(0)] : undefined;
      if (standing === undefined) return undefined;
      const name = getName(view, 1, GROUP_ID_WIDTH);
      return { kind, identity: { name, incarnation: getName(view, 1 + GROUP_ID_WIDTH, INCARNATION_WIDTH), standing } };
    }
    case RecordKind.block:
    case RecordKind.copy: {
      const block = openBlock(payload, 0, checksum);
      return block.sizeBytes === payload.length ? { kind, block } : undefined;
    }
    default:
      return undefined;
  }
}
