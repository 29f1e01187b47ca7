import { blockBytes, type Checksum, type LogBlock, type RaftError } from "@hexraft/core/ports";
import type { Book, Pen } from "../log/book.js";
import type { Job } from "../log/job.js";
import { type GroupOperation, type GroupStanding, type PlacedOperation, RecordKind } from "../log/record.js";
import type { Segment } from "../log/segment.js";
import { GroupLog, type Place, type PlaceWatch } from "./group-log.js";
import { readPlaces } from "./place-reader.js";

/** Numbers of groups begin here: 1 is the group of a log that is one replica's. */
const FIRST_GROUP = 2;
/** G05: with fewer closed segments nothing is copied. */
const CLOSED_SEGMENTS_MIN = 3;
/** G05: the oldest segment is given up when less than this share of all closed ones is still needed. */
const NEEDED_SHARE_MIN = 0.5;
/** G05: most bytes copied forward in one batch: nobody's write waits for more. */
const COPY_BYTES_MAX = 1024 * 1024;

/** What takes entries away. */
const MOVES_PLACES: ReadonlySet<RecordKind> = new Set([RecordKind.truncate, RecordKind.reset, RecordKind.base]);

const NO_FOOT = new Uint8Array(0);

/** The book of a log that many groups share: which group a number means, and which segments still hold what somebody needs. */
export class SharedBook implements Book, PlaceWatch {
  readonly groups = new Map<number, GroupLog>();
  /** Bytes copied forward since it was opened (G05). */
  copiedBytes = 0;
  private readonly byName = new Map<string, GroupLog>();
  private readonly neededBytes = new Map<Segment, number>();
  /** The place that a copy was made of, until it is laid down. */
  private readonly copies = new Map<GroupOperation, { readonly log: GroupLog; readonly place: Place }>();
  private nextGroup = FIRST_GROUP;
  private tidying = false;
  /** L03: pinned by what is lost, and so by its repair: nothing in it is left to be copied. */
  private waitsForRepair: Segment | undefined;
  /** The newest segment of which a batch is durable. */
  private settled: Segment | undefined;

  constructor(
    readonly segments: Segment[],
    private readonly checksum: Checksum,
  ) {}

  get active(): Segment {
    return this.segments.at(-1) as Segment;
  }

  /** The group of this name, if it is there. */
  named(name: string): GroupLog | undefined {
    return this.byName.get(name);
  }

  /** A number for a new group. */
  newNumber(): number {
    return this.nextGroup++;
  }

  /** G03: nobody may use the group any more; from when the record is durable in later runs, too. */
  condemn(log: GroupLog, damage: RaftError): GroupOperation {
    log.damage ??= damage;
    const { name, incarnation } = log;
    return {
      group: log.number,
      operation: { kind: RecordKind.group, identity: { name, incarnation, standing: "damaged" } },
    };
  }

  /** L03: records that put these blocks back, as far as they are lost; what is no longer missing stays as it is. */
  copiesOfLost(log: GroupLog, blocks: readonly LogBlock[]): GroupOperation[] {
    return blocks.flatMap((block) => {
      const lost = log.placesFrom(block.first).filter(({ first, isLost }) => isLost && first <= block.last);
      return lost.map((place) => {
        const [first, last] = [Math.max(block.first, place.first), Math.min(block.last, place.last)];
        return this.copyOf(log, place, block.slice(first, last));
      });
    });
  }

  push(next: Segment): void {
    this.segments.push(next);
  }

  /** Nothing: to repeat it for thousands of groups would cost more than the bytes that it could save. */
  standing(): readonly GroupOperation[] {
    return [];
  }

  carriedOver(): readonly GroupOperation[] {
    return [...this.groups.values()].flatMap((log) => log.carriedOver());
  }

  /**
   * A block that was truncated, compacted or copied since its copy was asked for is not copied; nor one of a group that did so
   * earlier in the same batch, as what is left of it shows only behind that.
   */
  admit(operations: readonly GroupOperation[]): readonly GroupOperation[] {
    const changed = new Set<number>();
    return operations.filter((operation) => {
      const { group } = operation;
      const copy = this.copies.get(operation);
      this.copies.delete(operation);
      if (MOVES_PLACES.has(operation.operation.kind)) changed.add(group);
      return copy === undefined || (copy.log.holds(copy.place) && !changed.has(group));
    });
  }

  next(group: number): number {
    const log = this.groups.get(group);
    // A group's first record says who it is, and is number 1.
    return log === undefined ? 1 : log.sequence++;
  }

  took(placed: readonly PlacedOperation[]): void {
    for (const each of placed) this.take(each, this.active);
  }

  /** Takes in a record; also of segments that are read at open. */
  take({ group, operation, offset, isLost = false }: PlacedOperation, segment: Segment): void {
    let log = this.groups.get(group);
    if (log === undefined) {
      if (operation.kind !== RecordKind.group) return;
      log = new GroupLog(group, operation.identity.name, this);
      log.sequence = 2;
      this.groups.set(group, log);
      this.nextGroup = Math.max(this.nextGroup, group + 1);
    }
    log.apply(operation, segment, offset, isLost);
    if (operation.kind === RecordKind.group) this.register(log, operation.identity.standing);
  }

