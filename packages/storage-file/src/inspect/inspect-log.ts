import {
  type Checksum,
  type ConfigurationEntry,
  decodeConfiguration,
  EntryType,
  type FileSystem,
  type LogBlock,
  type LogHole,
  type LogIndex,
  RaftError,
} from "@hexraft/core/ports";
import { damaged, messageOf } from "../format/faults.js";
import { Forgotten } from "../log/forgotten.js";
import { holdToMark, readMark } from "../log/log-mark.js";
import { LogState } from "../log/log-state.js";
import { RecordKind } from "../log/record.js";
import { recoverLog } from "../log/recovery.js";
import type { Segment } from "../log/segment.js";
import type { SegmentFiles } from "../log/segment-files.js";
import { readFooter } from "../log/segment-footer.js";
import { type LogOwner, SEGMENT_HEADER_BYTES } from "../log/segment-header.js";
import type { DamagedRange, InspectedGroup, InspectedSegment } from "./report.js";
import { type Hole, type WholeBatch, walkSegment } from "./walk-segment.js";

type InspectedLog = Omit<InspectedGroup, "groupId" | "incarnation" | "snapshots">;

/** Reads every byte of a log, and goes on behind what is wrong. */
export async function inspectLog(
  files: SegmentFiles,
  host: FileSystem,
  owner: LogOwner,
  checksum: Checksum,
  damage: DamagedRange[],
): Promise<InspectedLog> {
  const walk = new LogWalk(host, files, checksum, damage);
  for (const number of files.numbers()) await walk.segment(number, owner);
  const { forgotten, refusal } = await asIfOpened(files, host, owner, checksum);
  if (refusal !== undefined) note(damage, refusal);
  return { ...walk.result(), forgotten, refusal: refusal?.message ?? "" };
}

class LogWalk {
  private readonly state = new LogState();
  private readonly segments: InspectedSegment[] = [];
  private readonly configurations = new Map<LogIndex, ConfigurationEntry>();
  private unfinished = "";
  private readonly mark: ReturnType<typeof readMark>;

  constructor(
    host: FileSystem,
    private readonly files: SegmentFiles,
    private readonly checksum: Checksum,
    private readonly damage: DamagedRange[],
  ) {
    this.mark = readMark(files.directory, host, checksum);
  }

  async segment(number: number, owner: LogOwner): Promise<void> {
    let segment: Segment;
    try {
      segment = this.files.openExisting(number, owner);
    } catch (error) {
      note(this.damage, error);
      return;
    }
    try {
      await this.walk(segment);
    } finally {
      segment.close();
    }
  }

  result(): Omit<InspectedLog, "forgotten" | "refusal"> {
    const { hardState, commitHint, base, last, runs, configurationIndices } = this.state;
    const configurations = configurationIndices.flatMap((index) => this.configurations.get(index) ?? []);
    const { segments, unfinished } = this;
    return { hardState, commitHint, base, last, runs, configurations, segments, unfinished };
  }

  private async walk(segment: Segment): Promise<void> {
    const foot = readFooter(segment, segment.handle, this.checksum);
    const bytes = segment.handle.size();
    // How far it is known to have been durable: by its foot, by the mark, by what later batches say.
    let sealed = Math.max(foot?.end ?? 0, this.mark?.segment === segment.number ? this.mark.end : 0);
    const holes: Hole[] = [];
    const range = { batches: 0, first: 0, last: 0 };
    for await (const part of walkSegment(
      segment,
      SEGMENT_HEADER_BYTES,
      foot?.end ?? Math.max(bytes, sealed),
      this.checksum,
    )) {
      if ("what" in part) {
        holes.push(part);
        continue;
      }
      sealed = Math.max(sealed, part.head.sealedUpTo);
      this.take(part, range);
    }
    for (const { offset, end, what, isTorn } of holes) {
      const length = Math.min(end, sealed) - offset;
      if (length > 0) this.damage.push({ file: segment.path, offset, length, what });
      else if (isTorn) this.unfinished = `${segment.path}: a write that did not end begins at ${offset} (${what})`;
    }
    const { path: file, number, generation } = segment;
    this.segments.push({ file, number, generation, bytes, closed: foot !== undefined, ...range });
  }

  private take({ placed }: WholeBatch, range: { batches: number; first: LogIndex; last: LogIndex }): void {
    range.batches++;
    for (const { operation } of placed) {
      this.state.apply(operation);
      if (operation.kind !== RecordKind.block) continue;
      const { block } = operation;
      range.first = range.first === 0 ? block.first : Math.min(range.first, block.first);
      range.last = Math.max(range.last, block.last);
      this.takeConfigurations(block);
    }
  }

  private takeConfigurations(block: LogBlock): void {
    for (let index = block.first; index <= block.last; index++) {
      if (block.typeAt(index) !== EntryType.configuration) continue;
      const configuration = decodeConfiguration(block.payloadAt(index));
      this.configurations.set(index, { id: { index, term: block.term }, configuration });
    }
  }
}

/** What opening would know besides, and why it would be refused. */
async function asIfOpened(
  files: SegmentFiles,
  host: FileSystem,
  owner: LogOwner,
  checksum: Checksum,
): Promise<{ readonly forgotten: LogHole | null; readonly refusal: RaftError | undefined }> {
  let forgotten: LogHole | null = null;
  try {
    forgotten = new Forgotten(files, host, checksum).hole ?? null;
    if (files.numbers().length === 0) throw damaged(files.path(1), "the log is missing", 0, 1);
    const { segments, next, scan } = await recoverLog(files, files.numbers(), owner, checksum);
    for (const segment of segments) segment.close();
    next?.close();
    const active = segments.at(-1) as Segment;
    const mark = readMark(files.directory, host, checksum);
    holdToMark(mark, { segment: active.number, end: scan.readTo }, (number) => files.path(number));
    return { forgotten, refusal: undefined };
  } catch (error) {
    if (error instanceof RaftError) return { forgotten, refusal: error };
    throw error;
  }
}

/** What was read, unless an adapter refused it: that is taken down. */
export function noting<T>(damage: DamagedRange[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    note(damage, error);
    return undefined;
  }
}

/** Takes down what an adapter refused, unless a range of that file is known already. */
export function note(damage: DamagedRange[], error: unknown): void {
  if (!(error instanceof RaftError)) throw error;
  const { file = "", offset = 0, length = 0 } = error.details as Partial<DamagedRange>;
  const isKnown = damage.some(
    (range) => range.file === file && range.offset < offset + length && offset < range.offset + range.length,
  );
  if (!isKnown) damage.push({ file, offset, length, what: messageOf(error) });
}
