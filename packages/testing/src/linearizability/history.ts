/** An operation that was answered: it took effect once, at some instant between call and return. */
export interface CompletedOperation<Operation, Result> {
  /** How it ended. */
  readonly outcome: "ok";
  /** Who called. One client may have several operations under way. */
  readonly client: string;
  /** What was asked. */
  readonly operation: Operation;
  /** When it was called, in any unit that grows; an equal `returnedAt` of another one counts as overlapping. */
  readonly calledAt: number;
  /** When the answer came; not before `calledAt`. */
  readonly returnedAt: number;
  /** The answer. */
  readonly result: Result;
}

/** An operation without an answer: it took effect once at some instant after the call, however late, or never (C02). */
export interface OpenOperation<Operation> {
  /** How it ended, as far as anybody knows. */
  readonly outcome: "unknown";
  /** Who called. */
  readonly client: string;
  /** What was asked. */
  readonly operation: Operation;
  /** When it was called. */
  readonly calledAt: number;
}

/** An operation that was certainly not done: as if it had never been called (C02). */
export interface RefusedOperation<Operation> {
  /** How it ended. */
  readonly outcome: "refused";
  /** Who called. */
  readonly client: string;
  /** What was asked. */
  readonly operation: Operation;
  /** When it was called. */
  readonly calledAt: number;
}

/** One operation as its client saw it. */
export type HistoryOperation<Operation, Result> =
  | CompletedOperation<Operation, Result>
  | OpenOperation<Operation>
  | RefusedOperation<Operation>;

/** An operation that may have happened: what the checker puts in order. */
export type PossibleOperation<Operation, Result> = CompletedOperation<Operation, Result> | OpenOperation<Operation>;
