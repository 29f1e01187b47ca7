import type { Founder } from "@hexraft/core";

/** What a process of many groups is told; each order is answered by one message. */
export type GroupsOrder =
  | { readonly do: "balance" | "cpu" | "facts" | "stop" }
  | { readonly do: "add"; readonly from: number; readonly to: number }
  | { readonly do: "found"; readonly voters: readonly Founder[]; readonly from: number; readonly to: number }
  | {
      readonly do: "load";
      readonly groups: number;
      readonly callers: number;
      readonly warmUpMs: number;
      readonly ms: number;
    };

/** What such a process says of itself. */
export interface GroupsFacts {
  readonly address: string;
  /** Groups at rest. */
  readonly resting: number;
  /** After a collection. */
  readonly heapBytes: number;
  /** Beside the heap: the bytes of buffers. */
  readonly bufferBytes: number;
}

/** What a process did while there was load. */
export interface GroupsLoad {
  /** Groups that it led. */
  readonly led: number;
  /** Acknowledged commands of those. */
  readonly perSecond: number;
  /** Times that a caller looked for the leader anew, from the beginning of the warm-up. */
  readonly askedAnew: number;
  /** User and system, of the process. ms. */
  readonly cpuMs: number;
  /** Of its log. */
  readonly syncs: number;
}
