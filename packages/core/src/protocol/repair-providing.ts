import type { Envelope, RepairRequest } from "../model/message.js";
import type { RepairRead } from "./event.js";
import { withinLimits } from "./raft-log.js";
import { type RaftState, senderOf } from "./state.js";

/*
 * Giving a member what its disk has lost. Rules L03, M12, R13.
 *
 * Whoever holds the entries on its own disk can give them, leader or not: with them goes what the asker judges them by.
 */

/** Reads them back; a witness has none to give (M12), and what is not durable here is not given away. */
export function onRepairRequest(s: RaftState, envelope: Envelope, { first, last }: RepairRequest): void {
  const asker = senderOf(s, envelope);
  const isThere = first > s.log.base.index && first <= Math.min(s.log.durable, s.intactUpTo);
  const order = { to: asker.id, toIncarnation: asker.incarnation, first, last };
  if (isThere && !s.isWitness) s.outbox.emit({ type: "ReadForRepair", ...order, bytesMax: s.options.batchBytesMax });
  else onRepairRead(s, { type: "RepairRead", ...order, blocks: [] });
}

/** They were read: meanwhile a leader may have replaced them, or a snapshot their place. */
export function onRepairRead(s: RaftState, { to, toIncarnation, first, last, blocks }: RepairRead): void {
  const { batchEntriesMax, batchBytesMax } = s.options;
  const isOurs = blocks.every(
    (block) => s.log.holds({ index: block.first, term: block.term }) && s.log.holds(block.lastId),
  );
  const asked = blocks.flatMap((block) =>
    block.first > last ? [] : [block.slice(block.first, Math.min(block.last, last))],
  );
  s.outbox.send(
    { id: to, incarnation: toIncarnation },
    {
      type: "RepairResponse",
      first,
      last,
      prevTerm: s.log.termAt(first - 1) ?? 0,
      nextTerm: s.log.termAt(last + 1) ?? 0,
      leaderTerm: s.leadership === undefined ? 0 : s.term,
      commit: s.commit,
      base: s.log.base.index,
      blocks: isOurs ? withinLimits(asked, batchEntriesMax, batchBytesMax) : [],
    },
  );
}
