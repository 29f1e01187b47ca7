import type { LogIndex } from "@hexraft/core/ports";
import { inject, injectable } from "inversify";
import { open, type RootDatabase, type Database as Table } from "lmdb";
import { Settings } from "./settings.js";

/** One transaction. The parts take effect in the order of the fields. */
export interface Changes {
  /** Throw all blocks away. */
  clear: boolean;
  /** Blocks to remove, each by its first index. */
  readonly removes: LogIndex[];
  /** Blocks to add, each under its first index, encoded. */
  readonly puts: Map<LogIndex, Uint8Array>;
  /** Records to replace, by name. */
  readonly facts: Map<string, string>;
}

interface Tables {
  readonly root: RootDatabase;
  /** Encoded blocks, by their first index. */
  readonly log: Table<Uint8Array, LogIndex>;
  /** Everything else, by name. */
  readonly facts: Table<string, string>;
}

/** The LMDB environment: `log` and `facts`, read at once and changed by whole transactions. */
@injectable()
export class Database {
  private tables: Tables | undefined;

  constructor(@inject(Settings) private readonly settings: Settings) {}

  /** Opens it, and makes it if it is missing. */
  open(): void {
    const root = open({
      path: this.settings.path,
      maxDbs: 2,
      // A commit resolves when it is durable, and not when it can be seen.
      overlappingSync: false,
      // Transactions are made here, and not of whatever a turn of the event loop brings.
      eventTurnBatching: false,
    });
    this.tables = {
      root,
      log: root.openDB<Uint8Array, LogIndex>({ name: "log", encoding: "binary" }),
      facts: root.openDB<string, string>({ name: "facts", encoding: "string" }),
    };
  }

  /** A record of that name. */
  fact(name: string): string | undefined {
    return this.opened.facts.get(name);
  }

  /** The last block that begins at or before `index`, and where it says to begin. */
  blockAt(index: LogIndex): { readonly first: LogIndex; readonly bytes: Uint8Array } | undefined {
    for (const { key, value } of this.opened.log.getRange({ start: index, reverse: true, limit: 1 }))
      return { first: key, bytes: value };
    return undefined;
  }

  /** The block that begins at `first`. */
  blockFrom(first: LogIndex): Uint8Array | undefined {
    return this.opened.log.getBinary(first);
  }

  /** First indices of blocks that begin at `from` or later, ascending, `limit` at most. */
  firsts(from: LogIndex, limit = Number.POSITIVE_INFINITY): readonly LogIndex[] {
    return [...this.opened.log.getKeys({ start: from, limit })];
  }

  /** Resolves when the transaction is durable; after a rejection nothing of it is there, or nobody knows. */
  async commit({ clear, removes, puts, facts }: Changes): Promise<void> {
    const tables = this.opened;
    try {
      await tables.root.batch(() => {
        if (clear) void tables.log.clearAsync();
        for (const first of removes) void tables.log.remove(first);
        for (const [first, bytes] of puts) void tables.log.put(first, bytes);
        for (const [name, record] of facts) void tables.facts.put(name, record);
      });
    } catch (error) {
      // LMDB's own words come apart from the rejection, by a promise of their own.
      await (error as { commitError?: Promise<never> }).commitError;
      throw error;
    }
  }

  /** Gives it back, once the transactions under way have ended. */
  async close(): Promise<void> {
    await this.tables?.root.close();
    this.tables = undefined;
  }

  private get opened(): Tables {
    if (this.tables === undefined) throw new Error("the database is not open");
    return this.tables;
  }
}
