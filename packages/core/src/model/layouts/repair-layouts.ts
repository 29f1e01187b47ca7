import { badMessage, type FieldReader } from "../field-reader.js";
import { TERM_MAX } from "../log-id.js";
import { checkBlocks, sizeOf } from "./block-list.js";
import type { Layouts } from "./layout.js";

/** Entries that a disk lost, and that a member still has. */
export const REPAIR_LAYOUTS: Layouts<"RepairRequest" | "RepairResponse"> = {
  RepairRequest: {
    code: 17,
    since: 2,
    write: ({ first, last }) => [first, last],
    read: (fields) => ({ type: "RepairRequest", ...rangeOf(fields) }),
  },
  RepairResponse: {
    code: 18,
    since: 2,
    write: ({ first, last, prevTerm, nextTerm, leaderTerm, commit, base, blocks }) => [
      first,
      last,
      prevTerm,
      nextTerm,
      leaderTerm,
      commit,
      base,
      blocks.length,
      sizeOf(blocks),
    ],
    read: (fields, blocks) => {
      const head = {
        ...rangeOf(fields),
        prevTerm: fields.term("term before"),
        nextTerm: fields.term("term after"),
        leaderTerm: fields.term("leader's term"),
        commit: fields.index("commit"),
        base: fields.index("base"),
      };
      const count = fields.count("block count");
      const sizeBytes = fields.count("block bytes");
      const prev = { index: head.first - 1, term: head.prevTerm };
      checkBlocks("RepairResponse", TERM_MAX, prev, blocks, count, sizeBytes);
      if ((blocks.at(-1)?.last ?? 0) > head.last) throw badMessage("RepairResponse holds more than was asked for");
      return { type: "RepairResponse", ...head, blocks };
    },
  },
};

/** The entries that a repair is about: at least one. */
function rangeOf(fields: FieldReader): { readonly first: number; readonly last: number } {
  const first = fields.whole("first", 1, Number.MAX_SAFE_INTEGER);
  return { first, last: fields.whole("last", first, Number.MAX_SAFE_INTEGER - 1) };
}
