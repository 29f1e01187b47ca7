import type { NodeId } from "../model/node-id.js";

/** M13: a member, as an operator names it. */
export interface Founder {
  /** Its stable name. */
  readonly id: NodeId;
  /** Where its transport listens, `host:port`. A member's new address is used at once (T04). */
  readonly address: string;
  /** E20 election priority, 0 … 255. Default: as it is, for a newcomer 1. */
  readonly priority?: number;
}

/** M07: all members that there shall be in the end. */
export interface MembersWanted {
  /** Those that vote. */
  readonly voters: readonly Founder[];
  /** Those that only receive the log. Default none. */
  readonly learners?: readonly Founder[];
  /** Voters that never lead (M12). Default none. */
  readonly witnesses?: readonly NodeId[];
}
