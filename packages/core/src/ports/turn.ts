import { token } from "./token.js";

/**
 * Gives the node its turns. **Obligation:** `schedule(drain)` runs `drain` once, soon, as one *macrotask*: after timers and
 * sockets had their chance, so that no loop of answers and proposals starves them. setImmediate in Node.js,
 * MessageChannel in a browser, a virtual action in a simulator. A node never schedules a second turn before the first ran.
 */
export interface Turn {
  /** Runs `drain` in a macrotask of its own. It never throws. */
  schedule(drain: () => void): void;
}
/** DI token of the port. */
export const Turn = token<Turn>("Turn");
