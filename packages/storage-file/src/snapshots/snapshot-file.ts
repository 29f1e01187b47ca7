import {
  type Checksum,
  decodeConfigurationEntry,
  encodeConfigurationEntry,
  type FileHandle,
  RaftError,
  type SnapshotMeta,
} from "@hexraft/core/ports";
import {
  CLUSTER_ID_WIDTH,
  FORMAT_VERSION,
  GROUP_ID_WIDTH,
  getName,
  getU64,
  INCARNATION_WIDTH,
  setName,
  setU64,
  viewOf,
} from "../format/bytes.js";
import { damaged, formatUnknown, identityMismatch } from "../format/faults.js";
import { readFully } from "../log/file-window.js";
import type { LogOwner } from "../log/segment-header.js";
import { joinedChecksum } from "./joined-checksum.js";
import { readAhead } from "./read-ahead.js";

/*
 * A snapshot file:
 *
 *   0 u32 magic "HXSN"  4 u16 version  6 u16 0  8 u32 header length, checksum included  12 u32 chunk length
 *  16 u64 stream length  24 u32 checksum of the stream  28 u32 format of the state machine's bytes
 *  32 u64 index  40 u64 term  48 u64 log time, ms  56 cluster id (33)  89 incarnation (17)  106 group (65)
 * 172 u32 configuration length  176 configuration entry, as core lays it out  then u32 checksum of all before
 *   then the stream, then u32 checksum of each chunk of it, then u32 checksum of these checksums
 *
 * A file bears its final name only once all of it is durable.
 */
const MAGIC = 0x4e535848;
const FIXED_BYTES = 176;
/** A configuration of 255 members with the longest names and addresses stays below it. */
const CONFIGURATION_BYTES_MAX = 256 * 1024;

/** The stream is checked in chunks of this many bytes, so that it can be read from anywhere. */
export const CHUNK_BYTES = 256 * 1024;

/** A snapshot's header as a value. */
export interface SnapshotFile {
  readonly meta: SnapshotMeta;
  readonly headerBytes: number;
}

/** Bytes before the stream. */
export function headerBytesOf(meta: SnapshotMeta): number {
  return FIXED_BYTES + encodeConfigurationEntry(meta.configuration).length + 4;
}

/** Lays the header down. */
export function layHeader(meta: SnapshotMeta, owner: LogOwner, checksum: Checksum): Uint8Array {
  const configuration = encodeConfigurationEntry(meta.configuration);
  const bytes = new Uint8Array(FIXED_BYTES + configuration.length + 4);
  const view = viewOf(bytes);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, FORMAT_VERSION, true);
  view.setUint32(8, bytes.length, true);
  view.setUint32(12, CHUNK_BYTES, true);
  setU64(view, 16, meta.sizeBytes);
  view.setUint32(24, meta.checksum, true);
  view.setUint32(28, meta.formatVersion, true);
  setU64(view, 32, meta.id.index);
  setU64(view, 40, meta.id.term);
  setU64(view, 48, Math.floor(meta.logTimeMs));
  setName(view, 56, CLUSTER_ID_WIDTH, owner.clusterId);
  setName(view, 89, INCARNATION_WIDTH, owner.incarnation);
  setName(view, 106, GROUP_ID_WIDTH, owner.groupId);
  view.setUint32(172, configuration.length, true);
  bytes.set(configuration, FIXED_BYTES);
  view.setUint32(bytes.length - 4, checksum.crc32(bytes.subarray(0, bytes.length - 4)), true);
  return bytes;
}

/** The end of a file: the chunks' checksums and their own. */
export function layTrailer(chunks: readonly number[], checksum: Checksum): Uint8Array {
  const bytes = new Uint8Array(4 * chunks.length + 4);
  const view = viewOf(bytes);
  chunks.forEach((sum, i) => view.setUint32(4 * i, sum, true));
  view.setUint32(4 * chunks.length, checksum.crc32(bytes.subarray(0, 4 * chunks.length)), true);
  return bytes;
}

/**
 * Reads and checks a header, its owner and the file's length.
 *
 * @throws RaftError `Damaged`, `FormatUnknown` or `IdentityMismatch` (L10).
 */
