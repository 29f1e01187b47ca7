import type { Millis } from "../model/log-id.js";
import { SharedTexts } from "../model/shared-texts.js";
import type { Notice } from "../protocol/notice.js";
import type { HistoryEntry } from "./node-description.js";

/** Most changes that are remembered; older ones are forgotten. */
export const HISTORY_MAX = 256;

const NOTHING: readonly never[] = [];

/** E23: the recent changes of role, term and leader, each with its cause. */
export class NodeHistory {
  private entries: readonly HistoryEntry[] = NOTHING;

  constructor(
    /** Of all groups of the process. */
    private readonly texts = new SharedTexts(),
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
    const entry = { atMs, what: this.texts.of(what), cause: this.texts.of(cause) };
    // Exactly as long as it is: a push makes room for seventeen, in each of thousands of groups (G02).
    this.entries = this.entries.slice(1 - HISTORY_MAX).concat(entry);
  }

  /** Oldest first. */
  list(): readonly HistoryEntry[] {
    return this.entries;
  }
}

const leaderOf = (leader: string | null): string => (leader === null ? "no leader known" : `leader ${leader}`);