  foot(): Uint8Array {
    return NO_FOOT;
  }

  written(_jobs: readonly Job[], pen: Pen): void {
    this.settled = this.active;
    if (this.tidying || pen.isClosing() || (this.idle.length === 0 && !this.mustCopy)) return;
    this.tidying = true;
    this.tidy(pen)
      .catch((error: unknown) => pen.inBackground(() => Promise.reject(error)))
      .finally(() => {
        this.tidying = false;
      });
  }

  close(): void {
    for (const segment of this.segments) segment.close();
  }

  placed({ segment, bytes }: Place): void {
    this.neededBytes.set(segment, (this.neededBytes.get(segment) ?? 0) + bytes);
  }

  displaced({ segment, bytes }: Place): void {
    if (segment === this.waitsForRepair) this.waitsForRepair = undefined;
    this.neededBytes.set(segment, (this.neededBytes.get(segment) ?? 0) - bytes);
  }

  private register(log: GroupLog, standing: GroupStanding): void {
    if (standing === "removed") {
      this.groups.delete(log.number);
      if (this.byName.get(log.name) === log) this.byName.delete(log.name);
    } else this.byName.set(log.name, log);
  }

  /** Closed segments that nobody needs, oldest first: a later one is on disk that repeats what they said besides. */
  private get idle(): Segment[] {
    const isNeeded = (segment: Segment): boolean =>
      segment === this.settled || (this.neededBytes.get(segment) ?? 0) > 0 || segment === this.active;
    const first = this.segments.findIndex(isNeeded);
    return this.settled === undefined ? [] : this.segments.slice(0, Math.max(0, first));
  }

  /** G05: whether the oldest segment is pinned by little. */
  private get mustCopy(): boolean {
    const closed = this.segments.slice(0, -1);
    const needed = closed.reduce((sum, segment) => sum + (this.neededBytes.get(segment) ?? 0), 0);
    const used = closed.reduce((sum, { end }) => sum + end, 0);
    const canCopy = closed.length >= CLOSED_SEGMENTS_MIN && closed[0] !== this.waitsForRepair;
    return canCopy && needed < NEEDED_SHARE_MIN * used;
  }

  private async tidy(pen: Pen): Promise<void> {
    if (this.idle.length === 0) await this.copyForward(this.segments[0] as Segment, pen);
    const { idle } = this;
    if (pen.isClosing() || idle.length === 0) return;
    // What made them idle may still be on its way to the disk: a copy, a truncation, a base. They go when it is there.
    await pen.append([]);
    // At once, and not when the background has come to it: until then the next batch would find them idle once more.
    this.segments.splice(0, idle.length);
    for (const segment of idle) {
      this.neededBytes.delete(segment);
      segment.close();
    }
    pen.inBackground(() => pen.files.drop(idle));
  }

  /** G05: whoever pins the oldest segment has its records copied, a piece at a time: others write in between. */
  private async copyForward(oldest: Segment, pen: Pen): Promise<void> {
    const isPinning = (log: GroupLog): Place[] => log.placesFrom(0).filter(({ segment }) => segment === oldest);
    for (const log of this.groups.values()) {
      const pinned = isPinning(log).filter(({ isLost }) => !isLost);
      while (pinned.length > 0 && !pen.isClosing()) {
        const copies = await this.copiesOf(log, pinned);
        if (copies.length > 0 && !pen.isClosing()) await pen.append(copies);
      }
    }
    // G03: what is rotten is this group's. Its segment stays until others have given it what it lost, or it is removed.
    if ([...this.groups.values()].some((log) => isPinning(log).some(({ isLost }) => isLost)))
      this.waitsForRepair = oldest;
  }

  /** Takes places off the list, which ascend, and reads what one batch may carry. */
  private async copiesOf(log: GroupLog, pinned: Place[]): Promise<GroupOperation[]> {
    let count = 0;
    for (let bytes = 0; count < pinned.length && bytes < COPY_BYTES_MAX; count++)
      bytes += (pinned[count] as Place).bytes;
    const held = pinned.splice(0, count).filter((place) => log.holds(place));
    const { blocks, lost } = await readPlaces(held, 0, Number.POSITIVE_INFINITY, this.checksum);
    if (lost !== undefined) {
      log.lose(lost);
      // Nothing behind it was read.
      pinned.unshift(...held.slice(blocks.length + 1));
    }
    const copies = blocks.map((block, at) => this.copyOf(log, held[at] as Place, block));
    this.copiedBytes += blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return copies;
  }

  private copyOf(log: GroupLog, place: Place, block: LogBlock): GroupOperation {
    blockBytes(block, this.checksum);
    const copy = { group: log.number, operation: { kind: RecordKind.copy, block } };
    this.copies.set(copy, { log, place });
    return copy;
  }
}
