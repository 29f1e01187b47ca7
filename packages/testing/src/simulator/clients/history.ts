import type { LogId, LogIndex, NodeId } from "@hexraft/core/ports";
import type { ClientAct } from "./model.js";

/** One call of one client: when it began, what became of it, and when that was known. */
export interface Operation {
  /** Unique in the run. */
  readonly id: number;
  /** Which client. */
  readonly client: number;
  /** What it wanted. */
  readonly act: ClientAct;
  /** Whom it asked. */
  readonly via: NodeId;
  /** Virtual time at which it was begun, ms. */
  readonly invokedMs: number;
  /** Position of that in the run's order: instants may be equal, positions are not. */
  readonly invokedAt: number;
  /** `pending` until the client hears; `unknown` for ever if it never did (C02). */
  outcome: "pending" | "ok" | "refused" | "unknown";
  /** Position of the answer. */
  returnedAt: number;
  /** Virtual time of the answer, ms. */
  returnedMs?: number;
  /** Q08: what the token named that the node gave right after it answered. */
  tokenIndex?: LogIndex;
  /** Result or answer, if ok. */
  output?: unknown;
  /** The error's code, otherwise. */
  code?: string;
  /** Of a command: every place in the log that a leader ever gave it. */
  taken?: LogId[];
  /** Where it took effect: of a command its index, of a read the applied index at which it was answered. */
  index?: LogIndex;
}

/** Everything that clients did, in the order in which they began. */
export class History {
  /** All calls. */
  readonly operations: Operation[] = [];
  private position = 0;
  private open = 0;

  /** Calls that are not answered yet. */
  get pending(): number {
    return this.open;
  }

  /** A call begins. */
  begin(client: number, act: ClientAct, via: NodeId, nowMs: number): Operation {
    const operation: Operation = {
      id: this.operations.length,
      client,
      act,
      via,
      invokedMs: nowMs,
      invokedAt: this.position++,
      outcome: "pending",
      returnedAt: Number.POSITIVE_INFINITY,
    };
    this.operations.push(operation);
    this.open++;
    return operation;
  }

  /** A call ended, as far as its client knows. */
  end(operation: Operation, outcome: "ok" | "refused" | "unknown", output?: unknown, code?: string): void {
    if (operation.outcome !== "pending") return;
    this.open--;
    operation.outcome = outcome;
    operation.output = output;
    if (code !== undefined) operation.code = code;
    // What may still happen has no end (C02).
    if (outcome !== "unknown") operation.returnedAt = this.position++;
  }
}
