import { type Checksum, type LogHole, type LogIndex } from "@hexraft/core/ports";
import { damaged } from "../format/faults.js";
import { BATCH_HEADER_BYTES, type BatchHeader, readBatchHeader } from "./batch.js";
import { readBatch, type ScannedBatch } from "./batch-reader.js";
import { FileWindow } from "./file-window.js";
import type { LogState } from "./log-state.js";
import { type Operation, type PlacedOperation, RecordKind, SOLE_GROUP } from "./record.js";
import type { Segment } from "./segment.js";
import type { Chain } from "./segment-footer.js";
import { type Crossing, crossGap } from "./segment-gap.js";

/** What the end of a log was found to be. */
export interface Scan {
  readonly chain: Chain;
  /** Whole batches in the segment. */
  readonly batches: number;
  /** Where the last of them begins; `segment.end` if there is none. */
  readonly lastBatchAt: number;
  /** Where the last whole batch ends; beyond `segment.end` if what is between was forgotten. */
  readonly readTo: number;
  /** A torn tail begins at `segment.end` and has left bytes up to here; equal to `segment.end` if there is none. */
  readonly tornUpTo: number;
  /** Why the first batch that is not whole is not; empty if there is no torn tail. */
  readonly reason: string;
  /** L03: blocks that were durable, and whose bodies are damaged. */
  readonly lost: readonly PlacedOperation[];
  /** L03: entries in bytes that are wrong, where what stands around them tells their terms. */
  readonly holes: readonly LogHole[];
  /** L03: where nothing does. The log ends before them; it had ended with the last of these entries. */
  readonly forgotten: LogHole | undefined;
  /** L03: bytes that were durable are wrong, whatever was in them. */
  readonly isDamaged: boolean;
}

/**
 * L02: reads a segment that has no foot, to its very end. Whole batches that chain are taken into `state` and `segment`. What
 * follows is a torn tail if nothing above it says that it was durable; else it is damage, which is never cut: the log goes on behind it,
 * if that says where it stood.
 *
 * @param chain - where the log stood before this segment; `undefined` if that is not known, as the segments before are gone.
 * @param durableTo - the segment was durable up to here, says the mark.
 * @throws RaftError `Damaged` if the newest vote may have been in what is damaged (L12).
 */
export async function scanSegment(
  segment: Segment,
  state: LogState,
  chain: Chain | undefined,
  checksum: Checksum,
  durableTo = 0,
): Promise<Scan> {
  const scan = new SegmentScan(segment, state, chain, checksum, durableTo);
  await scan.run();
  return scan.result();
}

/** L03: what is wrong, and how the log went on behind it, though nobody knows with which entries. */
interface Forgotten {
  readonly offset: number;
  readonly length: number;
  /** The log before it. */
  readonly chain: Chain | undefined;
  state: LogState;
}

class SegmentScan {
  private readonly window: FileWindow;
  private at: number;
  private batches = 0;
  private reason = "";
  private lastBatchAt: number;
  private leftUpTo = 0;
  private isDamaged = false;
  private readonly lost: PlacedOperation[] = [];
  private readonly holes: LogHole[] = [];
  private forgotten: Forgotten | undefined;

  constructor(
    private readonly segment: Segment,
    private readonly state: LogState,
    private known: Chain | undefined,
    private readonly checksum: Checksum,
    private readonly durableTo: number,
  ) {
    this.window = new FileWindow(segment.handle, segment.handle.size());
    this.at = segment.end;
    this.lastBatchAt = segment.end;
  }

  async run(): Promise<void> {
    for (;;) {
      const found = await this.next();
      if (typeof found !== "string") {
        this.take(found.head, found.batch);
        continue;
      }
      const { window, segment, at, checksum } = this;
      const tail = await inspectTail(window, segment, at, checksum);
      this.reason = found;
      this.leftUpTo = tail.leftUpTo;
      if (tail.sealedUpTo <= at) return;
      const crossing = await crossGap(window, segment, at, this.known?.number ?? 0, checksum);
      if (crossing === undefined)
        throw damaged(
          segment.path,
          `${found || "a batch is missing"}, although a later one says that it was durable; the newest vote may have been in it (L12)`,
          at,
          tail.sealedUpTo - at,
        );
      this.cross(crossing);
    }
  }

  result(): Scan {
    const { segment, leftUpTo, batches, lastBatchAt, lost, holes, isDamaged } = this;
    const forgotten = this.forgotten === undefined ? undefined : this.endBefore(this.forgotten);
    const tornUpTo = Math.max(segment.end, this.forgotten === undefined ? leftUpTo : 0);
    return {
      chain: (this.forgotten ? this.forgotten.chain : this.known) ?? { number: 0, checksum: 0, sequence: 1 },
      batches,
      lastBatchAt,
      readTo: this.at,
      tornUpTo,
      reason: tornUpTo > segment.end ? this.reason || "a write did not reach the disk whole" : "",
      lost,
      holes,
      forgotten,
      isDamaged,
    };
  }

