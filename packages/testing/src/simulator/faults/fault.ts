import type { NodeId } from "@hexraft/core/ports";
import type { DiskFault, Rot } from "../world/simulated-disk.js";

/** What goes wrong, or what an operator does. */
export type FaultAct =
  /** The process dies; inside one of its next I/O steps, or between two. It comes back when the fault is over. */
  | {
      /** What it is. */
      readonly kind: "crash";
      /** Which node. */
      readonly node: NodeId;
    }
  | {
      /** What it is. */
      readonly kind: "crash-in-io";
      /** Which node. */
      readonly node: NodeId;
    }
  /** All processes lose power at once. */
  | {
      /** What it is. */
      readonly kind: "crash-all";
    }
  /** The process stands still, and catches up in a burst. */
  | {
      /** What it is. */
      readonly kind: "pause";
      /** Which node. */
      readonly node: NodeId;
    }
  /** The process is restarted with a clock that goes at another rate. */
  | {
      /** What it is. */
      readonly kind: "clock-rate";
      /** Which node. */
      readonly node: NodeId;
      /** Milliseconds of its monotonic clock per true one. */
      readonly rate: number;
    }
  /** The monotonic clock stands still, and goes on from there; what waits for an instant of it waits longer. */
  | {
      /** What it is. */
      readonly kind: "clock-freeze";
      /** Which node. */
      readonly node: NodeId;
    }
  /** E22: somebody sets the wall clock. */
  | {
      /** What it is. */
      readonly kind: "wall-jump";
      /** Which node. */
      readonly node: NodeId;
      /** How far, ms; negative: back. */
      readonly jumpMs: number;
    }
  /** One direction is dead. */
  | {
      /** What it is. */
      readonly kind: "cut";
      /** Who says it. */
      readonly from: NodeId;
      /** Who does not hear it, or who shall lead. */
      readonly to: NodeId;
    }
  /** Half-open: said, and never delivered. */
  | {
      /** What it is. */
      readonly kind: "half-open";
      /** Who says it. */
      readonly from: NodeId;
      /** Who does not hear it, or who shall lead. */
      readonly to: NodeId;
    }
  /** One node is cut off. */
  | {
      /** What it is. */
      readonly kind: "isolate";
      /** Which node. */
      readonly node: NodeId;
    }
  /** Two sides that do not hear each other. */
  | {
      /** What it is. */
      readonly kind: "split";
      /** One of the two sides. */
      readonly side: readonly NodeId[];
    }
  /** Two sides that hear each other only through one node. */
  | {
      /** What it is. */
      readonly kind: "bridge";
      /** Which node. */
      readonly node: NodeId;
      /** One of the two sides. */
      readonly side: readonly NodeId[];
    }
  /** Each node hears only its neighbours: everybody sees a majority, no two the same one. */
  | {
      /** What it is. */
      readonly kind: "ring";
    }
  /** Messages get lost, doubled and reordered on all links; what is under way when a connection breaks comes late. */
  | {
      /** What it is. */
      readonly kind: "noise";
      /** Share lost, 0 … 1. */
      readonly drop: number;
      /** Share doubled, 0 … 1. */
      readonly duplicate: number;
      /** Share that others may overtake, 0 … 1. */
      readonly reorder: number;
      /** Share of what is under way when a connection breaks that comes late, 0 … 1. */
      readonly late: number;
    }
  | {
      /** What it is. */
      readonly kind: "slow-link";
      /** Who says it. */
      readonly from: NodeId;
      /** Who does not hear it, or who shall lead. */
      readonly to: NodeId;
      /** Added to the way, ms. */
      readonly slowMs: number;
    }
  | {
      /** What it is. */
      readonly kind: "reset";
      /** Which node. */
      readonly node: NodeId;
      /** The other end. */
      readonly peer: NodeId;
    }
  /** Making something durable takes long. */
  | {
      /** What it is. */
      readonly kind: "slow-disk";
      /** Which node. */
      readonly node: NodeId;
      /** How long a sync takes, ms. */
      readonly rangeMs: readonly [number, number];
    }
  /** A call to the disk fails: the node stops in place (L04), and is restarted when the fault is over. */
  | {
      /** What it is. */
      readonly kind: "disk-fault";
      /** Which node. */
      readonly node: NodeId;
      /** How the call fails. */
      readonly fault: DiskFault;
    }
  /** The directory is gone when the process comes back; an operator lets the node rejoin (M13). */
  | {
      /** What it is. */
      readonly kind: "wipe";
      /** Which node. */
      readonly node: NodeId;
    }
  /** Durable bytes become others. Once its node stumbles over it, an operator lets it rejoin with an empty directory. */
  | {
      /** What it is. */
      readonly kind: "rot";
      /** Which node. */
      readonly node: NodeId;
      /** What becomes of which bytes. */
      readonly how: Rot;
    }
  /**
   * The process comes back with its directory as it was when this began. No protocol survives that where nobody remembers a
   * later start of it (T11): no profile draws it, a story may.
   */
  | {
      /** What it is. */
      readonly kind: "restore";
      /** Which node. */
      readonly node: NodeId;
    }
  /** Operators. */
  | {
      /** What it is. */
      readonly kind: "snapshot";
      /** Which node. */
      readonly node: NodeId;
    }
  | {
      /** What it is. */
      readonly kind: "transfer";
      /** Who does not hear it, or who shall lead. */
      readonly to: NodeId;
    }
  | {
      /** What it is. */
      readonly kind: "change";
      /** Who shall vote. */
      readonly voters: readonly NodeId[];
      /** Who shall only listen. */
      readonly learners: readonly NodeId[];
    }
  /**
   * The leader is cut off, and asked for a change in the same instant: what it appends nobody else hears of, and it is undone when
   * others have led meanwhile (M01).
   */
  | {
      /** What it is. */
      readonly kind: "orphaned-change";
      /** Who shall vote no more; of a learner, who shall go; of anybody else, who shall come as a learner. */
      readonly node: NodeId;
    }
  | {
      /** What it is. */
      readonly kind: "graceful-restart";
      /** Which node. */
      readonly node: NodeId;
    };

/** The kinds of faults and operator's actions. */
export type FaultKind = FaultAct["kind"];

/** Faults that take data away. */
export const LOSSES: readonly FaultKind[] = ["wipe", "rot"];

/** A fault in a schedule. */
export interface Fault {
  /** When it begins, ms after the cluster was founded. */
  readonly atMs: number;
  /** How long it lasts, ms; of a single event 0. */
  readonly forMs: number;
  /** What it does. */
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
