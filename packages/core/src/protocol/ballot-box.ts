import { isJoint } from "../model/configuration.js";
import { invariant } from "../model/errors.js";
import type { LogIndex } from "../model/log-id.js";
import { onConfigurationCommitted } from "./configuration-change.js";
import { NOTHING } from "./short-list.js";
import type { RaftState } from "./state.js";

/*
 * What is committed, what may be applied, and what is needed no more (§5.3, §5.4.2; sofa-jraft: BallotBox). Rules R05, R06, R08, R13, R14,
 * M01, E15.
 *
 * Only an entry of the leader's own term is committed by counting. Figure 8: an old entry on a majority can still be
 * overwritten by a leader that never saw it; what follows in the own term seals it.
 */

/** R05, R06: counts what each voter of the own configuration holds durably, this leader included where it votes. */
export function countMatches(s: RaftState): void {
  const office = s.leadership;
  // Nearly half of a leader's steps find all of its log committed.
  if (office === undefined || s.commit === s.log.last.index) return;
  const index = s.quorum.reached(s.configurations.current, (id) =>
    s.isSelf(id) ? s.log.durable : (office.peers.get(id)?.countedMatch ?? 0),
  );
  if (index > s.commit && s.log.termAt(index) === s.term) advanceCommit(s, index);
}

/** R08: while a node runs, its commit index never goes back. */
export function advanceCommit(s: RaftState, index: LogIndex): void {
  invariant(index > s.commit && index <= s.log.last.index, "R08 the commit index rises, within the log", {
    from: s.commit,
    to: index,
    last: s.log.last.index,
  });
  const before = s.commit;
  s.commit = index;
  s.commitNews = s.leadership !== undefined;
  for (const entry of s.configurations.between(before, index)) {
    s.outbox.emit({ type: "Notify", notice: { kind: "configuration", stage: "committed", entry } });
    if (!isJoint(entry.configuration))
      s.outbox.emit({
        type: "TellStateMachine",
        what: { call: "configurationCommitted", configuration: entry.configuration, index: entry.id.index },
      });
    onConfigurationCommitted(s, entry);
  }
}

/** R14: hands over, in order, what is committed *and* on this node's own disk; callers and snapshots follow from it. */
export function applyCommitted(s: RaftState): void {
  const upTo = Math.min(s.commit, s.held);
  const isReplaced = s.restoring > 0 || (s.install !== undefined && s.install.phase === "persisting");
  if (s.faulted === "" && !isReplaced && upTo > s.applySent) {
    s.outbox.emit({ type: "Apply", upTo, blocks: s.log.blocksBetween(s.applySent + 1, upTo) });
    s.applySent = upTo;
  }
  const office = s.leadership;
  if (office !== undefined && !office.announced && s.applySent >= office.firstEntry) {
    office.announced = true;
    s.outbox.emit({ type: "TellStateMachine", what: { call: "leaderStart", term: s.term } });
  }
}

/**
 * R13: up to where no block has to stay in memory: what is applied here and, on a leader, what all its peers hold. Kept until there are
 * `cacheBytesMax` of them, the blocks of a hundred busy groups outlive one collection after the other, and are moved by each.
 */
export function neededUpTo(s: RaftState): LogIndex {
  let index = s.applied;
  for (const { match } of s.leadership?.peers.values() ?? NOTHING) index = Math.min(index, match);
  return index;
}
