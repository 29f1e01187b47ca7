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

/** The records under their three orders: by key, by age (for scan cursors), and by deadline (for expiry). */
export class KeySpace implements FrozenKeySpace {
  records = new StringMap<KvRecord>();
  nextSequence = 1;
  logTimeMs = 0;
  hashHigh = 0;
  hashLow = 0;
  /** Bytes of all keys and values, expired ones that are not yet swept included. */
  sizeBytes = 0;
  private bySequence = new SortedMap<number, KvRecord["key"]>(lessSequence);
  private byDeadline = new SortedMap<KvRecord, true>(expiresBefore);

  /** Records with a deadline, expired ones that are not yet swept included. */
  get expiringCount(): number {
    return this.byDeadline.size;
  }

  /** The record of a key that lives at the present log time. */
  live(key: string): KvRecord | undefined {
    const record = this.records.get(key);
    return record?.isExpired(this.logTimeMs) ? undefined : record;
  }

  /** Sets a key. A key that is there, expired or not, keeps its sequence number. */
  store(key: string, value: Uint8Array, deadlineMs: number): void {
    const before = this.records.seek(key);
    if (before !== undefined) this.discount(before);
    const record = new KvRecord(before?.key ?? key, value, this.sequenceOf(key, before), deadlineMs);
    this.count(record);
    if (before === undefined) this.records.set(key, record);
    else this.records.replace(record);
  }

  /** Takes in a record of a snapshot, whose key must be new; false if its sequence number is not. */
  restore(record: KvRecord): boolean {
    this.records.set(record.key, record);
    this.count(record);
    return this.bySequence.set(record.sequence, record.key) === undefined;
  }

  /** Removes a record that is there. */
  remove(record: KvRecord): void {
    this.discount(record);
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
    const { nextSequence, logTimeMs, hashHigh, hashLow } = this;
    return { records: this.records.clone(), nextSequence, logTimeMs, hashHigh, hashLow };
  }

  /** An independent key space that is equal; O(1). */
  clone(): KeySpace {
    const twin = new KeySpace();
    Object.assign(twin, this.freeze());
    twin.sizeBytes = this.sizeBytes;
    twin.bySequence = this.bySequence.clone();
    twin.byDeadline = this.byDeadline.clone();
    return twin;
  }

  /** The sequence number with which the key is written: the one it has, or a new one. */
  private sequenceOf(key: string, before: KvRecord | undefined): number {
    if (before !== undefined) return before.sequence;
    const sequence = this.nextSequence++;
    this.bySequence.set(sequence, key);
    return sequence;
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
