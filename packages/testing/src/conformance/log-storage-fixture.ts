import { EntryType, LogBlock, type LogStorage, type OpenedLog, type OpenLog } from "@hexraft/core/ports";
import { check, same } from "./check.js";

/** What the LogStorage laws need of an adapter: storages over one place that outlives them. */
export interface LogStorageFixture {
  /** A storage over the place, not opened. The one before was closed, or its process "crashed". */
  create(): LogStorage | Promise<LogStorage>;
  /** Ends the life of the storage made last as a power cut would: no write of it lands any more. Leave it out if it cannot be done. */
  crash?(): void | Promise<void>;
  /** Makes the next write fail. Leave it out if it cannot be done. */
  failNextWrite?(): void;
  /** L03: makes these entries of the place unreadable, while no storage has it open. Leave it out if the adapter cannot `repair`. */
  damage?(first: number, last: number): void | Promise<void>;
  /** Removes the place. */
  dispose(): void | Promise<void>;
}

/** Makes a fresh, empty place. */
export type LogStorageFactory = () => LogStorageFixture | Promise<LogStorageFixture>;

/** Who opens the storage in the laws. */
export const REQUEST: OpenLog = {
  nodeId: "n1",
  groupId: "main",
  newDirectoryId: "00112233445566aa",
  newIncarnation: "00112233445566bb",
};

/** A place, and the life that has it open. */
export class LogStorageRig {
  /** The storage of this life. */
  storage!: LogStorage;
  /** What it said when it was opened. */
  opened!: OpenedLog;

  constructor(readonly fixture: LogStorageFixture) {}

  /** Opens the place for a new life. */
  async open(): Promise<OpenedLog> {
    this.storage = await this.fixture.create();
    this.opened = await this.storage.open(REQUEST);
    return this.opened;
  }

  /** Ends this life in good order, and begins another. */
  async reopen(): Promise<OpenedLog> {
    await this.storage.close();
    return this.open();
  }

  /** Ends this life by a power cut, and begins another; a reopen for adapters that cannot. */
  async crash(): Promise<OpenedLog> {
    if (this.fixture.crash === undefined) return this.reopen();
    await this.fixture.crash();
    return this.open();
  }

  /** Appends and waits. */
  async append(...blocks: readonly LogBlock[]): Promise<void> {
    await this.storage.write({ blocks });
  }

  /** Everything from `from` to `to`, read in pieces of at most `bytesMax`, one line of text an entry. */
  async entries(from: number, to: number, bytesMax = 1 << 20): Promise<string[]> {
    const lines: string[] = [];
    let next = from;
    while (next <= to) {
      const blocks = await this.storage.read(next, bytesMax);
      check(blocks.length > 0, `read(${next}) returned nothing`);
      for (const part of blocks) {
        same(part.first, next, "the first index of a block read");
        for (; next <= part.last; next++) if (next <= to) lines.push(lineOf(part, next));
        next = part.last + 1;
      }
    }
    return lines;
  }
}

/** Runs `body` over a fresh place that is open, and cleans up. */
export const withLog =
  (factory: LogStorageFactory, body: (rig: LogStorageRig) => Promise<void>): (() => Promise<void>) =>
  async () => {
    const rig = new LogStorageRig(await factory());
    try {
      await rig.open();
      await body(rig);
    } finally {
      await rig.storage.close();
      await rig.fixture.dispose();
    }
  };

/** A block of commands; its payloads name index and term, and grow with the index. */
export function block(first: number, count: number, term: number, type: EntryType = EntryType.command): LogBlock {
  const payloads = Array.from({ length: count }, (_, i) => payload(first + i, term));
  return LogBlock.of(first, term, 1_000 * term + first, type, payloads);
}

/** One line that two equal entries share, and no two different ones. */
export function lineOf(of: LogBlock, index: number): string {
  return `${index} t${of.term} type${of.typeAt(index)} at${of.logTimeMs} ${Array.from(of.payloadAt(index)).join(".")}`;
}

/** The lines of whole blocks. */
export function linesOf(...blocks: readonly LogBlock[]): string[] {
  return blocks.flatMap((each) => Array.from({ length: each.count }, (_, i) => lineOf(each, each.first + i)));
}

function payload(index: number, term: number): Uint8Array {
  const bytes = new Uint8Array(index % 13);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (index * 31 + term * 7 + i) & 0xff;
  return bytes;
}
