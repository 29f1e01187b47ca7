import type { Layouts } from "./layout.js";

/** Elections, and the transfer of leadership. */
export const ELECTION_LAYOUTS: Layouts<
  "PreVoteRequest" | "PreVoteResponse" | "VoteRequest" | "VoteResponse" | "TimeoutNow"
> = {
  PreVoteRequest: {
    code: 1,
    write: ({ term, round, last }) => [term, round, last.index, last.term],
    read: (fields) => ({
      type: "PreVoteRequest",
      term: fields.term(),
      round: fields.count("round"),
      last: fields.logId("last"),
    }),
  },
  PreVoteResponse: {
    code: 2,
    write: ({ term, round, granted }) => [term, round, granted],
    read: (fields) => ({
      type: "PreVoteResponse",
      term: fields.term(),
      round: fields.count("round"),
      granted: fields.flag("granted"),
    }),
  },
  VoteRequest: {
    code: 3,
    write: ({ term, last, transfer }) => [term, last.index, last.term, transfer],
    read: (fields) => ({
      type: "VoteRequest",
      term: fields.term(),
      last: fields.logId("last"),
      transfer: fields.flag("transfer", false),
    }),
  },
  VoteResponse: {
    code: 4,
    write: ({ term, granted }) => [term, granted],
    read: (fields) => ({ type: "VoteResponse", term: fields.term(), granted: fields.flag("granted") }),
  },
  TimeoutNow: {
    code: 11,
    write: ({ term, last }) => [term, last.index, last.term],
    read: (fields) => ({ type: "TimeoutNow", term: fields.term(), last: fields.logId("last") }),
  },
};
