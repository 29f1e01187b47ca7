import type { CommandBatch, LogIndex, NodeId, Term } from "@hexraft/core/ports";
import { fingerprint, hashBytes } from "../fingerprint.js";
import type { Commits } from "./commits.js";
import type { NodeRecord } from "./node-record.js";
import type { Accuse } from "./violation.js";

/** What was applied at an index, everywhere and for ever. */
export interface AppliedEntry {
  /** Where. */
  readonly index: LogIndex;
  /** Of which leader. */
  readonly term: Term;
  /** The command. */
  readonly payload: Uint8Array;
  /** What the state machine said. */
  readonly result: unknown;
  /** C03. */
  readonly logTimeMs: number;
  /** Who applied it first. */
  readonly first: NodeId;
  /** Of the command. */
  readonly payloadHash: number;
  /** Of what the state machine said. */
  readonly resultHash: number;
}

/** I5, I9: the same command and the same result at an index, in order, each once per life. */
export class Applies {
  /** By index; indices without a command are missing. */
  readonly entries: (AppliedEntry | undefined)[] = [];
  private readonly stateHashes = new Map<LogIndex, { readonly hash: number; readonly how: string }>();

  constructor(
    private readonly commits: Commits,
    private readonly accuse: Accuse,
  ) {}

  /** Where states were looked at, and the hash there; in order of index. */
  get states(): readonly (readonly [LogIndex, { readonly hash: number; readonly how: string }])[] {
    return [...this.stateHashes].toSorted(([a], [b]) => a - b);
  }

  /** A state machine is handed a batch. */
  handed(record: NodeRecord, { first, last }: CommandBatch): void {
    if (first <= record.applied) this.accuse("I9", `${record.id} applies ${first} again: it was at ${record.applied}`);
    for (let index = record.applied + 1; index < first; index++)
      if (this.entries[index] !== undefined)
        this.accuse(
          "I9",
          `${record.id} applies ${first} after ${record.applied}, and leaves out the command at ${index}`,
        );
    if (last > this.commits.highest)
      this.accuse("I5", `${record.id} applies up to ${last}, and only ${this.commits.highest} is committed anywhere`);
    record.applied = last;
  }

  /** It returned these results. */
  applied({ id }: NodeRecord, batch: CommandBatch, results: readonly unknown[]): void {
    let at = 0;
    batch.each((payload, index, term, logTimeMs) => {
      const result = results[at++];
      const payloadHash = hashBytes(payload);
      const resultHash = fingerprint(result);
      const known = this.entries[index];
      if (known === undefined) {
        const copy = payload.slice();
        this.entries[index] = { index, term, payload: copy, result, logTimeMs, first: id, payloadHash, resultHash };
      } else if (known.term !== term || known.payloadHash !== payloadHash)
        this.accuse(
          "I5",
          `${id} applied another command at ${index} (term ${term}) than ${known.first} (${known.term})`,
        );
      else if (known.resultHash !== resultHash)
        this.accuse("I5", `the command at ${index} returned something else on ${id} than on ${known.first}`);
    });
  }

  /** I13: the state after an index has one hash, whether it was replayed, saved or installed. */
  state(index: LogIndex, hash: number, how: string): void {
    const known = this.stateHashes.get(index);
    if (known === undefined) this.stateHashes.set(index, { hash, how });
    else if (known.hash !== hash)
      this.accuse("I13", `the state after entry ${index} differs: ${known.how}, and ${how}`);
  }
}
