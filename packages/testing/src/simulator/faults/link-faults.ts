import type { NodeId } from "@hexraft/core/ports";
import type { Link } from "../world/link.js";
import type { FaultAct } from "./fault.js";

type LinkFault = Extract<
  FaultAct,
  { readonly kind: "cut" | "half-open" | "isolate" | "split" | "bridge" | "ring" | "noise" | "slow-link" }
>;

const KINDS: ReadonlySet<string> = new Set<LinkFault["kind"]>([
  "cut",
  "half-open",
  "isolate",
  "split",
  "bridge",
  "ring",
  "noise",
  "slow-link",
]);

/** Whether it is a state of links, for as long as it lasts. */
export const isLinkFault = (act: FaultAct): act is LinkFault => KINDS.has(act.kind);

/** Adds a fault to what links suffer already. */
export function applyToLinks(act: FaultAct, ids: readonly NodeId[], link: (from: NodeId, to: NodeId) => Link): void {
  if (!isLinkFault(act)) return;
  const each = (does: (link: Link, from: NodeId, to: NodeId) => void): void => {
    for (const from of ids) for (const to of ids) if (from !== to) does(link(from, to), from, to);
  };
  const cutBetween = (apart: (a: NodeId, b: NodeId) => boolean): void =>
    each((direction, from, to) => {
      if (apart(from, to)) direction.cut = true;
    });
  switch (act.kind) {
    case "cut":
      // TCP without acknowledgements: nothing arrives in one direction, and neither end is told at first.
      link(act.from, act.to).deaf = true;
      return;
    case "half-open":
      link(act.from, act.to).deaf = true;
      link(act.to, act.from).deaf = true;
      return;
    case "isolate":
      return cutBetween((from, to) => from === act.node || to === act.node);
    case "split":
      return cutBetween((from, to) => act.side.includes(from) !== act.side.includes(to));
    case "bridge":
      return cutBetween(
        (from, to) => from !== act.node && to !== act.node && act.side.includes(from) !== act.side.includes(to),
      );
    case "ring":
      return cutBetween((from, to) => !areNeighbours(ids, from, to));
    case "noise":
      return each((noisy) => {
        noisy.drop = Math.max(noisy.drop, act.drop);
        noisy.duplicate = Math.max(noisy.duplicate, act.duplicate);
        noisy.reorder = Math.max(noisy.reorder, act.reorder);
        noisy.late = Math.max(noisy.late, act.late);
      });
    case "slow-link":
      link(act.from, act.to).slowMs += act.slowMs;
      return;
    default:
      return act satisfies never;
  }
}

/** On a ring each node hears as many neighbours to either side as make a majority with it. */
function areNeighbours(ids: readonly NodeId[], a: NodeId, b: NodeId): boolean {
  const distance = Math.abs(ids.indexOf(a) - ids.indexOf(b));
  return Math.min(distance, ids.length - distance) <= Math.ceil((ids.length - 1) / 4);
}
