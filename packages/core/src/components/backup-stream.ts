import type { Checksum } from "../ports/checksum.js";
import {
  BACKUP_CHUNK_BYTES,
  BACKUP_HEAD_BYTES,
  type BackupAbout,
  backupBytesOf,
  CHECKSUM_BYTES,
  cutOff,
  damagedAt,
  layBackupHead,
  readBackupHead,
} from "./backup-layout.js";
import { ByteSource } from "./byte-source.js";

/** F08: a backup as it is read. */
export interface OpenedBackup {
  /** What its head says. */
  readonly about: BackupAbout;
  /** The snapshot's stream. Each chunk is verified before it is handed out, and the end of the backup with the last one. */
  readonly stream: AsyncIterable<Uint8Array>;
}

/** The bytes of a backup over this stream, which has the length and the checksum that `about` names. */
export async function* backupBytes(
  about: BackupAbout,
  stream: AsyncIterable<Uint8Array>,
  checksum: Checksum,
): AsyncGenerator<Uint8Array> {
  yield layBackupHead(about, checksum);
  const source = new ByteSource(stream);
  for (let sum = 0; ; ) {
    const chunk = await source.take(BACKUP_CHUNK_BYTES);
    if (chunk.length === 0) return;
    sum = checksum.crc32(chunk, sum);
    yield chunk;
    yield u32(sum);
  }
}

/**
 * Reads a backup from wherever it is kept. Memory stays at a few chunks, whatever the bytes say.
 *
 * @throws RaftError `FormatUnknown` if it is no backup, or one of another format; `Damaged`. Each names the byte, and what to
 * do; also out of the stream.
 */
export async function openBackup(bytes: AsyncIterable<Uint8Array>, checksum: Checksum): Promise<OpenedBackup> {
  const source = new ByteSource(bytes);
  const about = readBackupHead(await source.take(BACKUP_HEAD_BYTES), checksum);
  return { about, stream: verified(about, source, checksum) };
}

async function* verified(about: BackupAbout, source: ByteSource, checksum: Checksum): AsyncGenerator<Uint8Array> {
  const whole = backupBytesOf(about);
  let [offset, sum] = [BACKUP_HEAD_BYTES, 0];
  for (let left = about.streamBytes; left > 0; ) {
    const length = Math.min(left, BACKUP_CHUNK_BYTES);
    const chunk = await source.take(length);
    const said = await source.take(CHECKSUM_BYTES);
    if (said.length < CHECKSUM_BYTES)
      throw cutOff(offset + chunk.length + said.length, `it should have ${whole} bytes`);
    sum = checksum.crc32(chunk, sum);
    if (sum !== new DataView(said.buffer, said.byteOffset).getUint32(0, true))
      throw damagedAt(offset, length + CHECKSUM_BYTES, "checksum mismatch");
    offset += length + CHECKSUM_BYTES;
    left -= length;
    if (left === 0) await mustEnd(about, source, sum, offset);
    yield chunk;
  }
}

/** Before the last chunk is handed out, so that nobody takes a whole for what is more, or something else. */
async function mustEnd(about: BackupAbout, source: ByteSource, sum: number, offset: number): Promise<void> {
  if (sum !== about.streamChecksum)
    throw damagedAt(
      BACKUP_HEAD_BYTES,
      offset - BACKUP_HEAD_BYTES,
      "they are whole, but of another backup than the head",
    );
  const more = await source.take(1);
  if (more.length > 0) throw damagedAt(offset, 1, "it goes on where it should end");
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(CHECKSUM_BYTES);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
