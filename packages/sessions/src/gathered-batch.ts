import { CommandBatch, type LogIndex, type Millis, type Term } from "@hexraft/core/ports";

/** A state machine's own command, and where it stands in the log. */
export interface Gathered {
  readonly payload: Uint8Array;
  readonly index: LogIndex;
  readonly term: Term;
  readonly logTimeMs: Millis;
}

/** A batch of commands that were taken out of their sessions. */
export class GatheredBatch extends CommandBatch {
  override readonly count: number;

  constructor(private readonly commands: readonly Gathered[]) {
    super([], commands[0]?.index ?? 1, commands.at(-1)?.index ?? 0);
    this.count = commands.length;
  }

  override each(visit: (payload: Uint8Array, index: LogIndex, term: Term, logTimeMs: Millis) => void): void {
    for (const { payload, index, term, logTimeMs } of this.commands) visit(payload, index, term, logTimeMs);
  }

  override someBeginWith(byte: number): boolean {
    return this.commands.some(({ payload }) => payload[0] === byte);
  }
}