  /** The batch that comes next; or why it is not whole, empty if there is none. */
  private async next(): Promise<{ readonly head: BatchHeader; readonly batch: ScannedBatch } | string> {
    const { window, segment, at, known, checksum } = this;
    if (!window.holds(at, BATCH_HEADER_BYTES)) await window.fetch(at, BATCH_HEADER_BYTES);
    const head = readBatchHeader(window, at, segment, checksum);
    if (head === undefined) return "";
    if (known !== undefined && (head.number !== known.number + 1 || head.previous !== known.checksum))
      return `batch ${head.number} does not continue the log`;
    const batch = await readBatch(window, head, segment, known?.sequence, checksum);
    if (typeof batch === "string") return batch;
    if (batch.isLost) {
      // Was it durable? A write that did not end looks the same, and is cut.
      const sealedUpTo = Math.max(this.durableTo, (await inspectTail(window, segment, at, checksum)).sealedUpTo);
      if (sealedUpTo < at + head.length) return `batch ${head.number} is not whole: its blocks are not`;
    }
    return { head, batch };
  }

  private take(head: BatchHeader, { placed, sequence }: ScannedBatch): void {
    const { segment, state, forgotten } = this;
    this.known = { number: head.number, checksum: head.checksum, sequence };
    this.at = head.offset + head.length;
    this.batches++;
    for (const { operation, isLost } of placed) (forgotten?.state ?? state).apply(operation, isLost);
    if (forgotten !== undefined) return;
    this.lost.push(...placed.filter(({ isLost }) => isLost));
    segment.note(placed);
    this.lastBatchAt = head.offset;
    segment.end = this.at;
  }

  /** L03: goes on behind what is wrong; what was in it is a hole of known terms, or nobody knows. */
  private cross({ end, between, head, batch, standing }: Crossing): void {
    const { segment, state, at, known } = this;
    this.isDamaged = true;
    const missing =
      this.forgotten === undefined && between !== undefined ? bridge(state, standing, between) : undefined;
    if (this.forgotten !== undefined) this.forgotten.state = standing;
    else if (missing === undefined || between === undefined)
      this.forgotten = { offset: at, length: end - at, chain: known, state: standing };
    else {
      segment.note(between);
      if (missing.first <= missing.last)
        this.holes.push({ ...missing, file: segment.path, offset: at, length: end - at });
    }
    this.take(head, batch);
  }

  /** L03: the log as it was before what was forgotten; only what replaces itself is known as of its end. */
  private endBefore({ offset, length, state: { base, last, hardState } }: Forgotten): LogHole | undefined {
    const { segment, state } = this;
    state.hardState = hardState;
    segment.keptTo = this.at;
    const isEmpty = last.index === base.index;
    if (state.holds(base) && !isEmpty) state.compact(base);
    else {
      state.reset(base);
      segment.note([{ group: SOLE_GROUP, offset: segment.end, operation: { kind: RecordKind.reset, id: base } }]);
    }
    segment.low = Math.min(segment.low, state.last.index + 1);
    if (isEmpty) return undefined;
    const first = Math.min(state.last.index + 1, last.index);
    return { first, last: last.index, file: segment.path, offset, length };
  }
}

/**
 * L03: terms never fall along a log, and a leader only appends. So if it ended with an entry of one term before the damage, and with
 * one of the same term behind it, nothing but entries of that term came in between, and none was taken back.
 *
 * @returns which entries are missing, none if the first is above the last; `undefined` if that is not known.
 */
function bridge(
  state: LogState,
  { base, last }: LogState,
  between: readonly PlacedOperation[],
): { readonly first: LogIndex; readonly last: LogIndex } | undefined {
  const operations = between.map(({ operation }) => operation);
  const blocks = operations.flatMap((operation) => ("block" in operation ? [operation.block] : []));
  const turns = (operation: Operation): boolean =>
    operation.kind === RecordKind.truncate || operation.kind === RecordKind.reset;
  const first = state.last.index + 1;
  const goesOnWith = blocks[0]?.first ?? last.index + 1;
  const isOneTerm = state.holds(base) && [state.last, ...blocks].every(({ term }) => term === last.term);
  const endsWith = blocks.reduce((end, block) => (block.first === end + 1 ? block.last : Number.NaN), goesOnWith - 1);
  if (!isOneTerm || goesOnWith < first || endsWith !== last.index || operations.some(turns)) return undefined;
  state.span(goesOnWith - 1);
  for (const operation of operations) state.apply(operation);
  return { first, last: goesOnWith - 1 };
}

/**
 * Looks at everything from there on, behind the last whole batch: the highest seal that an intact header there states, and how far bytes of
 * an unfinished write may reach. A file that was used before is full of old bytes, so there only what names this segment counts.
 */
export async function inspectTail(
  window: FileWindow,
  segment: Segment,
  from: number,
  checksum: Checksum,
): Promise<{ readonly sealedUpTo: number; readonly leftUpTo: number }> {
  let sealedUpTo = 0;
  let leftUpTo = 0;
  const step = 1024 * 1024;
  for (let at = from; at < window.size; at += step) {
    const bytes = await window.at(at, step);
    if (segment.generation === 1) {
      const used = lastUsed(bytes);
      if (used > 0) leftUpTo = at + used;
      else continue;
    }
    for (let i = 0; i < bytes.length; i += BATCH_HEADER_BYTES) {
      const head = readBatchHeader(window, at + i, segment, checksum);
      if (head === undefined) continue;
      sealedUpTo = Math.max(sealedUpTo, head.sealedUpTo);
      leftUpTo = Math.max(leftUpTo, at + i + BATCH_HEADER_BYTES);
    }
  }
  return { sealedUpTo, leftUpTo };
}

/** How many bytes there are up to the last one that is not zero. */
function lastUsed(bytes: Uint8Array): number {
  let used = bytes.length;
  while (used > 0 && bytes[used - 1] === 0) used--;
  return used;
}
