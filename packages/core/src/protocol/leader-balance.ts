import type { GroupId, NodeId } from "../model/node-id.js";

/** G04: who leads a group, and who else could. */
export interface LedGroup {
  /** The group. */
  readonly group: GroupId;
  /** Its leader, if known. */
  readonly leader: NodeId | null;
  /** Voters that may lead it. */
  readonly candidates: readonly NodeId[];
}

/** G04: a leadership to be handed over. */
export interface Move {
  /** The group. */
  readonly group: GroupId;
  /** Who shall lead it. */
  readonly to: NodeId;
}

/**
 * G04: what a process that leads more groups than others hands over, so that it does not. Each leadership goes to the candidate
 * that leads fewest, and none to one that would then lead more than what is left here: two processes that balance at once
 * do not pass the same groups to and fro for ever.
 */
export function leadershipsToHandOver(self: NodeId, groups: readonly LedGroup[]): readonly Move[] {
  const led = new Map<NodeId, number>();
  const count = (id: NodeId): number => led.get(id) ?? 0;
  for (const { leader } of groups) if (leader !== null) led.set(leader, count(leader) + 1);
  const moves: Move[] = [];
  for (const { group, leader, candidates } of groups) {
    if (leader !== self) continue;
    const others = candidates.filter((id) => id !== self).toSorted((a, b) => count(a) - count(b) || (a < b ? -1 : 1));
    const [to] = others;
    if (to === undefined || count(self) - count(to) < 2) continue;
    moves.push({ group, to });
    led.set(self, count(self) - 1);
    led.set(to, count(to) + 1);
  }
  return moves;
}
