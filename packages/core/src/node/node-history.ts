import type { Millis } from "../model/log-id.js";
import { SharedValues } from "../model/shared-values.js";
import type { Notice } from "../protocol/notice.js";
import { NOTHING } from "../protocol/short-list.js";
import type { HistoryEntry } from "./node-description.js";

/** Most changes that are remembered; older ones are forgotten. */
export const HISTORY_MAX = 256;

/** What a history remembers but for the instant. */
export type Happening = Omit<HistoryEntry, "atMs">;

/**
 * E23: the recent changes of role, term and leader, each with its cause. What happened and when are two lists: the former is
 * nearly always the same in thousands of groups, and a list of nothing but numbers takes eight bytes for each (G02).
 */
export class NodeHistory {
  private happenings: readonly Happening[] = NOTHING;
  /** When each happened; wall clock, ms. */
  private instants: readonly Millis[] = NOTHING;

  constructor(
    /** Of all groups of the process. */
    private readonly shared = new SharedValues<Happening>(),
  ) {}

  /** Notes a notice, if it is about role or leader. */
  note(notice: Notice, atMs: Millis): void {
    if (notice.kind === "role")
      this.add({
        atMs,
        what: `${notice.role} in term ${notice.term}, ${leaderOf(notice.leader)}`,
        cause: notice.cause,
      });
    else if (notice.kind === "leader")
      this.add({ atMs, what: `${leaderOf(notice.leader)} in term ${notice.term}`, cause: notice.cause });
  }

  /** Notes anything else that an operator should find here. */
  add({ atMs, what, cause }: HistoryEntry): void {
    // Exactly as long as they are: a push makes room for seventeen, in each of thousands of groups (G02).
    this.happenings = this.happenings
      .slice(1 - HISTORY_MAX)
      .concat(this.shared.of(JSON.stringify([what, cause]), { what, cause }));
    this.instants = this.instants.slice(1 - HISTORY_MAX).concat(atMs);
  }

  /** Oldest first. */
  list(): readonly HistoryEntry[] {
    return this.happenings.map(({ what, cause }, at) => ({ atMs: this.instants[at] as Millis, what, cause }));
  }
}

const leaderOf = (leader: string | null): string => (leader === null ? "no leader known" : `leader ${leader}`);
