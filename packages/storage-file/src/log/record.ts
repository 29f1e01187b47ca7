import { type Checksum, crc32Of, type HardState, type LogBlock, type LogId, type LogIndex } from "@hexraft/core/ports";
import { GROUP_ID_WIDTH, INCARNATION_WIDTH, setName, setU64 } from "../format/bytes.js";
import { HARD_STATE_BYTES, layHardState } from "./hard-state-record.js";

/*
 * One record of a batch:
 *
 *   0 u16 magic "HR"   2 u8 kind   3 u8 0   4 u32 payload length   8 u32 group (1: the group in the segment's head)
 *  12 u32 generation  16 u64 group sequence number  24 u64 segment  32 u64 offset of this record
 *  40 u32 checksum of bytes 0–39 and of the payload, of a block's payload its header alone: its body has its own
 *  44 payload
 */
/** What each record begins with. */
export const RECORD_MAGIC = 0x5248;
/** The group of a log that is one replica's: the one in the segment's head. */
export const SOLE_GROUP = 1;

/** Bytes before a record's payload. */
export const RECORD_HEADER_BYTES = 44;

/** Where in a record's header its checksum stands: it covers what is before it. */
export const RECORD_SUM_AT = 40;

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
  /** Where the log ended when the batch was written. */
  tail: 7,
  /** A shared log alone: which group a number means, and what became of it. */
  group: 8,
  /** A shared log alone: a block that is in the log already stands here now (G05). */
  copy: 9,
} as const;

export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

/** A record as a value. */
export type Operation =
  | { readonly kind: typeof RecordKind.hardState; readonly hardState: HardState }
  | { readonly kind: typeof RecordKind.reset | typeof RecordKind.base | typeof RecordKind.tail; readonly id: LogId }
  | { readonly kind: typeof RecordKind.truncate | typeof RecordKind.commitHint; readonly index: LogIndex }
  | BlockOperation
  | { readonly kind: typeof RecordKind.group; readonly identity: GroupIdentity };

/** A record that holds a block. */
export interface BlockOperation {
  readonly kind: typeof RecordKind.block | typeof RecordKind.copy;
  readonly block: LogBlock;
}

/** What became of a group of a shared log. */
export type GroupStanding = "there" | "removed" | "damaged";
/** As bytes: a place in this list. */
export const STANDINGS: readonly GroupStanding[] = ["there", "removed", "damaged"];

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

/** A file of the log: generation 2 and up are written over what was another segment. */
export interface SegmentId {
  readonly number: number;
  readonly generation: number;
}

/** Where a record belongs: all of it is under its checksum, so that stale bytes of a recycled file are never taken for it. */
export interface RecordPlace {
  readonly segment: number;
  readonly generation: number;
  readonly offset: number;
  readonly group: number;
  readonly sequence: number;
}

/** Payload of a group's record. */
export const GROUP_BYTES = 1 + GROUP_ID_WIDTH + INCARNATION_WIDTH;

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

/** Lays all of the header at `at` but its checksum. */
export function layRecordHeader(view: DataView, at: number, operation: Operation, place: RecordPlace): void {
  view.setUint16(at, RECORD_MAGIC, true);
  view.setUint8(at + 2, operation.kind);
  view.setUint8(at + 3, 0);
  view.setUint32(at + 4, payloadBytes(operation), true);
  view.setUint32(at + 8, place.group, true);
  view.setUint32(at + 12, place.generation, true);
  setU64(view, at + 16, place.sequence);
  setU64(view, at + 24, place.segment);
  setU64(view, at + 32, place.offset);
}

/** The checksum of the header that stands at `at`, and of `length` bytes of its payload, which stand in `payload` from `from` on. */
export function recordSum(
  bytes: Uint8Array,
  at: number,
  payload: Uint8Array,
  from: number,
  length: number,
  checksum: Checksum,
): number {
  return crc32Of(checksum, payload, from, from + length, crc32Of(checksum, bytes, at, at + RECORD_SUM_AT));
}

/** Lays the payload of anything but a block. */
export function layPayload(view: DataView, at: number, operation: Operation): void {
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
