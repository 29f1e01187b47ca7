import type { Checksum } from "@hexraft/core/ports";
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

/*
 * Head of a segment file. A file bears its final name only once this is durable: one with a bad head is damaged, never half made.
 *
 *   0 u32 magic "HXSG"   4 u16 version   6 u16 0   8 u64 segment number   16 u32 generation   20 u32 0
 *  24 cluster id (33)   57 incarnation (17)   74 group (65)   188 u32 checksum of bytes 0–187
 */
const MAGIC = 0x47535848;

/** Where a segment's first batch begins. */
export const SEGMENT_HEADER_BYTES = 192;

/** Whose segments these are. */
export interface LogOwner {
  /** Empty while the node waits to be claimed; a segment made then is accepted later. */
  readonly clusterId: string;
  readonly incarnation: string;
  readonly groupId: string;
}

/** Lays down a head. */
export function segmentHeader(owner: LogOwner, number: number, generation: number, checksum: Checksum): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, FORMAT_VERSION, true);
  setU64(view, 8, number);
  view.setUint32(16, generation, true);
  setName(view, 24, CLUSTER_ID_WIDTH, owner.clusterId);
  setName(view, 57, INCARNATION_WIDTH, owner.incarnation);
  setName(view, 74, GROUP_ID_WIDTH, owner.groupId);
  view.setUint32(188, checksum.crc32(bytes.subarray(0, 188)), true);
  return bytes;
}

/** Checks a head against the file's name and the owner (L10); returns its generation. */
export function checkSegmentHeader(
  bytes: Uint8Array,
  file: string,
  number: number,
  owner: LogOwner,
  checksum: Checksum,
): number {
  if (bytes.length < SEGMENT_HEADER_BYTES) throw damaged(file, "shorter than its head", 0, SEGMENT_HEADER_BYTES);
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== MAGIC) throw damaged(file, "wrong magic number", 0, 4);
  if (view.getUint16(4, true) !== FORMAT_VERSION) throw formatUnknown(file, view.getUint16(4, true), FORMAT_VERSION);
  if (checksum.crc32(bytes.subarray(0, 188)) !== view.getUint32(188, true))
    throw damaged(file, "checksum mismatch in its head", 0, SEGMENT_HEADER_BYTES);
  const clusterId = getName(view, 24, CLUSTER_ID_WIDTH);
  if (clusterId !== "" && clusterId !== owner.clusterId)
    throw identityMismatch(file, "cluster", clusterId, owner.clusterId === "" ? "none yet" : owner.clusterId);
  const incarnation = getName(view, 57, INCARNATION_WIDTH);
  if (incarnation !== owner.incarnation) throw identityMismatch(file, "replica", incarnation, owner.incarnation);
  const group = getName(view, 74, GROUP_ID_WIDTH);
  if (group !== owner.groupId) throw identityMismatch(file, "group", group, owner.groupId);
  if (getU64(view, 8) !== number) throw damaged(file, `it says it is segment ${getU64(view, 8)}`, 8, 8);
  return view.getUint32(16, true);
}
