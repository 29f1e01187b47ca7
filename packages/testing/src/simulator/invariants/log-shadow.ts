import {
  type Configuration,
  decodeConfiguration,
  EntryType,
  FRESH_HARD_STATE,
  type HardState,
  LOG_START,
  type LogBlock,
  type LogId,
  type LogIndex,
  type LogWrite,
  type OpenedLog,
  type Term,
} from "@hexraft/core/ports";
import { hashBytes } from "../fingerprint.js";

const hashes = new WeakMap<LogBlock, readonly number[]>();

/** Payload hashes of a block's entries, made once for all nodes that hold it. */
export function payloadHashes(block: LogBlock): readonly number[] {
  let known = hashes.get(block);
  if (known === undefined) {
    const made: number[] = [];
    for (let index = block.first; index <= block.last; index++)
      made.push(hashBytes(block.payloadAt(index), block.typeAt(index)));
    hashes.set(block, made);
    known = made;
  }
  return known;
}

interface ShadowEntry {
  readonly term: Term;
  /** Over term and payload of this entry and all before it: equal ones mean equal prefixes. Unknown behind a snapshot that nobody saw grow. */
  readonly prefix: number | undefined;
  /** Of a configuration entry. */
  readonly configuration: Configuration | undefined;
}

/** What hears of each entry that lands: where, the hash of all up to it, and the configuration it holds, if it is one. */
export type Appended = (id: LogId, prefix: number | undefined, configuration: Configuration | undefined) => void;

/** What a log holds, as the simulation was told: terms and hashes, no payloads. Compaction leaves it as it is. */
export class LogShadow {
  hardState: HardState = FRESH_HARD_STATE;
  base: LogId = LOG_START;
  /** Up to here compaction was allowed. */
  compactedTo: LogIndex = 0;
  private basePrefix: number | undefined = 0;
  private entries: ShadowEntry[] = [];

  /** The last entry, or the base. */
  get last(): LogId {
    const entry = this.entries.at(-1);
    return entry === undefined ? this.base : { index: this.base.index + this.entries.length, term: entry.term };
  }

  /** Term of an entry; `undefined` above the last and below the base. */
  termAt(index: LogIndex): Term | undefined {
    return index === this.base.index ? this.base.term : this.entries[index - this.base.index - 1]?.term;
  }

  /** The hash of everything up to this entry; `undefined` where that is not known. */
  prefixAt(index: LogIndex): number | undefined {
    return index === this.base.index ? this.basePrefix : this.entries[index - this.base.index - 1]?.prefix;
  }

  /** Whether it holds this entry, or once held it and a snapshot took its place. */
  covers({ index, term }: LogId): boolean {
    return index < this.base.index || this.termAt(index) === term;
  }

  /** Indices of configurations, ascending, above `after`. */
  configurationsAfter(after: LogIndex): readonly LogIndex[] {
    const found: LogIndex[] = [];
    for (let i = Math.max(0, after - this.base.index); i < this.entries.length; i++)
      if (this.entries[i]?.configuration !== undefined) found.push(this.base.index + i + 1);
    return found;
  }

  /** The configuration before this index that the log holds as an entry; none if it is behind the base. */
  configurationBefore(
    index: LogIndex,
  ): { readonly index: LogIndex; readonly configuration: Configuration } | undefined {
    for (let at = index - 1; at > this.base.index; at--) {
      const configuration = this.entries[at - this.base.index - 1]?.configuration;
      if (configuration !== undefined) return { index: at, configuration };
    }
    return undefined;
  }

  /**
   * Does a write. `prefixOf` says the prefix hash of an entry that a snapshot brought, if anybody knows it; `appended`
   * hears of each new entry.
   */
  land(write: LogWrite, prefixOf: (id: LogId) => number | undefined, appended: Appended): void {
    if (write.hardState !== undefined) this.hardState = write.hardState;
    if (write.resetTo !== undefined) {
      this.base = write.resetTo;
      this.basePrefix = prefixOf(write.resetTo);
      this.entries = [];
    }
    if (write.truncateFrom !== undefined)
      this.entries.length = Math.min(this.entries.length, Math.max(0, write.truncateFrom - this.base.index - 1));
    for (const block of write.blocks ?? []) {
      const payloads = payloadHashes(block);
      for (let i = 0; i < block.count; i++) {
        const prefix = this.prefixOf(block, i, payloads[i] as number, prefixOf);
        const isConfiguration = block.typeAt(block.first + i) === EntryType.configuration;
        const configuration = isConfiguration ? decodeConfiguration(block.payloadAt(block.first + i)) : undefined;
        this.entries.push({ term: block.term, prefix, configuration });
        appended({ index: block.first + i, term: block.term }, prefix, configuration);
      }
    }
    if (write.compactTo !== undefined) this.compactedTo = Math.max(this.compactedTo, write.compactTo.index);
  }

