import type { Endpoint } from "@hexraft/client";

/** What the demo tells its client process. */
export type ToWriter =
  | {
      readonly type: "begin";
      readonly endpoints: readonly Endpoint[];
      /** Concurrent clients, each with a connection of its own. */
      readonly clients: number;
      /** Writes that each has under way at once. */
      readonly perClient: number;
      /** Pause of each caller between two writes, ms, so that the load lasts long enough to kill somebody in it. */
      readonly pauseMs: number;
      /** Where each acknowledged write is written down: one line `key value`. */
      readonly logFile: string;
    }
  /** The leader is dead since this instant (wall clock, ms). */
  | { readonly type: "leaderDied"; readonly atMs: number }
  /** Begin no more writes. */
  | { readonly type: "finish" };

/** What it answers. */
export type FromWriter =
  | { readonly type: "listening" }
  | { readonly type: "progress"; readonly acknowledged: number; readonly unknown: number; readonly inFlight: number }
  /** The first acknowledgement of a write that was begun after the leader's death, ms after it. */
  | { readonly type: "failover"; readonly ms: number }
  | { readonly type: "done"; readonly acknowledged: number; readonly unknown: number };
