import { KvRecord, NO_DEADLINE } from "./kv-record.js";
import { SortedMap } from "./sorted-map.js";
import { StringMap } from "./string-map.js";

const lessSequence = (a: number, b: number): boolean => a < b;
const expiresBefore = (a: KvRecord, b: KvRecord): boolean =>
  a.deadlineMs < b.deadlineMs || (a.deadlineMs === b.deadlineMs && a.sequence < b.sequence);

/** The records in key order at one instant, and the numbers that go with them: all that a snapshot holds. */
export interface FrozenKeySpace {
  /** By key. */
  readonly records: StringMap<KvRecord>;
  /** The sequence number that the next new key gets. */
  readonly nextSequence: number;
  /** Log time of the last command, ms. */
  readonly logTimeMs: number;
  /** Sum of the records' upper hash halves, u32. */
  readonly hashHigh: number;
  /** Sum of the records' lower hash halves, u32. */
  readonly hashLow: number;
}

/**
 * The records under their three orders: by key, by age (for scan cursors), and by deadline (for expiry), and in a hash
 * table, since most commands write a key that is there: its record is found without a walk and changed in its place. Only
 * what stands frozen is copied first, once, and takes its new place in the tree.
 */
export class KeySpace implements FrozenKeySpace {
  records = new StringMap<KvRecord>();
  nextSequence = 1;
  logTimeMs = 0;
  hashHigh = 0;
  hashLow = 0;
  /** Bytes of all keys and values, expired ones that are not yet swept included. */
  sizeBytes = 0;
  private readonly table = new Map<string, KvRecord>();
  private readonly bySequence = new SortedMap<number, KvRecord["key"]>(lessSequence);
  private readonly byDeadline = new SortedMap<KvRecord, true>(expiresBefore);
  /** Counts the calls of {@link freeze}: a record of an earlier era may stand frozen. */
  private era = 0;
  /** What the keys that an attempt under way has changed held before. */
  private journal: Map<string, KvRecord | undefined> | undefined;

  /** Records with a deadline, expired ones that are not yet swept included. */
  get expiringCount(): number {
    return this.byDeadline.size;
  }

  /** The record of a key that lives at the present log time; the next command may change it. */
  live(key: string): KvRecord | undefined {
    const record = this.table.get(key);
    return record?.isExpired(this.logTimeMs) ? undefined : record;
  }

  /** Sets a key. A key that is there, expired or not, keeps its sequence number. */
  store(key: string, value: Uint8Array, deadlineMs: number): void {
    const record = this.table.get(key);
    if (record === undefined) {
      this.journal?.set(key, this.journal.get(key));
      this.put(new KvRecord(key, value, this.nextSequence++, deadlineMs, this.era));
    } else if (record.era === this.era && this.journal === undefined) {
      this.discount(record);
      record.write(value, deadlineMs);
      this.count(record);
    } else {
      this.note(record);
      this.discount(record);
      const copy = new KvRecord(record.key, value, record.sequence, deadlineMs, this.era);
      this.table.set(copy.key, copy);
      this.records.set(copy.key, copy);
      this.count(copy);
    }
  }

  /** Takes in a record of a snapshot, whose key must be new; false if its sequence number is not. */
  restore(record: KvRecord): boolean {
    return this.put(record);
  }

  /** Removes a record that is there. */
  remove(record: KvRecord): void {
    this.note(record);
    this.discount(record);
    this.table.delete(record.key);
    this.records.delete(record.key);
    this.bySequence.delete(record.sequence);
  }

  /** Removes at most `countMax` expired records, the longest expired first. */
  sweep(countMax: number): void {
    if (this.byDeadline.size === 0) return;
    const expired: KvRecord[] = [];
    this.byDeadline.ascend(undefined, (record) => {
      if (!record.isExpired(this.logTimeMs) || expired.length >= countMax) return false;
      expired.push(record);
      return true;
    });
    for (const record of expired) this.remove(record);
  }

  /** Records that live. Costs as much as there are expired ones that are not yet swept. */
  liveCount(): number {
    let expired = 0;
    this.byDeadline.ascend(undefined, (record) => {
      if (!record.isExpired(this.logTimeMs)) return false;
      expired++;
      return true;
    });
    return this.records.size - expired;
  }

  /** Visits keys from the youngest that is older than `before` (all, if undefined) to the oldest, until `visit` returns false. */
  eachByAge(before: number | undefined, visit: (sequence: number, key: string) => boolean): void {
    this.bySequence.descend(before, visit);
  }

  /** The records as they are now, whatever happens to this key space later; O(1). */
  freeze(): FrozenKeySpace {
    this.era++;
    const { nextSequence, logTimeMs, hashHigh, hashLow } = this;
    return { records: this.records.clone(), nextSequence, logTimeMs, hashHigh, hashLow };
  }

  /** Does what is asked, and undoes all of it if the answer is a refusal; costs as much as what it changes. */
  attempt<T>(work: () => T, isRefusal: (answer: T) => boolean): T {
    const { nextSequence } = this;
    const journal = new Map<string, KvRecord | undefined>();
    this.journal = journal;
    const answer = work();
    this.journal = undefined;
    if (!isRefusal(answer)) return answer;
    for (const [key, before] of journal) {
      const record = this.table.get(key);
      if (record !== undefined) this.remove(record);
      if (before !== undefined) this.put(before);
    }
    this.nextSequence = nextSequence;
    return answer;
  }

  /** An attempt is about to change what this key holds. */
  private note(record: KvRecord): void {
    if (this.journal?.has(record.key) === false) this.journal.set(record.key, record);
  }

  /** False if there is one of that age. */
  private put(record: KvRecord): boolean {
    this.table.set(record.key, record);
    this.records.set(record.key, record);
    this.count(record);
    return this.bySequence.set(record.sequence, record.key) === undefined;
  }

  private count(record: KvRecord): void {
    if (record.deadlineMs !== NO_DEADLINE) this.byDeadline.set(record, true);
    this.sizeBytes += record.sizeBytes;
    this.hashHigh = (this.hashHigh + record.hashHigh) >>> 0;
    this.hashLow = (this.hashLow + record.hashLow) >>> 0;
  }

  private discount(record: KvRecord): void {
    if (record.deadlineMs !== NO_DEADLINE) this.byDeadline.delete(record);
    this.sizeBytes -= record.sizeBytes;
    this.hashHigh = (this.hashHigh - record.hashHigh) >>> 0;
    this.hashLow = (this.hashLow - record.hashLow) >>> 0;
  }
}
