import {
  EntryType,
  FRESH_HARD_STATE,
  type HardState,
  LOG_START,
  type LogBlock,
  type LogHole,
  type LogId,
  type LogIndex,
  type LogWatcher,
  type RaftError,
  type Term,
  type TermRun,
} from "@hexraft/core/ports";
import {
  type GroupOperation,
  type GroupStanding,
  type Operation,
  RECORD_HEADER_BYTES,
  RecordKind,
} from "../log/record.js";
import type { Segment } from "../log/segment.js";

/** Where a block stands, and which of its entries are in the log. Never changed: it is replaced. */
export interface Place {
  readonly segment: Segment;
  readonly offset: number;
  /** Bytes of the block. */
  readonly bytes: number;
  readonly first: LogIndex;
  readonly last: LogIndex;
  readonly term: Term;
  /** Configuration entries among them; none are known of a lost one. */
  readonly configurations: readonly LogIndex[];
  /** L03: the block is damaged: which entries it held is known, and no more. */
  readonly isLost: boolean;
}

/** Told when blocks begin or cease to be needed where they stand. */
export interface PlaceWatch {
  placed(place: Place): void;
  displaced(place: Place): void;
}

/** So many places are kept in a list that is no longer than they are. */
const FEW_PLACES = 8;

/** Shared by all places without any, which is nearly all of them. */
const NONE: readonly LogIndex[] = [];

/** One group of a shared log: what its records say, and where its blocks stand. */
export class GroupLog {
  incarnation = "";
  standing: GroupStanding = "there";
  /** G03: why it may not be used, if damage touched it. */
  damage: RaftError | undefined;
  hardState: HardState = FRESH_HARD_STATE;
  commitHint: LogIndex = 0;
  base: LogId = LOG_START;
  lastIndex: LogIndex = 0;
  /** Number of its next record. */
  sequence = 1;
  /** L03: told of every place that is found to be lost, while somebody uses the group. */
  watcher: LogWatcher | undefined;
  private places: Place[] = [];

  constructor(
    readonly number: number,
    readonly name: string,
    private readonly watch: PlaceWatch,
  ) {}

  /** The last entry, or the base if there is none. */
  get last(): LogId {
    const index = this.lastIndex;
    return index === this.base.index ? this.base : { index, term: this.places.at(-1)?.term ?? 0 };
  }

  /** Whether every entry above the base has its place. */
  get isComplete(): boolean {
    let wanted = this.base.index + 1;
    for (const { first, last } of this.places) {
      if (first > wanted) return false;
      wanted = last + 1;
    }
    return wanted === this.lastIndex + 1;
  }

  /** Terms of base + 1 … last. */
  runs(): TermRun[] {
    const runs: TermRun[] = [];
    for (const { first, term } of this.places) if (runs.at(-1)?.term !== term) runs.push({ first, term });
    return runs;
  }

  /** Configuration entries in base + 1 … last, ascending. */
  configurationIndices(): LogIndex[] {
    return this.places.flatMap(({ configurations }) => configurations);
  }

  /** L03: what is lost of the entries above the base, ascending. */
  holes(): LogHole[] {
    return this.places.filter(({ isLost }) => isLost).map(holeOf);
  }

  /** L03: the block of this place turned out to be damaged. It goes on holding its segment until it is repaired. */
  lose(place: Place): void {
    if (!this.holds(place) || place.isLost) return;
    this.places[this.placeAt(place.first)] = { ...place, isLost: true };
    this.watcher?.damaged(holeOf(place));
  }

  /** The place that holds an entry, and those behind it. */
  placesFrom(index: LogIndex): readonly Place[] {
    return this.places.slice(this.placeAt(index));
  }

  /** Whether this very place is still needed. */
  holds(place: Place): boolean {
    return this.places[this.placeAt(place.first)] === place;
  }

  /** Term of an entry from the base to the last one. */
  termAt(index: LogIndex): Term {
    if (index === this.base.index) return this.base.term;
    return this.places[this.placeAt(index)]?.term ?? 0;
  }

  /** L08: what a segment's first batch repeats of this group. */
  carriedOver(): GroupOperation[] {
    const { name, incarnation, standing, base, hardState, commitHint, last } = this;
    const repeated: Operation[] = [{ kind: RecordKind.group, identity: { name, incarnation, standing } }];
    if (standing === "there")
      repeated.push(
        { kind: RecordKind.base, id: base },
        { kind: RecordKind.hardState, hardState },
        { kind: RecordKind.commitHint, index: commitHint },
        { kind: RecordKind.tail, id: last },
      );
    return repeated.map((operation) => ({ group: this.number, operation }));
  }

