import type { HistoryOperation } from "../../src/linearizability.js";

/** `client` called at `calledAt`, and was answered at `returnedAt`. */
export const ok = <O, R>(
  client: string,
  calledAt: number,
  returnedAt: number,
  operation: O,
  result: R,
): HistoryOperation<O, R> => ({ outcome: "ok", client, operation, calledAt, returnedAt, result });

/** Never answered. */
export const unknown = <O, R>(client: string, calledAt: number, operation: O): HistoryOperation<O, R> => ({
  outcome: "unknown",
  client,
  operation,
  calledAt,
});

/** Certainly not done. */
export const refused = <O, R>(client: string, calledAt: number, operation: O): HistoryOperation<O, R> => ({
  outcome: "refused",
  client,
  operation,
  calledAt,
});

export const READ = { type: "read" } as const;
export const write = (value: number) => ({ type: "write", value }) as const;
export const cas = (expected: number | null, value: number) => ({ type: "cas", expected, value }) as const;
export const add = (by: number) => ({ type: "add", by }) as const;
