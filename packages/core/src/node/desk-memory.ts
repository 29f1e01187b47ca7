import type { PendingCall } from "../components/pending-calls.js";
import type { LogIndex } from "../model/log-id.js";

/** What a call may say about its own end. */
export type Terms = Omit<PendingCall<unknown>, "resolve" | "reject" | "gaveUp">;

/** What outlives a desk: of two of one node neither gives a number that the other gave, or shows less than was shown. */
export interface DeskMemory {
  /** T11: the newest request of this start of the node. */
  lastRequest: number;
  /** Q08: what leaders had applied when they answered what was forwarded to them. */
  forwardedUpTo: LogIndex;
}

/** T11: a number for a request: unique in this start of the node. */
export const nextRequest = (memory: DeskMemory): number => ++memory.lastRequest;
