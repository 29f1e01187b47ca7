import type { Fault } from "../faults.js";

/** What lies between the nodes of a run, and how it is made to fail. */
export interface ChaosNetwork {
  /** Makes it. @returns what cannot be tried on this machine, a line each. @throws Error if there cannot be such a network here. */
  start(): Promise<readonly string[]>;
  /** What can go wrong with it; known once it has started. */
  readonly faults: readonly Fault[];
  /** Where a node is reached by its peers, `host:port`. */
  peerAddressOf(id: string): string;
  /** What its process is told about where to listen. */
  flagsOf(id: string): readonly string[];
  /** The program that starts the process where it belongs, and its arguments; Node.js and the rest follow. Empty: nothing is needed. */
  launcherOf(id: string): readonly string[];
  /** The node listens for its peers there now. */
  listens(id: string, peerPort: number): void;
  /** Whether anything that one node says reaches the other now, however late. */
  passes(from: string, to: string): boolean;
  /** Puts everything right that went wrong. */
  heal(): Promise<void>;
  /** Gives everything back. Idempotent. */
  stop(): Promise<void>;
}
