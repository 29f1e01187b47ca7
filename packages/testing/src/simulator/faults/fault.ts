import type { NodeId } from "@hexraft/core/ports";
import type { DiskFault } from "../world/simulated-disk.js";

/** What goes wrong, or what an operator does. */
export type FaultAct =
  /** The process dies; inside one of its next I/O steps, or between two. It comes back when the fault is over. */
  | { readonly kind: "crash"; readonly node: NodeId }
  | { readonly kind: "crash-in-io"; readonly node: NodeId }
  /** All processes lose power at once. */
  | { readonly kind: "crash-all" }
  /** The process stands still, and catches up in a burst. */
  | { readonly kind: "pause"; readonly node: NodeId }
  /** The process is restarted with a clock that goes at another rate. */
  | { readonly kind: "clock-rate"; readonly node: NodeId; readonly rate: number }
  /** E22: somebody sets the wall clock. */
  | { readonly kind: "wall-jump"; readonly node: NodeId; readonly jumpMs: number }
  /** One direction is dead. */
  | { readonly kind: "cut"; readonly from: NodeId; readonly to: NodeId }
  /** Half-open: said, and never delivered. */
  | { readonly kind: "half-open"; readonly from: NodeId; readonly to: NodeId }
  /** One node is cut off. */
  | { readonly kind: "isolate"; readonly node: NodeId }
  /** Two sides that do not hear each other. */
  | { readonly kind: "split"; readonly side: readonly NodeId[] }
  /** Two sides that hear each other only through one node. */
  | { readonly kind: "bridge"; readonly node: NodeId; readonly side: readonly NodeId[] }
  /** Each node hears only its neighbours: everybody sees a majority, no two the same one. */
  | { readonly kind: "ring" }
  /** Messages get lost, doubled and reordered on all links; what is under way when a connection breaks comes late. */
  | {
      readonly kind: "noise";
      readonly drop: number;
      readonly duplicate: number;
      readonly reorder: number;
      readonly late: number;
    }
  | { readonly kind: "slow-link"; readonly from: NodeId; readonly to: NodeId; readonly slowMs: number }
  | { readonly kind: "reset"; readonly node: NodeId; readonly peer: NodeId }
  /** Making something durable takes long. */
  | { readonly kind: "slow-disk"; readonly node: NodeId; readonly rangeMs: readonly [number, number] }
  /** A call to the disk fails: the node stops in place (L04), and is restarted when the fault is over. */
  | { readonly kind: "disk-fault"; readonly node: NodeId; readonly fault: DiskFault }
  /** Operators. */
  | { readonly kind: "snapshot"; readonly node: NodeId }
  | { readonly kind: "transfer"; readonly to: NodeId }
  | { readonly kind: "change"; readonly voters: readonly NodeId[]; readonly learners: readonly NodeId[] }
  | { readonly kind: "graceful-restart"; readonly node: NodeId };

/** The kinds of faults and operator's actions. */
export type FaultKind = FaultAct["kind"];

/** A fault in a schedule. */
export interface Fault {
  /** When it begins, ms after the cluster was founded. */
  readonly atMs: number;
  /** How long it lasts, ms; of a single event 0. */
  readonly forMs: number;
  readonly act: FaultAct;
}

/** A fault in words. */
export function faultText({ act, forMs }: Fault): string {
  const { kind, ...rest } = act;
  const facts = Object.entries(rest).map(
    ([name, value]) => `${name} ${Array.isArray(value) ? value.join("+") : value}`,
  );
  return `${kind} ${facts.join(", ")}${forMs > 0 ? ` for ${Math.round(forMs)} ms` : ""}`;
}
