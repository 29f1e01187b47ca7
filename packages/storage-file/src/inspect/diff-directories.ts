import {
  type Checksum,
  EntryType,
  type FileSystem,
  type LogBlock,
  type LogIndex,
  type Term,
} from "@hexraft/core/ports";
import { type OfflineLog, openOffline } from "./offline-log.js";

/** Entries in a row that two nodes hold differently. */
export interface DifferingEntries {
  /** First of them. */
  readonly from: LogIndex;
  /** Last of them. */
  readonly to: LogIndex;
  /** Terms of the first one, left and right. Equal: the same place and term with another payload, which must never be (I3). */
  readonly terms: readonly [left: Term, right: Term];
}

/** What {@link diffDirectories} found. */
export interface LogDifference {
  /** Entries that both hold; `to` below `from` if there are none. */
  readonly common: {
    /** First of them. */
    readonly from: LogIndex;
    /** Last of them. */
    readonly to: LogIndex;
  };
  /** Ranges of these that differ, ascending; the first {@link DIFFERENCES_MAX}. */
  readonly differing: readonly DifferingEntries[];
  /** Last entries, left and right: the longer log has more than the other. */
  readonly last: readonly [left: LogIndex, right: LogIndex];
}

/** Most ranges that are told. */
export const DIFFERENCES_MAX = 100;

/**
 * O08: compares the logs of two stopped nodes entry by entry, without changing anything.
 *
 * @param left - a data directory.
 * @param right - another one.
 * @param groupId - the group; each log may be its own, or one that many groups share.
 * @param files - the disk; nothing is written to it.
 * @param checksum - CRC-32.
 * @throws RaftError `BadOption` if a shared log does not know the group, `Damaged` if a log cannot be read; {@link inspectDirectory} says more.
 */
export async function diffDirectories(
  left: string,
  right: string,
  groupId: string,
  files: FileSystem,
  checksum: Checksum,
): Promise<LogDifference> {
  const logs: OfflineLog[] = [];
  try {
    for (const directory of [left, right]) logs.push(await openOffline(directory, groupId, files, checksum));
    const [a, b] = logs as [OfflineLog, OfflineLog];
    const from = Math.max(a.base.index, b.base.index) + 1;
    const to = Math.min(a.last.index, b.last.index);
    const differing = await differences(new Entries(a, from), new Entries(b, from), from, to);
    return { common: { from, to }, differing, last: [a.last.index, b.last.index] };
  } finally {
    for (const log of logs) log.close();
  }
}

async function differences(a: Entries, b: Entries, from: LogIndex, to: LogIndex): Promise<DifferingEntries[]> {
  const found: DifferingEntries[] = [];
  let open: { from: LogIndex; terms: readonly [Term, Term] } | undefined;
  for (let index = from; index <= to && found.length < DIFFERENCES_MAX; index++) {
    const [left, right] = [await a.blockOf(index), await b.blockOf(index)];
    const isSame = left.term === right.term && areAlike(left, right, index);
    if (!isSame) open ??= { from: index, terms: [left.term, right.term] };
    else if (open !== undefined) {
      found.push({ ...open, to: index - 1 });
      open = undefined;
    }
  }
  if (open !== undefined) found.push({ ...open, to });
  return found;
}

/** A log's entries, one after the other. */
class Entries {
  private readonly blocks: AsyncGenerator<LogBlock>;
  private block: LogBlock | undefined;

  constructor(log: OfflineLog, from: LogIndex) {
    this.blocks = log.blocks(from);
  }

  async blockOf(index: LogIndex): Promise<LogBlock> {
    while (this.block === undefined || this.block.last < index) {
      const next = await this.blocks.next();
      if (next.done === true) throw new Error(`entry ${index} is not there`);
      this.block = next.value;
    }
    return this.block;
  }
}

/** M12: of a command that a witness keeps there is no payload to compare. */
function areAlike(left: LogBlock, right: LogBlock, index: LogIndex): boolean {
  const type = left.typeAt(index);
  if (type !== right.typeAt(index)) return false;
  if ((left.isBare || right.isBare) && type === EntryType.command) return true;
  return areEqual(left.payloadAt(index), right.payloadAt(index));
}

const areEqual = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
