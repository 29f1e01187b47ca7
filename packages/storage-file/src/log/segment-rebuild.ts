import type { Checksum, FileHandle, LogBlock } from "@hexraft/core/ports";
import { damaged } from "../format/faults.js";
import { writeFully } from "../format/small-file.js";
import { layBatch } from "./batch.js";
import { BatchDesk } from "./batch-desk.js";
import { LogState } from "./log-state.js";
import { type GroupOperation, type Operation, RecordKind, SOLE_GROUP } from "./record.js";
import type { Segment } from "./segment.js";
import type { SegmentFiles } from "./segment-files.js";
import { type Chain, layFooter, readFooter } from "./segment-footer.js";
import { type LogOwner, SEGMENT_HEADER_BYTES } from "./segment-header.js";
import type { SegmentList } from "./segment-list.js";
import { visitParts } from "./segment-survey.js";
import { carriedOver } from "./sole-book.js";

/** Bytes of blocks that a batch of a rebuilt segment holds at most; a larger block has one of its own. */
const BATCH_BYTES = 1024 * 1024;

/** What a segment is rebuilt with. */
export interface RebuildParts {
  readonly files: SegmentFiles;
  readonly checksum: Checksum;
  readonly owner: LogOwner;
  readonly startNumber: number;
}

/**
 * L03: lays a closed segment anew, out of what is intact of it and the entries that it lost. It takes the old one's place by a rename:
 * a crash leaves the one or the other. Not a byte is believed that does not bear its checksum.
 *
 * @param repaired - consecutive, all of this segment.
 * @throws RaftError `Damaged` if its foot is wrong by now: only that says what it held.
 */
async function rebuildSegment(
  old: Segment,
  repaired: readonly LogBlock[],
  { files, checksum, owner, startNumber }: RebuildParts,
): Promise<Segment> {
  const foot = readFooter(old, old.handle, checksum);
  if (foot === undefined) throw damaged(old.path, "its foot is wrong", SEGMENT_HEADER_BYTES, old.handle.size());
  const state = new LogState();
  foot.advance(state);
  state.restore(repaired);
  const { draft, segment } = files.layAnew(old, owner);
  try {
    const writer = new RebuildWriter(draft, segment, foot.chain, startNumber, checksum);
    // Where it begins, and that nothing counts of what an earlier segment holds beyond that: no block says so.
    const before = { index: foot.low - 1, term: state.termAt(foot.low - 1) };
    writer.add(...carriedOver(state, before), { kind: RecordKind.truncate, index: foot.low });
    await mergeInto(writer, old, repaired, checksum);
    writer.flush();
    segment.low = foot.low;
    segment.closed = true;
    const bytes = layFooter(segment, state, foot.chain, checksum);
    writeFully(draft, [bytes], segment.end);
    segment.size = segment.end + bytes.length;
    await draft.datasync();
  } finally {
    draft.close();
  }
  await files.replace(segment);
  return segment;
}

/** Whether one of these entries was in this segment, and counts there. */
export function lostAny(segments: SegmentList, segment: Segment, blocks: readonly LogBlock[]): boolean {
  return blocks.some(({ first, last }) => segment.low <= last && segments.highOf(segment) >= first);
}

/** Lays a segment anew among its neighbours, with what of these entries is its own. */
export async function rebuildIn(
  segments: SegmentList,
  segment: Segment,
  blocks: readonly LogBlock[],
  parts: RebuildParts,
): Promise<void> {
  const high = segments.highOf(segment);
  const own = blocks.flatMap((block) => {
    const [first, last] = [Math.max(block.first, segment.low), Math.min(block.last, high)];
    return first <= last ? [block.slice(first, last)] : [];
  });
  segments.replace(await segment.reading(() => rebuildSegment(segment, own, parts)));
}

/** What is intact and what was repaired, in the order of their entries. */
async function mergeInto(
  writer: RebuildWriter,
  old: Segment,
  repaired: readonly LogBlock[],
  checksum: Checksum,
): Promise<void> {
  const waiting = [...repaired];
  let done = 0;
  const addUpTo = (index: number): void => {
    for (let next = waiting[0]; next !== undefined && next.first <= index; next = waiting[0]) {
      waiting.shift();
      // What is no longer missing stays as it is.
      const [first, last] = [Math.max(next.first, done + 1), Math.min(next.last, index)];
      if (first <= last) writer.add({ kind: RecordKind.block, block: next.slice(first, last) });
      done = Math.max(done, last);
    }
  };
  await visitParts(old, checksum, (part) => {
    if (!("block" in part)) return true;
    addUpTo(part.block.first - 1);
    writer.add({ kind: RecordKind.block, block: part.block });
    done = part.block.last;
    return true;
  });
  addUpTo(Number.MAX_SAFE_INTEGER);
}

/** Lays batches down as they become full. */
class RebuildWriter {
  private readonly desk = new BatchDesk();
  private operations: GroupOperation[] = [];
  private bytes = 0;
  private number: number;
  private previous = 0;
  private sequence = 1;

  constructor(
    private readonly draft: FileHandle,
    private readonly segment: Segment,
    chain: Chain,
    private readonly startNumber: number,
    private readonly checksum: Checksum,
  ) {
    this.number = chain.number;
  }

  add(...operations: readonly Operation[]): void {
    for (const operation of operations) {
      const size = operation.kind === RecordKind.block ? operation.block.sizeBytes : 0;
      if (this.bytes > 0 && this.bytes + size > BATCH_BYTES) this.flush();
      this.operations.push({ group: SOLE_GROUP, operation });
      this.bytes += size;
    }
  }

  flush(): void {
    if (this.operations.length === 0) return;
    const { segment, number, previous, startNumber } = this;
    const place = {
      segment: segment.number,
      generation: segment.generation,
      offset: segment.end,
      sealedUpTo: segment.end,
    };
    const head = { ...place, number, previous, startNumber };
    const laid = layBatch(head, this.operations, () => this.sequence++, this.checksum, this.desk);
    segment.note(laid.placed);
    writeFully(this.draft, laid.buffers, segment.end);
    segment.end += laid.length;
    this.previous = laid.checksum;
    this.operations = [];
    this.bytes = 0;
  }
}
