import {
  announcedBlock,
  BLOCK_HEADER_BYTES,
  type Checksum,
  type LogBlock,
  openBlock,
  RaftError,
  verifyBlock,
} from "@hexraft/core/ports";
import { GROUP_ID_WIDTH, getName, getU64, INCARNATION_WIDTH, type Piece } from "../format/bytes.js";
import { HARD_STATE_BYTES, readHardState } from "./hard-state-record.js";
import {
  type BlockOperation,
  GROUP_BYTES,
  type GroupOperation,
  type Operation,
  RECORD_HEADER_BYTES,
  RECORD_MAGIC,
  RECORD_SUM_AT,
  RecordKind,
  recordSum,
  type SegmentId,
  SOLE_GROUP,
  STANDINGS,
} from "./record.js";

/** A record that was read. */
export interface ReadRecord extends GroupOperation {
  readonly sequence: number;
  /** Bytes of all of it. */
  readonly length: number;
}

/**
 * Reads the record at `offset` of a file, a piece of which is there; lengths are judged before anything is used.
 *
 * @param verifyBodies - whether a block's body is checked as well.
 * @param isShared - whether records of any group may stand there; else those of the group in the segment's head alone.
 * @throws RaftError `Damaged`, in words that its caller completes with file and offset.
 */
export function readRecord(
  piece: Piece,
  offset: number,
  segment: SegmentId,
  checksum: Checksum,
  verifyBodies: boolean,
  isShared = false,
): ReadRecord {
  checkRecord(piece, offset, segment, checksum, isShared);
  const { view, from } = piece;
  const at = offset - from;
  const kind = view.getUint8(at + 2);
  const length = view.getUint32(at + 4, true);
  const operation = isOfBlock(kind)
    ? { kind, block: ofLength(openBlock(payloadOf(piece, at, length), 0, checksum), length) }
    : readOperation(kind, view, at + RECORD_HEADER_BYTES, length);
  if (operation === undefined || (kind > RecordKind.tail && !isShared))
    throw wrong(`a record of unknown kind ${kind} or length ${length}`);
  if (verifyBodies && "block" in operation) verifyBlock(operation.block, checksum);
  return recordOf(view, at, operation);
}

/**
 * The block of the record there; `undefined` if it is another intact one: most are, and whoever wants blocks alone need not know what they say.
 *
 * @throws RaftError `Damaged`, as {@link readRecord}.
 */
export function readBlockAt(
  piece: Piece,
  offset: number,
  segment: SegmentId,
  checksum: Checksum,
  verifyBody: boolean,
): LogBlock | undefined {
  checkRecord(piece, offset, segment, checksum, false);
  const at = offset - piece.from;
  const kind = piece.view.getUint8(at + 2);
  if (kind === 0 || kind > RecordKind.tail) throw wrong(`a record of unknown kind ${kind}`);
  if (kind !== RecordKind.block) return undefined;
  const length = piece.view.getUint32(at + 4, true);
  const block = ofLength(openBlock(payloadOf(piece, at, length), 0, checksum), length);
  if (verifyBody) verifyBlock(block, checksum);
  return block;
}

/**
 * L03: the block that an intact record announces, although its body is damaged: the record's checksum covers the header alone.
 *
 * @throws RaftError `Damaged` if the record itself is, or is none of a block.
 */
export function readLostBlock(
  piece: Piece,
  offset: number,
  segment: SegmentId,
  checksum: Checksum,
  isShared = false,
): ReadRecord & { readonly operation: BlockOperation } {
  checkRecord(piece, offset, segment, checksum, isShared);
  const at = offset - piece.from;
  const kind = piece.view.getUint8(at + 2);
  if (!isOfBlock(kind) || (kind > RecordKind.tail && !isShared)) throw wrong("no block");
  const length = piece.view.getUint32(at + 4, true);
  const block = ofLength(announcedBlock(payloadOf(piece, at, length), 0, checksum), length);
  return recordOf(piece.view, at, { kind, block });
}

