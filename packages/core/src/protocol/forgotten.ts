import { holeText, type LogHole } from "../model/log-hole.js";
import { acknowledge } from "./append-entries.js";
import { halt } from "./halting.js";
import type { RaftState } from "./state.js";

/*
 * A log whose disk lost entries, terms and all, ends earlier than what this node acknowledged. Rules L03, R20, E19.
 *
 * It would vote a candidate into office that lacks what was committed on its word, and its leader would count what is not there. So it
 * votes for nobody and stands for nothing, and says in every answer that it is not to be counted. Its log is one that it
 * once had: it grows again by plain replication (§5.3), each entry held to the leader's. A leader can be elected without this
 * node alone, so it holds all that was ever committed: once its commit index has passed what was lost, and all up to there is here again, whatever
 * this node acknowledged and the group kept is in its log.
 */

/** The disk says so when it is opened. What a snapshot covers is not lost. */
export function onForgotten(s: RaftState, hole: LogHole | undefined): void {
  if (hole === undefined || hole.last <= s.commit) return;
  s.forgotten = { hole, progressAt: s.now, commit: s.commit };
  s.outbox.emit({ type: "Notify", notice: { kind: "damage", stage: "found", hole } });
  s.arm("repair", s.T / 2);
}

/** Part of every step: what is committed and held here again is made up for, and then this node counts. */
export function makeUpForForgotten(s: RaftState): void {
  const { forgotten } = s;
  if (forgotten === undefined || Math.min(s.commit, s.held) < forgotten.hole.last) return;
  s.forgotten = undefined;
  s.outbox.emit({ type: "Notify", notice: { kind: "damage", stage: "repaired", hole: forgotten.hole } });
  if (s.verified > 0) acknowledge(s);
}

/** Only a leader can help, and one that is there helps by itself: without one there is an end to waiting. */
export function checkForgotten(s: RaftState): void {
  const { forgotten } = s;
  if (forgotten === undefined) return;
  if (s.commit > forgotten.commit || s.install !== undefined)
    Object.assign(forgotten, { commit: s.commit, progressAt: s.now });
  const { members } = s.configurations.current;
  const isAlone = members.length > 0 && members.every(({ id }) => s.isSelf(id));
  const { hole, progressAt } = forgotten;
  const isOver = s.now - Math.max(progressAt, s.leaderContactAt) >= s.options.repairTimeoutMs;
  if (!isAlone && !isOver) return s.arm("repair", s.T / 2);
  const reason = `L03 ${holeText(hole)}, and no leader could make up for them. Keep the directory for inspection, and let this node rejoin with an empty one`;
  halt(s, reason, { ...hole });
}
