import type { FieldReader } from "../field-reader.js";
import type { LogIndex } from "../log-id.js";
import { checkBlocks, sizeOf } from "./block-list.js";
import type { Layouts } from "./layout.js";

/** Entries, heartbeats, and their answers. */
export const REPLICATION_LAYOUTS: Layouts<
  "AppendEntries" | "AppendEntriesResponse" | "Heartbeat" | "HeartbeatResponse"
> = {
  AppendEntries: {
    code: 5,
    write: ({ term, prev, commit, blocks }) => [term, prev.index, prev.term, commit, blocks.length, sizeOf(blocks)],
    read: (fields, blocks) => {
      const head = { term: fields.term(), prev: fields.logId("prev"), commit: fields.index("commit") };
      const count = fields.count("block count");
      const sizeBytes = fields.count("block bytes");
      checkBlocks("AppendEntries", head.term, head.prev, blocks, count, sizeBytes);
      return { ...head, blocks };
    },
  },
  AppendEntriesResponse: {
    code: 6,
    write: (m) => {
      const said = [m.term, m.success, m.match, m.prevIndex, m.hintIndex, m.hintTerm, m.last, m.needsSnapshot];
      if (m.forgottenUpTo !== undefined) return [...said, Number(m.isWitness === true), m.forgottenUpTo];
      return m.isWitness === true ? [...said, 1] : said;
    },
    read: (fields) => {
      const said = {
        term: fields.term(),
        success: fields.flag("success"),
        match: fields.index("match"),
        prevIndex: fields.index("prev index"),
        hintIndex: fields.index("hint index"),
        hintTerm: fields.term("hint term"),
        last: fields.index("last"),
        needsSnapshot: fields.index("needs snapshot", 0),
      };
      const isWitness = fields.count("witness", 0) > 0;
      return { ...said, ...(isWitness && { isWitness }), ...readForgotten(fields) };
    },
  },
  Heartbeat: {
    code: 7,
    write: ({ term, commit, round, standing }) => [
      term,
      commit,
      round,
      ...(standing === undefined
        ? []
        : [standing.answeredRound, standing.answeredInStart, standing.ageMs, standing.commit]),
    ],
    read: (fields) => {
      const head = { term: fields.term(), commit: fields.index("commit"), round: fields.count("round") };
      const answeredRound = fields.count("answered round", 0);
      const answeredInStart = fields.count("answered in start", 0);
      const ageMs = fields.count("age", 0);
      const commit = fields.index("leader's commit", 0);
      return answeredRound === 0 ? head : { ...head, standing: { answeredRound, answeredInStart, ageMs, commit } };
    },
  },
  HeartbeatResponse: {
    code: 8,
    write: (m) => [m.term, m.round, m.last, m.needsSnapshot, ...writeForgotten(m)],
    read: (fields) => ({
      term: fields.term(),
      round: fields.count("round"),
      last: fields.index("last"),
      needsSnapshot: fields.index("needs snapshot", 0),
      ...readForgotten(fields),
    }),
  },
};

/** L03; older neighbours send none, and pass it over. */
const writeForgotten = ({ forgottenUpTo }: { readonly forgottenUpTo?: LogIndex }): LogIndex[] =>
  forgottenUpTo === undefined ? [] : [forgottenUpTo];

function readForgotten(fields: FieldReader): { readonly forgottenUpTo?: LogIndex } {
  const forgottenUpTo = fields.index("forgotten up to", 0);
  return forgottenUpTo === 0 ? {} : { forgottenUpTo };
}
