import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Checksum,
  EntryType,
  FileSystem,
  LogBlock,
  LogStorage,
  type OpenedLog,
  type OpenLog,
  Scheduler,
  SnapshotStorage,
} from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { Container } from "inversify";
import { onTestFinished } from "vitest";
import { type FileStorageOptions, fileStorage } from "../../src/index.js";

const host = new Container();
host.load(nodeRuntime());

export const checksum = host.get(Checksum);
export const nodeFiles = host.get(FileSystem);

/** A directory of its own for this test, gone afterwards. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), "hexraft-storage-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export const OPEN: OpenLog = {
  nodeId: "n1",
  groupId: "main",
  newDirectoryId: "00000000000000d1",
  newIncarnation: "00000000000000a1",
};

/** What a test varies; the disk and the clock are the host's otherwise. */
export interface Parts extends Partial<FileStorageOptions> {
  readonly files?: FileSystem;
  readonly scheduler?: Scheduler;
}

/** Both storages over one directory, not opened yet. */
export function storageOf(directory: string, parts: Parts = {}): { log: LogStorage; snapshots: SnapshotStorage } {
  const { files = nodeFiles, scheduler = host.get(Scheduler), ...options } = parts;
  const container = new Container();
  container.bind(FileSystem).toConstantValue(files);
  container.bind(Checksum).toConstantValue(checksum);
  container.bind(Scheduler).toConstantValue(scheduler);
  container.load(fileStorage({ directory, preallocate: false, scrubBytesPerSecond: 0, ...options }));
  return { log: container.get(LogStorage), snapshots: container.get(SnapshotStorage) };
}

/** An open log, closed when the test ends. */
export async function openLog(
  directory: string,
  parts: Parts = {},
): Promise<{ readonly log: LogStorage; readonly opened: OpenedLog }> {
  const { log } = storageOf(directory, parts);
  const opened = await log.open(OPEN);
  onTestFinished(() => log.close());
  return { log, opened };
}

/** Closes one life of the log and begins the next. */
export async function reopen(
  log: LogStorage,
  directory: string,
  parts: Parts = {},
): Promise<{ readonly log: LogStorage; readonly opened: OpenedLog }> {
  await log.close();
  return openLog(directory, parts);
}

/** A block of commands `payload:index`, `size` bytes each. */
export function block(first: number, count: number, term: number, size = 20): LogBlock {
  const payloads = Array.from({ length: count }, (_, i) => payloadOf(first + i, term, size));
  return LogBlock.of(first, term, 1_000 + first, EntryType.command, payloads);
}

/** The payload that `block` gives an entry. */
export function payloadOf(index: number, term: number, size = 20): Uint8Array {
  const bytes = new Uint8Array(size).fill(128 + (index % 120));
  bytes.set(new TextEncoder().encode(`${index}@${term}`).subarray(0, size));
  return bytes;
}

/** What the log says from `from` to `to`, as `index@term` in words. */
export async function contentOf(log: LogStorage, from: number, to: number): Promise<string[]> {
  const words: string[] = [];
  let next = from;
  while (next <= to) {
    const blocks = await log.read(next, 64 * 1024);
    if (blocks.length === 0) throw new Error(`nothing at ${next}`);
    for (const part of blocks) {
      if (part.first !== next) throw new Error(`asked for ${next}, got ${part.first}`);
      for (let index = part.first; index <= Math.min(part.last, to); index++) {
        const text = nameOf(part.payloadAt(index));
        words.push(text === `${index}@${part.term}` ? text : `${index}: "${text}" in term ${part.term}`);
      }
      next = part.last + 1;
    }
  }
  return words;
}

/** What a payload says of itself, without what fills it up; a hundred thousand times a second. */
function nameOf(payload: Uint8Array): string {
  let name = "";
  for (const byte of payload) {
    if ((byte < 0x30 || byte > 0x39) && byte !== 0x40) break;
    name += String.fromCharCode(byte);
  }
  return name;
}

/** The words that {@link contentOf} finds for entries of one term. */
export const words = (from: number, to: number, term: number): string[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => `${from + i}@${term}`);
