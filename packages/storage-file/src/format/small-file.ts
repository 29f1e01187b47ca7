import type { Checksum, FileSystem } from "@hexraft/core/ports";
import { FORMAT_VERSION, viewOf } from "./bytes.js";
import { damaged, formatUnknown } from "./faults.js";

/*
 * A small file that is replaced whole:   0 u32 magic   4 u16 version   6 u16 0   8 fields   252 u32 checksum of bytes 0–251
 */

/** Bytes of such a file. */
export const SMALL_FILE_BYTES = 256;
/** Where its fields begin. */
export const SMALL_FILE_FIELDS = 8;

/** Replaces the file so that a crash leaves the old or the new one; resolves when that is durable. */
export async function replaceFile(
  files: FileSystem,
  checksum: Checksum,
  directory: string,
  name: string,
  magic: number,
  fill: (view: DataView) => void,
): Promise<void> {
  const bytes = new Uint8Array(SMALL_FILE_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, magic, true);
  view.setUint16(4, FORMAT_VERSION, true);
  fill(view);
  view.setUint32(SMALL_FILE_BYTES - 4, checksum.crc32(bytes.subarray(0, SMALL_FILE_BYTES - 4)), true);
  const draft = `${directory}/${name}.new`;
  files.remove(draft);
  const handle = files.open(draft, { create: true });
  try {
    writeFully(handle, [bytes], 0);
    await handle.datasync();
  } finally {
    handle.close();
  }
  files.rename(draft, `${directory}/${name}`);
  await files.syncDirectory(directory);
}

/** Reads it back; `undefined` if there is none. */
export function readSmallFile(
  files: FileSystem,
  checksum: Checksum,
  path: string,
  magic: number,
): DataView | undefined {
  if (files.size(path) < 0) return undefined;
  const bytes = new Uint8Array(SMALL_FILE_BYTES);
  const handle = files.open(path, { readOnly: true });
  try {
    if (handle.read(bytes, 0) < SMALL_FILE_BYTES) throw damaged(path, "the file is too short", 0, SMALL_FILE_BYTES);
  } finally {
    handle.close();
  }
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== magic) throw damaged(path, "wrong magic number", 0, 4);
  if (view.getUint16(4, true) !== FORMAT_VERSION) throw formatUnknown(path, view.getUint16(4, true), FORMAT_VERSION);
  const stored = view.getUint32(SMALL_FILE_BYTES - 4, true);
  if (checksum.crc32(bytes.subarray(0, SMALL_FILE_BYTES - 4)) !== stored)
    throw damaged(path, "checksum mismatch", 0, SMALL_FILE_BYTES);
  return view;
}

/** Writes all of it: a short write is continued, one that takes nothing is a full disk. */
export function writeFully(
  handle: { writev(buffers: readonly Uint8Array[], at: number): number },
  buffers: readonly Uint8Array[],
  at: number,
): void {
  let left = buffers;
  let position = at;
  while (left.length > 0) {
    const taken = handle.writev(left, position);
    if (taken <= 0) throw Object.assign(new Error("the disk takes no more bytes"), { code: "ENOSPC" });
    position += taken;
    left = dropBytes(left, taken);
  }
}

function dropBytes(buffers: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let left = count;
  for (let i = 0; i < buffers.length; i++) {
    const buffer = buffers[i] as Uint8Array;
    if (buffer.length > left) return [buffer.subarray(left), ...buffers.slice(i + 1)];
    left -= buffer.length;
  }
  return [];
}
