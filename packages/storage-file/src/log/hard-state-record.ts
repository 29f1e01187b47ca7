import type { HardState } from "@hexraft/core/ports";
import { getName, getU64, INCARNATION_WIDTH, NODE_ID_WIDTH, setName, setU64 } from "../format/bytes.js";

/** Bytes that a hard state takes, in a record and in a foot. */
export const HARD_STATE_BYTES = 25 + NODE_ID_WIDTH + INCARNATION_WIDTH;

/** Lays a hard state: u64 term, u64 recovery number, u64 removed at, u8 whether it voted, then for whom. */
export function layHardState(view: DataView, at: number, { term, vote, recoveryNumber, removedAt }: HardState): void {
  setU64(view, at, term);
  setU64(view, at + 8, recoveryNumber);
  setU64(view, at + 16, removedAt);
  view.setUint8(at + 24, vote === null ? 0 : 1);
  setName(view, at + 25, NODE_ID_WIDTH, vote?.id ?? "");
  setName(view, at + 25 + NODE_ID_WIDTH, INCARNATION_WIDTH, vote?.incarnation ?? "");
}

/** Reads it back. */
export function readHardState(view: DataView, at: number): HardState {
  const id = getName(view, at + 25, NODE_ID_WIDTH);
  const incarnation = getName(view, at + 25 + NODE_ID_WIDTH, INCARNATION_WIDTH);
  return {
    term: getU64(view, at),
    recoveryNumber: getU64(view, at + 8),
    removedAt: getU64(view, at + 16),
    vote: view.getUint8(at + 24) === 0 ? null : { id, incarnation },
  };
}