  /** M12: of entries whose payloads were left out it is what others know it to be. */
  private prefixOf(
    { first, term, isBare }: LogBlock,
    at: number,
    payload: number,
    known: (id: LogId) => number | undefined,
  ): number | undefined {
    if (isBare) return known({ index: first + at, term });
    const before = this.prefixAt(first + at - 1);
    return before === undefined ? undefined : step(before, term, payload);
  }

  /** The same, apart from it. */
  clone(): LogShadow {
    const copy = new LogShadow();
    copy.hardState = this.hardState;
    copy.base = this.base;
    copy.basePrefix = this.basePrefix;
    copy.compactedTo = this.compactedTo;
    copy.entries = this.entries.slice();
    return copy;
  }

  /** Where this log ends, if its vote is the one that was found; else infinity: it is not what was on the disk. */
  mayHaveEnded(found: OpenedLog): LogIndex {
    return this.hardStateDifference(found) === "" ? this.last.index : Number.POSITIVE_INFINITY;
  }

  /**
   * L03: the disk lost entries, terms and all, and its log ends, or goes back to, before them. Nothing more is promised from now on. The
   * vote is not lost, and how far it held entries is known.
   *
   * @param least - the end of the shortest log that it may have had ({@link mayHaveEnded}).
   * @returns why that is not so; empty if it is.
   */
  forget(found: OpenedLog, least: LogIndex): string {
    const { forgotten, base, last, runs } = found;
    if (least === Number.POSITIVE_INFINITY || forgotten === undefined) return this.hardStateDifference(found);
    if (forgotten.last < least) return `entries forgotten up to ${forgotten.last}, not ${least}`;
    this.hardState = found.hardState;
    const old = this.clone();
    const prefixOf = (id: LogId): number | undefined =>
      old.termAt(id.index) === id.term ? old.prefixAt(id.index) : undefined;
    this.base = base;
    this.basePrefix = prefixOf(base);
    this.entries = [];
    for (let index = base.index + 1; index <= last.index; index++) {
      const term = runs.findLast(({ first }) => first <= index)?.term ?? base.term;
      const configuration =
        old.termAt(index) === term ? old.entries[index - old.base.index - 1]?.configuration : undefined;
      this.entries.push({ term, prefix: prefixOf({ index, term }), configuration });
    }
    return "";
  }

  /** Why what was recovered is not this; empty if it is. A base further on is fine as far as compaction was allowed. */
  difference(found: OpenedLog): string {
    const { last } = this;
    const lost = this.hardStateDifference(found);
    if (lost !== "") return lost;
    if (found.last.index !== last.index || found.last.term !== last.term)
      return `last entry ${found.last.index}/${found.last.term}, not ${last.index}/${last.term}`;
    if (found.base.index > Math.max(this.base.index, this.compactedTo))
      return `base ${found.base.index}, and compaction was allowed up to ${this.compactedTo}`;
    for (const run of found.runs) {
      const own = this.termAt(run.first);
      if (own !== undefined && own !== run.term) return `term ${run.term} at ${run.first}, not ${own}`;
    }
    return found.commitHint <= last.index ? "" : `commit hint ${found.commitHint} beyond ${last.index}`;
  }

  private hardStateDifference(found: OpenedLog): string {
    const { hardState } = this;
    const { term, vote, recoveryNumber } = found.hardState;
    if (term !== hardState.term || recoveryNumber !== hardState.recoveryNumber)
      return `term ${term}, not ${hardState.term}`;
    return vote?.id === hardState.vote?.id ? "" : `vote ${vote?.id ?? "free"}, not ${hardState.vote?.id ?? "free"}`;
  }
}

const step = (before: number, term: Term, payload: number): number =>
  Math.imul(Math.imul(before ^ term, 0x01000193) ^ payload, 0x85ebca6b) >>> 0;
