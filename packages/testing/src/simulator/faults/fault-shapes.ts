import type { NodeId } from "@hexraft/core/ports";
import type { Fault, FaultAct, FaultKind } from "./fault.js";

/**
 * What is wrong with a fault that was read from outside.
 *
 * @param nodes - who takes part: a fault names nobody else.
 * @returns `undefined` if it is one.
 */
export function misshapen(fault: Partial<Fault>, nodes: readonly NodeId[]): string | undefined {
  const { atMs, forMs, act } = fault;
  if (!isAmount(atMs) || !isAmount(forMs) || typeof act !== "object" || act === null)
    return "a fault has atMs and forMs, numbers from 0 on, and act";
  const shape = (SHAPES as Readonly<Record<string, Shape>>)[act.kind];
  if (shape === undefined) return `act.kind must be one of ${Object.keys(SHAPES).join(", ")}`;
  const said = new Map<string, unknown>(Object.entries(act));
  const wrong = Object.entries(shape).find(([name, holds]) => !holds(said.get(name), nodes));
  return wrong && `act.${wrong[0]} of ${act.kind} is not one; nodes are those that the plan above it names`;
}

/** A number from 0 on. */
export const isAmount = (value: unknown): value is number => isNumber(value) && value >= 0;

type Check = (value: unknown, nodes: readonly NodeId[]) => boolean;
type Shape = Readonly<Record<string, Check>>;

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isNode: Check = (value, nodes) => nodes.some((id) => id === value);
const areNodes: Check = (value, nodes) => Array.isArray(value) && value.every((id) => isNode(id, nodes));
const isRange: Check = (value) => Array.isArray(value) && value.length === 2 && value.every(isAmount);
const oneOf =
  (...known: readonly string[]): Check =>
  (value) =>
    known.some((name) => name === value);
const AT_NODE = { node: isNode };
const ONE_WAY = { from: isNode, to: isNode };

/** What each kind of act says beside its kind. */
const SHAPES: {
  readonly [Kind in FaultKind]: Readonly<Record<Exclude<keyof Extract<FaultAct, { kind: Kind }>, "kind">, Check>>;
} = {
  crash: AT_NODE,
  "crash-in-io": AT_NODE,
  "crash-all": {},
  pause: AT_NODE,
  "clock-rate": { ...AT_NODE, rate: isAmount },
  "clock-freeze": AT_NODE,
  "wall-jump": { ...AT_NODE, jumpMs: isNumber },
  cut: ONE_WAY,
  "half-open": ONE_WAY,
  isolate: AT_NODE,
  split: { side: areNodes },
  bridge: { ...AT_NODE, side: areNodes },
  ring: {},
  noise: { drop: isAmount, duplicate: isAmount, reorder: isAmount, late: isAmount },
  "slow-link": { ...ONE_WAY, slowMs: isAmount },
  reset: { ...AT_NODE, peer: isNode },
  "slow-disk": { ...AT_NODE, rangeMs: isRange },
  "disk-fault": { ...AT_NODE, fault: oneOf("EIO", "ENOSPC", "failed-sync", "short-write") },
  wipe: AT_NODE,
  rot: { ...AT_NODE, how: oneOf("bit-rot", "zeroed-block", "misdirected-write", "lost-write") },
  restore: AT_NODE,
  snapshot: AT_NODE,
  transfer: { to: isNode },
  change: { voters: areNodes, learners: areNodes },
  "orphaned-change": AT_NODE,
  "graceful-restart": AT_NODE,
};
