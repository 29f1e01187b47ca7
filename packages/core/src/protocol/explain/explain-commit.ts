import { isVoter } from "../../model/configuration.js";
import type { LogIndex } from "../../model/log-id.js";
import type { NodeId } from "../../model/node-id.js";
import type { Leadership } from "../state/office.js";
import type { RaftState } from "../state.js";
import { missing, slowDisk } from "./explain-leader.js";
import { type Finding, finding, listed } from "./finding.js";

/* Why an entry is not committed, why what is committed is not applied, why reads wait. Rules O07, R05, R06, R12, R14, Q01, Q02, M15. */

/** O07: of the entries above the commit index, as their leader sees it. */
export function explainCommit(s: RaftState): readonly Finding[] {
  const { last } = s.log;
  const found: Finding[] = [];
  if (s.writeOverdue) found.push(finding("commit", "slow-disk", slowDisk(s)));
  if (last.index === s.commit) return found;
  const open = s.commit + 1 === last.index ? `Entry ${last.index} is` : `Entries ${s.commit + 1}–${last.index} are`;
  if (s.leadership === undefined) {
    const who = s.leader === null ? "there is no leader that could" : `${s.leader.id} has not said that they are`;
    found.push(finding("commit", "not-told", `${open} not known to be committed: ${who}. They may yet be replaced.`));
    return found;
  }
  const lacking = votersBelow(s, s.leadership, s.commit + 1);
  if (lacking.length > 0)
    found.push(
      finding(
        "commit",
        "no-quorum",
        `${open} not committed: entry ${s.commit + 1} is missing on ${listed(lacking)}, and a quorum of the voters must have it on disk.`,
      ),
    );
  if (s.held <= s.commit)
    found.push(
      finding(
        "commit",
        "own-disk",
        `${open} not on this node's own disk yet: ${s.log.writesUnderWay} writes are under way.`,
      ),
    );
  if (s.commit < s.leadership.firstEntry && last.index >= s.leadership.firstEntry)
    found.push(
      finding(
        "commit",
        "own-term",
        `A leader commits entries of earlier terms only together with entry ${s.leadership.firstEntry}, its own first (R05).`,
      ),
    );
  if (s.configurations.own.id.index > s.commit)
    found.push(
      finding(
        "commit",
        "change",
        `Configuration ${s.configurations.own.id.index} waits for ${listed(votersBelow(s, s.leadership, s.configurations.own.id.index))} (M15).`,
      ),
    );
  return found;
}

/** O07: of the entries that are committed and not applied here. */
export function explainApply(s: RaftState): readonly Finding[] {
  if (s.faulted !== "")
    return [
      finding(
        "apply",
        "faulted",
        `The state machine has faulted at entry ${s.applied + 1}: ${s.faulted} Nothing more is applied here.`,
      ),
    ];
  if (s.restoring > 0)
    return [
      finding(
        "apply",
        "restoring",
        `The state cannot be rebuilt from this disk: a snapshot above entry ${s.restoring} is wanted from the leader.`,
      ),
    ];
  if (s.install !== undefined) {
    const { meta, from, phase } = s.install;
    return [
      finding(
        "apply",
        "install",
        `A snapshot up to entry ${meta.id.index} comes from ${from.id} (${phase}); it replaces the state.`,
      ),
    ];
  }
  const found: Finding[] = [];
  if (s.repair !== undefined)
    found.push(
      finding(
        "apply",
        "repairing",
        `${missing(s.repair)} Nothing behind the first of them is applied before it is there (L03).`,
      ),
    );
  else if (s.commit > s.held)
    found.push(
      finding(
        "apply",
        "own-disk",
        `Entries up to ${s.commit} are committed, and this disk holds them up to ${s.held}: only what is here is applied (R14).`,
      ),
    );
  if (s.applySent > s.applied)
    found.push(
      finding("apply", "state-machine", `The state machine is busy with entries ${s.applied + 1}–${s.applySent}.`),
    );
  if (s.leadership !== undefined && s.log.unappliedBytes >= s.options.uncommittedBytesMax)
    found.push(
      finding(
        "apply",
        "overloaded",
        `${s.log.unappliedBytes} bytes wait to be applied, and uncommittedBytesMax is ${s.options.uncommittedBytesMax}: proposals are refused (R12).`,
      ),
    );
  return found;
}

/** O07: of the reads that wait. */
export function explainReads(s: RaftState): readonly Finding[] {
  const office = s.leadership;
  if (office === undefined) {
    const waiting = s.asked.unsentReads.length + (s.asked.question?.readers.length ?? 0);
    if (waiting === 0) return [];
    const whom = s.leader === null ? "there is no leader to ask" : `${s.leader.id} has not answered yet`;
    return [finding("read", "asks-leader", `${waiting} reads wait for the leader's index, and ${whom} (Q04).`)];
  }
  const found: Finding[] = [];
  if (office.waitingReads.length > 0 && s.commit < office.firstEntry)
    found.push(
      finding(
        "read",
        "own-term",
        `${office.waitingReads.length} reads wait until entry ${office.firstEntry}, the first of this term, is committed (Q02).`,
      ),
    );
  const asked = office.readRounds.reduce((sum, { readers }) => sum + readers.length, 0);
  if (asked > 0)
    found.push(
      finding("read", "round", `${asked} reads wait until a quorum has confirmed that this node still leads (Q01).`),
    );
  return found;
}

/** R06, R20: the voters that do not hold an entry, as quorums count it. */
function votersBelow(s: RaftState, { peers }: Leadership, index: LogIndex): readonly NodeId[] {
  const { current } = s.configurations;
  const holds = (id: NodeId) => (s.isSelf(id) ? s.held : (peers.get(id)?.countedMatch ?? 0)) >= index;
  return current.members.map(({ id }) => id).filter((id) => isVoter(current, id) && !holds(id));
}
