import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  BACKUP_CHUNK_BYTES,
  BACKUP_HEAD_BYTES,
  type BackupAbout,
  backupBytesOf,
} from "../../src/components/backup-layout.js";
import { backupBytes, openBackup } from "../../src/components/backup-stream.js";
import { RaftError } from "../../src/model/errors.js";
import { checksum } from "../support/crc32.js";

const GOLDEN = fileURLToPath(new URL("./golden/backup-1.hex", import.meta.url));

const aboutOf = (stream: Uint8Array): BackupAbout => ({
  clusterId: "0123456789abcdef0123456789abcdef",
  groupId: "orders",
  nodeId: "n2",
  id: { index: 2 ** 33 + 7, term: 3 },
  logTimeMs: 1_700_000_000_123,
  takenAtMs: 1_700_000_009_999,
  formatVersion: 65_537,
  streamBytes: stream.length,
  streamChecksum: checksum.crc32(stream),
});

/** The same bytes, in pieces of this many. */
async function* cut(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function joined(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of bytes) parts.push(chunk);
  return new Uint8Array(Buffer.concat(parts));
}

const written = (stream: Uint8Array, piece = 1_000): Promise<Uint8Array> =>
  joined(backupBytes(aboutOf(stream), cut(stream, piece), checksum));

/** Reads all of it. */
async function read(bytes: Uint8Array, piece = 777) {
  const { about, stream } = await openBackup(cut(bytes, piece), checksum);
  return { about, stream: await joined(stream) };
}

/** How reading it ends: empty, or the code and the message. */
const refusalOf = (bytes: Uint8Array): Promise<string> =>
  read(bytes).then(
    () => "",
    (error: unknown) => (error instanceof RaftError ? `${error.code}: ${error.message}` : String(error)),
  );

const small = Uint8Array.from({ length: 300 }, (_, i) => (i * 7) & 0xff);
const large = Uint8Array.from({ length: BACKUP_CHUNK_BYTES + 1_000 }, (_, i) => (i * 31) & 0xff);

describe("a backup", () => {
  it("F08 comes back as it was written, in pieces of any length, and says beforehand how long it is", async () => {
    for (const stream of [new Uint8Array(0), small, large, large.subarray(0, BACKUP_CHUNK_BYTES)]) {
      const bytes = await written(stream, 60_000);
      expect(bytes.length).toBe(backupBytesOf(aboutOf(stream)));
      const back = await read(bytes, 100_000);
      expect(back.about).toEqual(aboutOf(stream));
      expect(Buffer.compare(back.stream, stream)).toBe(0);
    }
  });

  it("F08 the bytes are those of docs/FORMAT.md", async () => {
    const hex = Buffer.from(await written(small)).toString("hex");
    expect(`${hex.match(/.{1,64}/g)?.join("\n")}\n`).toBe(readFileSync(GOLDEN, "utf8"));
    const golden = Buffer.from(readFileSync(GOLDEN, "utf8").replaceAll("\n", ""), "hex");
    expect((await read(golden)).about).toEqual(aboutOf(small));
  });

  it("F08 a bit that turned over anywhere is found, and nothing behind it is handed out", async () => {
    const bytes = await written(small);
    for (let at = 0; at < bytes.length; at++) {
      const spoilt = bytes.slice();
      spoilt[at] = (spoilt[at] as number) ^ 4;
      expect(await refusalOf(spoilt), `byte ${at}`).toMatch(
        at < 4
          ? /^FormatUnknown: byte 0: it does not begin like a backup/
          : at < 6
            ? /^FormatUnknown: byte 4: it has format \d+, and this release reads format 1/
            : at < BACKUP_HEAD_BYTES
              ? /^Damaged: bytes 0–231: checksum mismatch in its head/
              : /^Damaged: bytes 232–535: checksum mismatch; fetch it again/,
      );
    }
  });

  it("F08 one that was cut off anywhere is refused, and says where it ends", async () => {
    const bytes = await written(small);
    for (let length = 4; length < bytes.length; length += 3)
      expect(await refusalOf(bytes.subarray(0, length))).toMatch(
        new RegExp(`^Damaged: it ends at byte ${length}, but`),
      );
    expect(await refusalOf(new Uint8Array(0))).toMatch(/^FormatUnknown: byte 0/);
    const long = await written(large);
    const end = BACKUP_HEAD_BYTES + BACKUP_CHUNK_BYTES + 4;
    expect(await refusalOf(long.subarray(0, end))).toBe(
      `Damaged: it ends at byte ${end}, but it should have ${long.length} bytes; ` +
        "fetch it again from where it was kept, or use another backup",
    );
  });

  it("F08 one that goes on behind its end, or has chunks of another backup, is refused", async () => {
    const bytes = await written(small);
    expect(await refusalOf(Uint8Array.of(...bytes, 0))).toMatch(
      /^Damaged: bytes 536–536: it goes on where it should end/,
    );
    const other = await written(Uint8Array.from(small, (byte) => byte ^ 1));
    const mixed = Uint8Array.of(...bytes.subarray(0, BACKUP_HEAD_BYTES), ...other.subarray(BACKUP_HEAD_BYTES));
    expect(await refusalOf(mixed)).toMatch(/^Damaged: bytes 232–535: they are whole, but of another backup/);
  });

  it("F08 L10 a head whose checksum is right, with numbers that no replica writes, is refused", async () => {
    const about = aboutOf(small);
    const wrong: readonly Partial<BackupAbout>[] = [
      { id: { index: 0, term: 1 } },
      { id: { index: 2 ** 53, term: 1 } },
      { id: { index: 1, term: 2 ** 52 + 1 } },
      { logTimeMs: 2 ** 53 },
      { takenAtMs: 2 ** 60 },
      { streamBytes: 2 ** 53 },
    ];
    for (const other of wrong) {
      const bytes = await joined(backupBytes({ ...about, ...other }, cut(small, 100), checksum));
      expect(await refusalOf(bytes)).toMatch(/^Damaged: bytes 16–55: its head holds numbers/);
    }
  });

  it("F08 chunks in another order are refused", async () => {
    const stream = Uint8Array.from({ length: 2 * BACKUP_CHUNK_BYTES }, (_, i) => (i < BACKUP_CHUNK_BYTES ? 1 : 2));
    const bytes = await written(stream);
    const [from, size] = [BACKUP_HEAD_BYTES, BACKUP_CHUNK_BYTES + 4];
    const swapped = bytes.slice();
    swapped.set(bytes.subarray(from + size, from + 2 * size), from);
    swapped.set(bytes.subarray(from, from + size), from + size);
    expect(await refusalOf(swapped)).toMatch(/^Damaged: bytes 232–262379: checksum mismatch/);
  });
});
