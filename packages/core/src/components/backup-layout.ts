import { RaftError } from "../model/errors.js";
import { type LogId, type Millis, TERM_MAX } from "../model/log-id.js";
import type { ClusterId, GroupId, NodeId } from "../model/node-id.js";
import type { Checksum } from "../ports/checksum.js";

/*
 * The head of a backup, format 1, little-endian, 64-bit numbers below 2^53, names as `u8 length` + ASCII, zero-filled:
 *
 *   0 u32 "HXBK"  4 u16 version  6 u16 0  8 u32 chunk length  12 u32 format of the state machine's bytes
 *  16 u64 index  24 u64 term  32 u64 log time, ms  40 u64 taken at, wall time, ms  48 u64 stream length
 *  56 u32 checksum of the stream  60 u32 0  64 cluster id (33)  97 group (65)  162 node (65)  227 u8 0
 * 228 u32 checksum of bytes 0–227
 *
 * Then a snapshot's stream in chunks of that length, the last one shorter, each followed by a u32 checksum of the stream up
 * to its end. Nothing follows. All lengths are in the head, so that a reader of a pipe knows how much is to come.
 */
const MAGIC = 0x4b425848;
const VERSION = 1;
const CLUSTER_AT = 64;
const GROUP_AT = 97;
const NODE_AT = 162;
const ZERO_AT = 227;
const SUM_AT = 228;

/** Bytes before the first chunk. */
export const BACKUP_HEAD_BYTES = 232;
/** Bytes of the stream between two checksums. */
export const BACKUP_CHUNK_BYTES = 256 * 1024;
/** Bytes of a checksum. */
export const CHECKSUM_BYTES = 4;

/** F08: what a backup holds, and where it is from. */
export interface BackupAbout {
  /** The cluster it was taken from; the one it is restored into has another id. */
  readonly clusterId: ClusterId;
  /** The group. */
  readonly groupId: GroupId;
  /** The replica that gave it. */
  readonly nodeId: NodeId;
  /** The last entry whose effect is in it; nothing later is. */
  readonly id: LogId;
  /** C03 log time of that entry, ms. */
  readonly logTimeMs: Millis;
  /** Wall time of the replica, ms since 1970-01-01T00:00Z. */
  readonly takenAtMs: Millis;
  /** F05: format of the state machine's bytes. */
  readonly formatVersion: number;
  /** Bytes of the stream. */
  readonly streamBytes: number;
  /** CRC-32 of the stream. */
  readonly streamChecksum: number;
}

/** Bytes of the whole backup. */
export const backupBytesOf = ({ streamBytes }: BackupAbout): number =>
  BACKUP_HEAD_BYTES + streamBytes + CHECKSUM_BYTES * Math.ceil(streamBytes / BACKUP_CHUNK_BYTES);

/** Lays the head down. */
export function layBackupHead(about: BackupAbout, checksum: Checksum): Uint8Array {
  const bytes = new Uint8Array(BACKUP_HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  const numbers = [about.id.index, about.id.term, about.logTimeMs, about.takenAtMs, about.streamBytes];
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, VERSION, true);
  view.setUint32(8, BACKUP_CHUNK_BYTES, true);
  view.setUint32(12, about.formatVersion, true);
  numbers.forEach((number, i) => view.setBigUint64(16 + 8 * i, BigInt(Math.floor(number)), true));
  view.setUint32(56, about.streamChecksum, true);
  putName(bytes, CLUSTER_AT, about.clusterId);
  putName(bytes, GROUP_AT, about.groupId);
  putName(bytes, NODE_AT, about.nodeId);
  view.setUint32(SUM_AT, checksum.crc32(bytes.subarray(0, SUM_AT)), true);
  return bytes;
}

/** Reads a head. @throws RaftError `FormatUnknown` if it is none, or of another version; `Damaged`. Each names the offset. */
export function readBackupHead(bytes: Uint8Array, checksum: Checksum): BackupAbout {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 4 || view.getUint32(0, true) !== MAGIC)
    throw unknown(0, "it does not begin like a backup of hexraft; name a file that `hexraft backup` wrote");
  if (bytes.length < BACKUP_HEAD_BYTES) throw cutOff(bytes.length, `its head alone has ${BACKUP_HEAD_BYTES} bytes`);
  const version = view.getUint16(4, true);
  if (version !== VERSION)
    throw unknown(4, `it has format ${version}, and this release reads format ${VERSION}; use a release that knows it`);
  if (checksum.crc32(bytes.subarray(0, SUM_AT)) !== view.getUint32(SUM_AT, true))
    throw damagedAt(0, BACKUP_HEAD_BYTES, "checksum mismatch in its head");
  const [index = 0, term = 0, logTimeMs = 0, takenAtMs = 0, streamBytes = 0] = [16, 24, 32, 40, 48].map((at) =>
    Number(view.getBigUint64(at, true)),
  );
  // One would be taken for nothing, or for another number, once it is restored and started again.
  const isPossible =
    index >= 1 && term <= TERM_MAX && [index, logTimeMs, takenAtMs, streamBytes].every(Number.isSafeInteger);
  if (!isPossible) throw damagedAt(16, 40, "its head holds numbers that no replica writes");
  return {
    clusterId: nameAt(bytes, CLUSTER_AT, GROUP_AT),
    groupId: nameAt(bytes, GROUP_AT, NODE_AT),
    nodeId: nameAt(bytes, NODE_AT, ZERO_AT),
    id: { index, term },
    logTimeMs,
    takenAtMs,
    formatVersion: view.getUint32(12, true),
    streamBytes,
    streamChecksum: view.getUint32(56, true),
  };
}

const ADVICE = "; fetch it again from where it was kept, or use another backup";

/** Bytes that are not what was written. */
export const damagedAt = (offset: number, length: number, what: string): RaftError =>
  new RaftError("Damaged", "refused", `bytes ${offset}–${offset + length - 1}: ${what}${ADVICE}`, { offset, length });

/** A backup that ends too early. */
export const cutOff = (offset: number, expected: string): RaftError =>
  new RaftError("Damaged", "refused", `it ends at byte ${offset}, but ${expected}${ADVICE}`, { offset });

const unknown = (offset: number, why: string): RaftError =>
  new RaftError("FormatUnknown", "refused", `byte ${offset}: ${why}`, { offset });

function putName(bytes: Uint8Array, at: number, name: string): void {
  bytes[at] = name.length;
  for (let i = 0; i < name.length; i++) bytes[at + 1 + i] = name.charCodeAt(i);
}

function nameAt(bytes: Uint8Array, at: number, end: number): string {
  const length = Math.min(bytes[at] as number, end - at - 1);
  return String.fromCharCode(...bytes.subarray(at + 1, at + 1 + length));
}
