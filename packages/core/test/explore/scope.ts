import type { Table, TableOptions } from "./table.js";

/** How much of the world is explored: everything that can happen within these bounds, in every order. */
export interface Scope {
  readonly name: string;
  /** What it is there to find, in a sentence. */
  readonly about: string;
  readonly nodes: readonly string[];
  readonly lab: TableOptions;
  /** What happened before: everything is explored from there on. */
  readonly prelude?: (table: Table) => void;
  /** prompt: a write is durable within the event that wanted it. slow: it takes an event of its own, one at a time. */
  readonly disk: "prompt" | "slow";
  /**
   * Time passes only when a wait runs out, and then by three election timeouts. shared: for all nodes, so that no lease
   * holds (E07). own: for that node alone; the others still hear their leader, and may refuse to listen.
   */
  readonly clocks: "shared" | "own";
  /** Heartbeats and their answers are all lost. A lawful network, and a far smaller world. */
  readonly losesHeartbeats: boolean;
  /** No node lets its wait run out in a term as high as this. */
  readonly termMax: number;
  /** How often it may happen, in all. */
  readonly budget: Budget;
  /** Events in a row. */
  readonly depthMax: number;
  /** E19: in this term somebody can be elected, within that many events. */
  readonly electableIn?: number;
}

/** What may still happen. */
export interface Budget {
  /** A wait runs out, or a leader hears no quorum. */
  readonly timeouts: number;
  /** Commands of clients. */
  readonly proposals: number;
  /** A process dies and comes back with what its disk holds. */
  readonly crashes: number;
  /** A message stays in the network when it is delivered. */
  readonly duplicates: number;
  /** A leader's heartbeat timer fires in time. */
  readonly heartbeats: number;
  /** Somebody reads, on any node. */
  readonly reads: number;
  /** A node saves a snapshot, and its log forgets what the one before holds. */
  readonly snapshots: number;
  /** An operator wants another leader. */
  readonly transfers: number;
  /** An operator wants a node to go, or to come. */
  readonly changes: number;
  /** An operator calls a change off. */
  readonly cancels: number;
  /** A newest snapshot rots while its node is down; an older one is there. */
  readonly rots: number;
  /** A snapshot's bytes break off half-way. */
  readonly breaks: number;
}

/** Nothing happens by itself. */
export const NOTHING: Budget = {
  timeouts: 0,
  proposals: 0,
  crashes: 0,
  duplicates: 0,
  heartbeats: 0,
  reads: 0,
  snapshots: 0,
  transfers: 0,
  changes: 0,
  cancels: 0,
  rots: 0,
  breaks: 0,
};
