import type { RaftEvent } from "../protocol/event.js";

/** Where a component says what happened: the inbox. Nothing else of the node is known to it. */
export interface EventSink {
  /** Queues a fact; it is stepped in a turn of its own or in the one that is scheduled. */
  post(event: RaftEvent): void;
  /** Runs something in the next turn: work that would otherwise go on in microtasks only and starve timers and sockets. */
  inNextTurn(work: () => void): void;
}