/**
 * A record that is intact, or all but the body of its block (L03).
 *
 * @throws RaftError `Damaged`.
 */
export function intactOrLost(
  piece: Piece,
  offset: number,
  segment: SegmentId,
  checksum: Checksum,
  isShared = false,
): ReadRecord & { readonly isLost: boolean } {
  try {
    const { group, operation, sequence, length } = readRecord(piece, offset, segment, checksum, true, isShared);
    return { group, operation, sequence, length, isLost: false };
  } catch (error) {
    if (!(error instanceof RaftError)) throw error;
    return { ...readLostBlock(piece, offset, segment, checksum, isShared), isLost: true };
  }
}

const wrong = (what: string): RaftError => new RaftError("Damaged", "refused", what);

const isOfBlock = (kind: number): kind is BlockOperation["kind"] =>
  kind === RecordKind.block || kind === RecordKind.copy;

const payloadOf = ({ bytes }: Piece, at: number, length: number): Uint8Array =>
  bytes.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + length);

const recordOf = <O extends Operation>(view: DataView, at: number, operation: O) => ({
  group: view.getUint32(at + 8, true),
  operation,
  sequence: getU64(view, at + 16),
  length: RECORD_HEADER_BYTES + view.getUint32(at + 4, true),
});

function ofLength(block: LogBlock, length: number): LogBlock {
  if (block.sizeBytes !== length) throw wrong("a block of another length than its record");
  return block;
}

/** Holds a record to its own checksum, and to its place. */
function checkRecord(
  { bytes, view, from }: Piece,
  offset: number,
  segment: SegmentId,
  checksum: Checksum,
  isShared: boolean,
): void {
  const at = offset - from;
  const payload = at + RECORD_HEADER_BYTES;
  if (bytes.length < payload) throw wrong("fewer bytes than a record header");
  if (view.getUint16(at, true) !== RECORD_MAGIC) throw wrong("no record there");
  const length = view.getUint32(at + 4, true);
  if (length > bytes.length - payload) throw wrong(`a record of ${length} bytes exceeds what is there`);
  const covered = isOfBlock(view.getUint8(at + 2)) ? Math.min(length, BLOCK_HEADER_BYTES) : length;
  if (recordSum(bytes, at, bytes, payload, covered, checksum) !== view.getUint32(at + RECORD_SUM_AT, true))
    throw wrong("checksum mismatch in a record");
  const inPlace =
    (view.getUint32(at + 8, true) === SOLE_GROUP) === !isShared &&
    view.getUint32(at + 12, true) === segment.generation &&
    getU64(view, at + 24) === segment.number &&
    getU64(view, at + 32) === offset;
  if (!inPlace) throw wrong("a record of another place");
}

/** Anything but a block. */
function readOperation(kind: number, view: DataView, at: number, length: number): Operation | undefined {
  const operation = operationIn(kind, view, at, length);
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

function operationIn(kind: number, view: DataView, at: number, length: number): Operation | undefined {
  switch (kind) {
    case RecordKind.hardState:
      return length === HARD_STATE_BYTES ? { kind, hardState: readHardState(view, at) } : undefined;
    case RecordKind.reset:
    case RecordKind.base:
    case RecordKind.tail:
      return length === 16 ? { kind, id: { index: getU64(view, at), term: getU64(view, at + 8) } } : undefined;
    case RecordKind.truncate:
    case RecordKind.commitHint:
      return length === 8 ? { kind, index: getU64(view, at) } : undefined;
    case RecordKind.group: {
      const standing = length === GROUP_BYTES ? STANDINGS[view.getUint8(at)] : undefined;
      if (standing === undefined) return undefined;
      const name = getName(view, at + 1, GROUP_ID_WIDTH);
      const incarnation = getName(view, at + 1 + GROUP_ID_WIDTH, INCARNATION_WIDTH);
      return { kind, identity: { name, incarnation, standing } };
    }
    default:
      return undefined;
  }
}
