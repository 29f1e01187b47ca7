import type { LogIndex, Millis, Term } from "../model/log-id.js";
import { CommandBatch } from "./state-machine.js";

/** One command, and where it stands in the log. */
export interface Gathered {
  /** As the state machine that gets it reads it. */
  readonly payload: Uint8Array;
  /** Its entry. */
  readonly index: LogIndex;
  /** The entry's term. */
  readonly term: Term;
  /** The entry's log time, ms. */
  readonly logTimeMs: Millis;
}

/** Commands that a state machine took out of a batch, for one that it is wrapped around. */
export class GatheredBatch extends CommandBatch {
  /** Commands in it. */
  override readonly count: number;

  /** In the order of their entries. */
  constructor(private readonly commands: readonly Gathered[]) {
    super([], commands[0]?.index ?? 1, commands.at(-1)?.index ?? 0);
    this.count = commands.length;
  }

  /** As of any batch. */
  override each(visit: (payload: Uint8Array, index: LogIndex, term: Term, logTimeMs: Millis) => void): void {
    for (const { payload, index, term, logTimeMs } of this.commands) visit(payload, index, term, logTimeMs);
  }

  /** As of any batch. */
  override someBeginWith(byte: number): boolean {
    return this.commands.some(({ payload }) => payload[0] === byte);
  }
}
