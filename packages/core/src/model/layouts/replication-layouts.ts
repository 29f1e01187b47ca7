import type { LogIndex } from "../log-id.js";
import type { AppendEntriesResponse, HeartbeatResponse } from "../message.js";
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
      const term = fields.term();
      const prev = fields.logId("prev");
      const commit = fields.index("commit");
      const count = fields.count("block count");
      const sizeBytes = fields.count("block bytes");
      checkBlocks("AppendEntries", term, prev, blocks, count, sizeBytes);
      return { type: "AppendEntries", term, prev, commit, blocks };
    },
  },
  AppendEntriesResponse: {
    code: 6,
    write: (m) => {
      const said = [m.term, m.success, m.match, m.prevIndex, m.hintIndex, m.hintTerm, m.last, m.needsSnapshot];
      const isWitness = Number(m.isWitness === true);
      if (m.announces !== undefined) return [...said, isWitness, m.forgottenUpTo ?? 0, m.announces];
      if (m.forgottenUpTo !== undefined) return [...said, isWitness, m.forgottenUpTo];
      return m.isWitness === true ? [...said, isWitness] : said;
    },
    read: (fields) => {
      const said: AppendEntriesResponse = {
        type: "AppendEntriesResponse",
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
      const forgottenUpTo = fields.index("forgotten up to", 0);
      const announces = fields.count("announces", 0);
      if (!isWitness && forgottenUpTo === 0 && announces === 0) return said;
      return {
        ...said,
        ...(isWitness && { isWitness }),
        ...(forgottenUpTo > 0 && { forgottenUpTo }),
        ...(announces > 0 && { announces }),
      };
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
      const term = fields.term();
      const commit = fields.index("commit");
      const round = fields.count("round");
      const answeredRound = fields.count("answered round", 0);
      const answeredInStart = fields.count("answered in start", 0);
      const ageMs = fields.count("age", 0);
      const leaderCommit = fields.index("leader's commit", 0);
      if (answeredRound === 0) return { type: "Heartbeat", term, commit, round };
      const standing = { answeredRound, answeredInStart, ageMs, commit: leaderCommit };
      return { type: "Heartbeat", term, commit, round, standing };
    },
  },
  HeartbeatResponse: {
    code: 8,
    write: (m) => [m.term, m.round, m.last, m.needsSnapshot, ...writeForgotten(m)],
    read: (fields) => {
      const said: HeartbeatResponse = {
        type: "HeartbeatResponse",
        term: fields.term(),
        round: fields.count("round"),
        last: fields.index("last"),
        needsSnapshot: fields.index("needs snapshot", 0),
      };
      const forgottenUpTo = fields.index("forgotten up to", 0);
      return forgottenUpTo === 0 ? said : { ...said, forgottenUpTo };
    },
  },
};

/** L03; older neighbours send none, and pass it over. */
const writeForgotten = ({ forgottenUpTo }: { readonly forgottenUpTo?: LogIndex }): LogIndex[] =>
  forgottenUpTo === undefined ? [] : [forgottenUpTo];
