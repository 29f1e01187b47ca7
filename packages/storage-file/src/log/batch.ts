import { BLOCK_HEADER_BYTES, blockBytes, type Checksum, crc32Of } from "@hexraft/core/ports";
import { alignUp, getU64, type Piece, setU64 } from "../format/bytes.js";
import type { BatchDesk } from "./batch-desk.js";
import {
  type GroupOperation,
  layPayload,
  layRecordHeader,
  type PlacedOperation,
  payloadBytes,
  RECORD_HEADER_BYTES,
  RECORD_SUM_AT,
  recordSum,
  type SegmentId,
} from "./record.js";

/*
 * What one writev and one fsync carry (L02); applied whole or not at all.
 *
 *   0 u32 magic "HXBT"   4 u32 length, header and padding included: a multiple of 64   8 u64 batch number
 *  16 u64 offset of this batch   24 u64 sealed up to: what was durable when this batch was handed to the disk
 *  32 u64 start number  40 u64 segment  48 u32 generation  52 u32 records
 *  56 u32 the previous batch's checksum (0 for the first of a log)   60 u32 checksum of bytes 0–59
 *  64 records, then zeros
 */
const MAGIC = 0x54425848;

/** Bytes of a batch header; batches begin at multiples of it, so that they are found again behind a hole. */
export const BATCH_HEADER_BYTES = 64;

/** Blocks below this size are copied into the batch's own buffer, larger ones are written from where they are. */
const COPY_BELOW_BYTES = 4_096;

/** Head of a batch. */
export interface BatchHeader {
  readonly length: number;
  readonly number: number;
  readonly offset: number;
  readonly sealedUpTo: number;
  readonly startNumber: number;
  readonly segment: number;
  readonly generation: number;
  readonly records: number;
  readonly previous: number;
  readonly checksum: number;
}

/** What is known of a batch before it is laid down. */
type BatchPlace = Omit<BatchHeader, "length" | "records" | "checksum">;

/** A batch laid down. */
export interface LaidBatch {
  readonly buffers: readonly Uint8Array[];
  readonly length: number;
  readonly checksum: number;
  readonly placed: readonly PlacedOperation[];
}

/** Bytes that these records will take as a batch. */
export function batchBytes(operations: readonly GroupOperation[]): number {
  let size = BATCH_HEADER_BYTES;
  for (const { operation } of operations) size += RECORD_HEADER_BYTES + payloadBytes(operation);
  return alignUp(size, BATCH_HEADER_BYTES);
}

/**
 * Lays down a batch, which stands until the desk is used again.
 *
 * @param next - gives each record its number within its group.
 */
export function layBatch(
  head: BatchPlace,
  operations: readonly GroupOperation[],
  next: (group: number) => number,
  checksum: Checksum,
  desk: BatchDesk,
): LaidBatch {
  const length = batchBytes(operations);
  const { bytes: own, view } = desk.clear(length - referencedBytes(operations));
  const buffers: Uint8Array[] = [];
  const placed: PlacedOperation[] = [];
  let at = BATCH_HEADER_BYTES;
  let begun = 0;
  let offset = head.offset + BATCH_HEADER_BYTES;
  for (const { group, operation } of operations) {
    const payload = at + RECORD_HEADER_BYTES;
    const size = payloadBytes(operation);
    const place = { segment: head.segment, generation: head.generation, offset, group, sequence: next(group) };
    placed.push({ group, operation, offset });
    if ("block" in operation) {
      const bytes = blockBytes(operation.block, checksum);
      layRecordHeader(view, at, operation, place);
      const sum = recordSum(own, at, bytes, 0, BLOCK_HEADER_BYTES, checksum);
      view.setUint32(at + RECORD_SUM_AT, sum, true);
      at = payload;
      if (size < COPY_BELOW_BYTES) {
        own.set(bytes, at);
        at += size;
      } else {
        buffers.push(own.subarray(begun, at), bytes);
        begun = at;
      }
    } else {
      layPayload(view, payload, operation);
      layRecordHeader(view, at, operation, place);
      view.setUint32(at + RECORD_SUM_AT, recordSum(own, at, own, payload, size, checksum), true);
      at = payload + size;
    }
    offset += RECORD_HEADER_BYTES + size;
  }
  if (begun < own.length) buffers.push(begun === 0 ? own : own.subarray(begun));
  const own32 = layBatchHeader(own, view, head, length, operations.length, checksum);
  return { buffers, length, checksum: own32, placed };
}

