import type { Checksum, RaftError } from "@hexraft/core/ports";
import { type DamagedRange, damagedGroup } from "../format/faults.js";
import { writeFully } from "../format/small-file.js";
import type { DurablePlace } from "../log/log-mark.js";
import { withoutGap } from "../log/recovery.js";
import type { Segment } from "../log/segment.js";
import type { SegmentFiles } from "../log/segment-files.js";
import { type LogOwner, SEGMENT_HEADER_BYTES } from "../log/segment-header.js";
import type { GroupLog } from "./group-log.js";
import { SharedBook } from "./shared-book.js";
import {
  type FoundRecord,
  firstBatchOf,
  type ScanSink,
  type SegmentEnd,
  type SharedChain,
  scanSharedSegment,
} from "./shared-scan.js";

/** A shared log as it was found. Nothing was changed yet. */
export interface FoundShared {
  readonly book: SharedBook;
  readonly chain: SharedChain;
  readonly next: Segment | undefined;
  /** Segments of before a gap, whose removal was under way; and one made ahead whose first batch is torn. */
  readonly leftovers: readonly number[];
  /** Where the active segment was found to end. */
  readonly end: SegmentEnd;
  /** G03: groups that damage has touched; their standing is to be written down. */
  readonly condemned: ReadonlyMap<GroupLog, RaftError>;
}

/** G01: reads a shared log that has segments: all groups in one pass, each judged by its own numbers (G03). */
export async function recoverShared(
  files: SegmentFiles,
  numbers: readonly number[],
  owner: LogOwner,
  checksum: Checksum,
  mark?: DurablePlace,
): Promise<FoundShared> {
  const segments = withoutGap(numbers).map((number) => files.openExisting(number, owner));
  try {
    return await readAll(segments, numbers, checksum, mark);
  } catch (error) {
    for (const segment of segments) segment.close();
    throw error;
  }
}

async function readAll(
  segments: Segment[],
  numbers: readonly number[],
  checksum: Checksum,
  mark: DurablePlace | undefined,
): Promise<FoundShared> {
  const durableTo = ({ number }: Segment): number => (mark?.segment === number ? mark.end : 0);
  const [first, newest] = [segments[0] as Segment, segments.at(-1) as Segment];
  // The next segment is made ahead: while no batch reached it, it is none of the log's yet.
  const ahead = segments.length > 1 ? await stateOfNewest(newest, checksum, durableTo(newest)) : "used";
  if (ahead !== "used") segments.pop();
  // A first batch whose end is missing may be made whole by the zeros that are laid out there, and come back: its file goes.
  if (ahead === "torn") newest.close();
  const book = new SharedBook(segments, checksum);
  const judge = new GroupJudge(book, first.number);
  let chain: SharedChain | undefined = first.number === 1 ? { number: 0, checksum: 0 } : undefined;
  let end: SegmentEnd = { chain, lastBatchAt: first.end, tornUpTo: first.end, reason: "" };
  for (const [i, segment] of segments.entries()) {
    const following = segments[i + 1];
    const follower = following === undefined ? null : firstBatchOf(following, checksum);
    end = await scanSharedSegment(segment, chain, follower, judge, checksum, durableTo(segment));
    // A segment that could not be read to its end was told of: the next one begins a chain anew.
    ({ chain } = end);
  }
  return {
    book,
    chain: chain ?? { number: 0, checksum: 0 },
    next: ahead === "untouched" ? newest : undefined,
    leftovers: numbers.filter((number) => number < first.number || (ahead === "torn" && number === newest.number)),
    end,
    condemned: judge.verdict(),
  };
}

/** Whether a batch reached it; `torn`: one that is not whole. */
async function stateOfNewest(
  segment: Segment,
  checksum: Checksum,
  durableTo: number,
): Promise<"used" | "untouched" | "torn"> {
  let records = 0;
  const counter: ScanSink = { record: () => void records++, gap: () => void records++ };
  const { tornUpTo } = await scanSharedSegment(segment, undefined, null, counter, checksum, durableTo);
  const isTorn = tornUpTo > segment.end;
  segment.end = SEGMENT_HEADER_BYTES;
  if (records > 0) return "used";
  return isTorn ? "torn" : "untouched";
}

/** G03: follows each group's own numbers through the log, over gaps. */
class GroupJudge implements ScanSink {
  private readonly condemned = new Map<GroupLog, DamagedRange>();
  private readonly heardSinceGap = new Set<number>();
  private latestGap: DamagedRange | undefined;

  constructor(
    private readonly book: SharedBook,
    private readonly firstSegment: number,
  ) {}

  record(found: FoundRecord, segment: Segment): void {
    const { group, sequence, offset } = found;
    this.heardSinceGap.add(group);
    const known = this.book.groups.get(group);
    this.book.take(found, segment);
    const log = this.book.groups.get(group);
    if (log === undefined) return;
    const isBeginning = known === undefined && segment.number === this.firstSegment && this.latestGap === undefined;
    const expected = known?.sequence ?? (isBeginning ? sequence : 1);
    log.sequence = sequence + 1;
    if (sequence !== expected)
      this.condemn(log, segment, offset, `its record ${sequence} follows record ${expected - 1}`);
    if (log.standing === "damaged" && !this.condemned.has(log))
      this.condemn(log, segment, offset, "it was found to be damaged in an earlier run");
  }

  gap(segment: Segment, offset: number, length: number, reason: string): void {
    this.latestGap = { file: segment.path, what: reason, offset, length };
    this.heardSinceGap.clear();
  }

  /** Of a group that is silent behind the last gap nobody knows what was in it (L12). */
  verdict(): ReadonlyMap<GroupLog, RaftError> {
    for (const log of this.book.groups.values()) {
      if (this.latestGap !== undefined && !this.heardSinceGap.has(log.number) && !this.condemned.has(log))
        this.condemned.set(log, this.latestGap);
      if (log.standing === "there" && !log.isComplete && !this.condemned.has(log))
        this.condemned.set(
          log,
          this.latestGap ?? { file: this.book.active.path, what: "entries are missing", offset: 0, length: 1 },
        );
    }
    // One that was removed since is gone: its replica must not come back, which has lost its vote (M13).
    const there = [...this.condemned].filter(([log]) => this.book.groups.get(log.number) === log);
    return new Map(there.map(([log, range]) => [log, damagedGroup(log.name, range)]));
  }

  private condemn(log: GroupLog, segment: Segment, offset: number, what: string): void {
    if (this.condemned.has(log)) return;
    this.condemned.set(log, this.latestGap ?? { file: segment.path, what, offset, length: 1 });
  }
}

/**
 * What was read may so far be in the host's cache alone: the last batch is written once more, as no later one proves that it is
 * durable, and everything is synced before anything rests on it.
 */
export async function settleShared(segments: readonly Segment[], { lastBatchAt }: SegmentEnd): Promise<void> {
  for (const segment of segments.slice(-2)) {
    const from = segment === segments.at(-1) ? lastBatchAt : segment.end;
    const bytes = new Uint8Array(segment.end - from);
    segment.handle.read(bytes, from);
    if (bytes.length > 0) writeFully(segment.handle, [bytes], from);
    await segment.handle.datasync();
  }
}