  /** Takes a record in that stands at this offset of the segment; `isLost`: it is a block's, and that is damaged (L03). */
  apply(operation: Operation, segment: Segment, offset: number, isLost: boolean): void {
    switch (operation.kind) {
      case RecordKind.hardState:
        this.hardState = operation.hardState;
        return;
      case RecordKind.commitHint:
        this.commitHint = operation.index;
        return;
      case RecordKind.reset:
        this.keep(() => []);
        this.base = operation.id;
        this.lastIndex = operation.id.index;
        return;
      case RecordKind.truncate:
        this.truncate(operation.index);
        return;
      case RecordKind.base:
        this.compact(operation.id);
        return;
      case RecordKind.tail:
        // News only where the segments before are gone: what it counts stands in copies that follow.
        this.lastIndex = Math.max(this.lastIndex, operation.id.index);
        return;
      case RecordKind.block:
        this.put(placeOf(operation.block, segment, offset, isLost));
        this.lastIndex = operation.block.last;
        return;
      case RecordKind.copy:
        this.put(placeOf(operation.block, segment, offset, isLost));
        return;
      case RecordKind.group:
        this.incarnation = operation.identity.incarnation;
        this.standing = operation.identity.standing;
        if (this.standing !== "there") this.keep(() => []);
        return;
      default:
        operation satisfies never;
    }
  }

  private truncate(from: LogIndex): void {
    if (from > this.lastIndex) return;
    this.lastIndex = from - 1;
    this.keep((place) => (place.first < from ? [part(place, place.first, Math.min(place.last, from - 1))] : []));
  }

  private compact(base: LogId): void {
    if (base.index <= this.base.index) return;
    this.base = base;
    this.lastIndex = Math.max(this.lastIndex, base.index);
    this.keep((place) =>
      place.last > base.index ? [part(place, Math.max(place.first, base.index + 1), place.last)] : [],
    );
  }

  /** Which place is the first that holds an entry, or one behind it: they ascend, and no two hold the same. */
  private placeAt(index: LogIndex): number {
    let low = 0;
    let high = this.places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.places[middle] as Place).last < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Entries that stood elsewhere stand here from now on. Of thousands of places only those are touched that held them. */
  private put(place: Place): void {
    if ((this.places.at(-1)?.last ?? 0) < place.first) return this.append(place);
    const from = this.placeAt(place.first);
    let to = from;
    while (to < this.places.length && (this.places[to] as Place).first <= place.last) to++;
    const replaced = this.places.slice(from, to);
    const before = replaced.flatMap((old) => (old.first < place.first ? [part(old, old.first, place.first - 1)] : []));
    const behind = replaced.flatMap((old) => (old.last > place.last ? [part(old, place.last + 1, old.last)] : []));
    const all = [...before, place, ...behind];
    for (const old of replaced) this.watch.displaced(old);
    for (const each of all) this.watch.placed(each);
    this.places.splice(from, to - from, ...all);
  }

  /** What nearly every new block is: the next one. */
  private append(place: Place): void {
    this.watch.placed(place);
    // A push makes room for many; of thousands of groups most have few.
    if (this.places.length < FEW_PLACES) this.places = this.places.concat(place);
    else this.places.push(place);
  }

  private keep(change: (place: Place) => readonly Place[]): void {
    this.places = this.places.flatMap((place) => {
      const kept = change(place);
      if (kept.length === 1 && kept[0] === place) return kept;
      this.watch.displaced(place);
      for (const each of kept) this.watch.placed(each);
      return kept;
    });
  }
}

/** A place of which only these entries are needed. */
function part(place: Place, first: LogIndex, last: LogIndex): Place {
  if (first === place.first && last === place.last) return place;
  const configurations = place.configurations.filter((index) => index >= first && index <= last);
  return { ...place, first, last, configurations };
}

/** L03: what is missing with a place. */
export const holeOf = ({ first, last, segment, offset, bytes }: Place): LogHole => ({
  first,
  last,
  file: segment.path,
  offset,
  length: RECORD_HEADER_BYTES + bytes,
});

function placeOf(block: LogBlock, segment: Segment, offset: number, isLost: boolean): Place {
  const { first, last, term, sizeBytes: bytes } = block;
  let configurations = NONE;
  // A damaged block may not be asked for its entries.
  const readableTo = isLost ? 0 : last;
  for (let index = first; index <= readableTo; index++)
    if (block.typeAt(index) === EntryType.configuration) configurations = configurations.concat(index);
  return { segment, offset, bytes, first, last, term, configurations, isLost };
}
