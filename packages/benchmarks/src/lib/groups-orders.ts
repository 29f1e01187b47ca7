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