function referencedBytes(operations: readonly GroupOperation[]): number {
  let size = 0;
  for (const { operation } of operations) {
    const bytes = payloadBytes(operation);
    if ("block" in operation && bytes >= COPY_BELOW_BYTES) size += bytes;
  }
  return size;
}

/** Lays a header at the beginning of `bytes`; returns its checksum. */
function layBatchHeader(
  bytes: Uint8Array,
  view: DataView,
  head: BatchPlace,
  length: number,
  records: number,
  checksum: Checksum,
): number {
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, length, true);
  setU64(view, 8, head.number);
  setU64(view, 16, head.offset);
  setU64(view, 24, head.sealedUpTo);
  setU64(view, 32, head.startNumber);
  setU64(view, 40, head.segment);
  view.setUint32(48, head.generation, true);
  view.setUint32(52, records, true);
  view.setUint32(56, head.previous, true);
  const sum = crc32Of(checksum, bytes, 0, 60);
  view.setUint32(60, sum, true);
  return sum;
}

/** The header at `offset`, if an intact one of exactly this place is there. */
export function readBatchHeader(
  piece: Piece,
  offset: number,
  segment: SegmentId,
  checksum: Checksum,
): BatchHeader | undefined {
  if (!isBatchHeader(piece, offset, segment, checksum)) return undefined;
  const { view, from } = piece;
  const at = offset - from;
  return {
    length: view.getUint32(at + 4, true),
    number: getU64(view, at + 8),
    offset,
    sealedUpTo: getU64(view, at + 24),
    startNumber: getU64(view, at + 32),
    segment: segment.number,
    generation: segment.generation,
    records: view.getUint32(at + 52, true),
    previous: view.getUint32(at + 56, true),
    checksum: view.getUint32(at + 60, true),
  };
}

/**
 * Bytes at `offset` that are no record's, in a segment of intact batches: a batch header, or fewer, zeros that fill up a batch; 0 if
 * neither is there.
 */
export function passedOver(piece: Piece, offset: number, segment: SegmentId, checksum: Checksum): number {
  if (isBatchHeader(piece, offset, segment, checksum)) return BATCH_HEADER_BYTES;
  const filler = alignUp(offset, BATCH_HEADER_BYTES) - offset;
  return isZero(piece.bytes, offset - piece.from, filler) ? filler : 0;
}

/** Whether these bytes are zeros, as far as they are there. */
export function isZero(bytes: Uint8Array, from: number, length: number): boolean {
  const end = Math.min(from + length, bytes.length);
  for (let at = from; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}

function isBatchHeader({ bytes, view, from }: Piece, offset: number, segment: SegmentId, checksum: Checksum): boolean {
  const at = offset - from;
  if (bytes.length - at < BATCH_HEADER_BYTES || view.getUint32(at, true) !== MAGIC) return false;
  if (crc32Of(checksum, bytes, at, at + 60) !== view.getUint32(at + 60, true)) return false;
  const length = view.getUint32(at + 4, true);
  const isShaped = length >= BATCH_HEADER_BYTES && length % BATCH_HEADER_BYTES === 0;
  const isOfSegment = getU64(view, at + 40) === segment.number && view.getUint32(at + 48, true) === segment.generation;
  return isShaped && isOfSegment && getU64(view, at + 16) === offset;
}
