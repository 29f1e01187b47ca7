import type { Turn } from "@hexraft/core/ports";

/** One macrotask per turn: setImmediate runs after the sockets were polled and lets due timers in before the next one. */
export class NodeTurn implements Turn {
  schedule(drain: () => void): void {
    setImmediate(drain);
  }
}