export async function readHeader(
  handle: FileHandle,
  path: string,
  owner: LogOwner,
  checksum: Checksum,
): Promise<SnapshotFile> {
  const fixed = await readFully(handle, 0, FIXED_BYTES);
  if (fixed.length < FIXED_BYTES) throw damaged(path, "shorter than its header", 0, FIXED_BYTES);
  const view = viewOf(fixed);
  if (view.getUint32(0, true) !== MAGIC) throw damaged(path, "wrong magic number", 0, 4);
  if (view.getUint16(4, true) !== FORMAT_VERSION) throw formatUnknown(path, view.getUint16(4, true), FORMAT_VERSION);
  const headerBytes = view.getUint32(8, true);
  const configurationBytes = view.getUint32(172, true);
  if (configurationBytes > CONFIGURATION_BYTES_MAX || headerBytes !== FIXED_BYTES + configurationBytes + 4)
    throw damaged(path, "its header's length is wrong", 8, 4);
  const bytes = await readFully(handle, 0, headerBytes);
  if (bytes.length < headerBytes) throw damaged(path, "shorter than its header", 0, headerBytes);
  if (checksum.crc32(bytes.subarray(0, headerBytes - 4)) !== viewOf(bytes).getUint32(headerBytes - 4, true))
    throw damaged(path, "checksum mismatch in its header", 0, headerBytes);
  checkOwner(view, path, owner);
  const meta: SnapshotMeta = {
    id: { index: getU64(view, 32), term: getU64(view, 40) },
    configuration: decodeConfigurationEntry(bytes.subarray(FIXED_BYTES, headerBytes - 4)),
    logTimeMs: getU64(view, 48),
    formatVersion: view.getUint32(28, true),
    sizeBytes: getU64(view, 16),
    checksum: view.getUint32(24, true),
  };
  const expected = headerBytes + meta.sizeBytes + 4 * Math.ceil(meta.sizeBytes / CHUNK_BYTES) + 4;
  if (view.getUint32(12, true) !== CHUNK_BYTES || handle.size() !== expected)
    throw damaged(path, `it has ${handle.size()} bytes instead of ${expected}`, 0, expected);
  return { meta, headerBytes };
}

/**
 * The stream from `offset` on. Each chunk is checked before it is handed out, and the whole where it is read from its beginning.
 *
 * @throws RaftError `Damaged`.
 */
export async function* readStream(
  handle: FileHandle,
  path: string,
  { meta, headerBytes }: SnapshotFile,
  offset: number,
  checksum: Checksum,
  heldBytesMax?: number,
): AsyncGenerator<Uint8Array> {
  const count = Math.ceil(meta.sizeBytes / CHUNK_BYTES);
  const at = headerBytes + meta.sizeBytes;
  const table = await readFully(handle, at, 4 * count + 4);
  if (table.length < 4 * count + 4 || checksum.crc32(table.subarray(0, 4 * count)) !== sumAt(table, count))
    throw damaged(path, "checksum mismatch in its table of checksums", at, 4 * count + 4);
  let whole = 0;
  const first = Math.floor(offset / CHUNK_BYTES);
  let i = first;
  for await (const chunk of readAhead(handle, headerBytes + first * CHUNK_BYTES, at, CHUNK_BYTES, heldBytesMax)) {
    const from = i * CHUNK_BYTES;
    const length = Math.min(CHUNK_BYTES, meta.sizeBytes - from);
    const sum = checksum.crc32(chunk);
    if (chunk.length < length || sum !== sumAt(table, i))
      throw damaged(path, "checksum mismatch in the stream", headerBytes + from, length);
    whole = joinedChecksum(whole, sum, length);
    if (i === count - 1 && first === 0 && whole !== meta.checksum)
      throw damaged(path, "checksum mismatch in the whole stream", headerBytes, meta.sizeBytes);
    const begin = Math.max(0, offset - from);
    if (begin < length) yield chunk.subarray(begin);
    i++;
  }
}

/** Reads all of it, and lets every check speak. */
export async function verifyStream(
  handle: FileHandle,
  path: string,
  file: SnapshotFile,
  checksum: Checksum,
): Promise<void> {
  let bytes = 0;
  for await (const chunk of readStream(handle, path, file, 0, checksum, 0)) bytes += chunk.length;
  if (bytes !== file.meta.sizeBytes)
    throw new RaftError("Damaged", "refused", `${path} yields ${bytes} of ${file.meta.sizeBytes} bytes`);
}

function checkOwner(view: DataView, path: string, owner: LogOwner): void {
  const differs = (found: string, expected: string) => found !== "" && expected !== "" && found !== expected;
  const cluster = getName(view, 56, CLUSTER_ID_WIDTH);
  if (differs(cluster, owner.clusterId)) throw identityMismatch(path, "cluster", cluster, owner.clusterId);
  const incarnation = getName(view, 89, INCARNATION_WIDTH);
  if (differs(incarnation, owner.incarnation)) throw identityMismatch(path, "replica", incarnation, owner.incarnation);
  const group = getName(view, 106, GROUP_ID_WIDTH);
  if (differs(group, owner.groupId)) throw identityMismatch(path, "group", group, owner.groupId);
}

const sumAt = (table: Uint8Array, i: number): number => viewOf(table).getUint32(4 * i, true);
