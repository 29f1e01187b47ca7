import { blockBytes, type Checksum, type LogIndex, type LogWrite } from "@hexraft/core/ports";
import { openStored } from "./block-reader.js";
import type { Changes, Database } from "./database.js";
import { layRecords } from "./records.js";
import { appended, compacted, type LogState, reset, truncated, withFacts } from "./replica.js";

/** L08: a transaction drops no more blocks than these, so that a long log does not hold up the process; the next one goes on. */
const DROPPED_BLOCKS_MAX = 4_096;

/** What becomes of database and state, worked out before anything is changed. */
export class Transaction {
  /** How the replica stands afterwards. */
  state: LogState;
  private readonly changes: Changes = { clear: false, removes: [], puts: new Map(), facts: new Map() };

  constructor(
    private readonly before: LogState,
    private readonly database: Database,
    private readonly path: string,
    private readonly checksum: Checksum,
  ) {
    this.state = before;
  }

  /** Takes a write in. One that truncates or resets must be the first. */
  take({ hardState, resetTo, truncateFrom, blocks = [], commitHint }: LogWrite): void {
    if (hardState !== undefined) this.state = withFacts(this.state, { hardState });
    if (resetTo !== undefined) {
      this.changes.clear = true;
      this.state = reset(this.state, resetTo);
    } else if (truncateFrom !== undefined && truncateFrom <= this.state.replica.last.index) this.truncate(truncateFrom);
    for (const block of blocks) {
      this.state = appended(this.state, block);
      this.changes.puts.set(block.first, blockBytes(block, this.checksum));
    }
    const hint = Math.min(commitHint ?? this.state.replica.commitHint, this.state.replica.last.index);
    if (hint !== this.state.replica.commitHint) this.state = withFacts(this.state, { commitHint: hint });
  }

  /** M13. */
  adopt(clusterId: string): void {
    this.state = withFacts(this.state, { clusterId });
  }

  /** L08: drops whole blocks that end at `upTo` or before, of those that were there before; says whether it may go on. */
  compact(upTo: LogIndex): boolean {
    const { base, last } = this.before.replica;
    const found = this.database.firsts(base.index + 1, DROPPED_BLOCKS_MAX + 1);
    const isAll = found.length <= DROPPED_BLOCKS_MAX;
    // A block ends where the next one begins, and the last one at the end of the log.
    const begins = isAll ? [...found, last.index + 1] : found;
    const next = begins.findLast((first) => first <= upTo + 1);
    if (next === undefined || next <= base.index + 1) return false;
    this.changes.removes.push(...found.filter((first) => first < next));
    this.state = compacted(this.state, next - 1);
    return !isAll && next === begins.at(-1);
  }

  /** Resolves when it is durable; at once if there is nothing that has to be. */
  async commit(): Promise<void> {
    const { before, state, changes, checksum } = this;
    const hinted = withFacts(state, { commitHint: before.replica.commitHint });
    if (state.shape === before.shape && JSON.stringify(hinted.replica) === JSON.stringify(before.replica)) return;
    for (const [name, record] of layRecords(state, before, checksum)) changes.facts.set(name, record);
    await this.database.commit(changes);
  }

  /** L07: of the block that the cut goes through the beginning stays. */
  private truncate(from: LogIndex): void {
    const cut = this.database.blockAt(from - 1);
    if (cut !== undefined && from - 1 > this.state.replica.base.index) {
      const block = openStored(cut, from - 1, this.path, this.checksum);
      if (block.last >= from)
        this.changes.puts.set(block.first, blockBytes(block.slice(block.first, from - 1), this.checksum));
    }
    this.changes.removes.push(...this.database.firsts(from));
    this.state = truncated(this.state, from);
  }
}
