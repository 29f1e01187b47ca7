import { RaftError } from "@hexraft/core";
import type { HistoryOperation } from "./history.js";

/** A call under way. Exactly one of its methods is called, once; none: its outcome stays unknown. */
export interface RecordedCall<Result> {
  /** The answer came. */
  ok(result: Result): void;
  /** It was certainly not done. */
  refused(): void;
}

/** Most operations that a recorder keeps if it was told nothing else. */
const OPERATIONS_MAX = 100_000;

/**
 * Writes down what clients of one process ask and hear. Times are positions in the order in which the recorder was told, so
 * that nothing depends on a clock's resolution: what returned before another was called stands before it.
 *
 * @example
 * ```ts
 * const recorder = new HistoryRecorder<RegisterOperation, RegisterResult>();
 * await recorder.record("client 1", { type: "write", value: 7 }, () => client.write(7));
 * ```
 */
export class HistoryRecorder<Operation, Result> {
  private readonly operations: HistoryOperation<Operation, Result>[] = [];
  private position = 0;

  /**
   * Empty.
   *
   * @param operationsMax - operations it keeps at most. Default 100,000.
   */
  constructor(private readonly operationsMax = OPERATIONS_MAX) {}

  /**
   * A client calls: to be told before the request leaves.
   *
   * @throws RangeError beyond `operationsMax`.
   */
  call(client: string, operation: Operation): RecordedCall<Result> {
    const at = this.operations.length;
    if (at >= this.operationsMax)
      throw new RangeError(
        `The history holds ${at} operations, its operationsMax; check it and begin a new one, or allow more.`,
      );
    const common = { client, operation, calledAt: ++this.position };
    this.operations.push({ ...common, outcome: "unknown" });
    const settle = (as: () => HistoryOperation<Operation, Result>): void => {
      if (this.operations[at]?.outcome !== "unknown")
        throw new RangeError(`An operation of client ${client} was settled twice; each call has one outcome.`);
      this.operations[at] = as();
    };
    return {
      ok: (result) => settle(() => ({ ...common, outcome: "ok", returnedAt: ++this.position, result })),
      refused: () => settle(() => ({ ...common, outcome: "refused" })),
    };
  }

  /**
   * Calls, and writes down how it ended: a RaftError that says so is *refused*, any other error *unknown* (C02).
   *
   * @returns what `ask` returned; its error is thrown on.
   */
  async record(client: string, operation: Operation, ask: () => Promise<Result>): Promise<Result> {
    const call = this.call(client, operation);
    try {
      const result = await ask();
      call.ok(result);
      return result;
    } catch (error) {
      if (error instanceof RaftError && error.outcome === "refused") call.refused();
      throw error;
    }
  }

  /** What was written down so far, in the order of the calls; what is still under way is unknown. */
  history(): HistoryOperation<Operation, Result>[] {
    return [...this.operations];
  }
}
