import { isVoter } from "../../model/configuration.js";
import { holeText } from "../../model/log-hole.js";
import type { Millis } from "../../model/log-id.js";
import { quorumHeardAt } from "../check-quorum.js";
import { letsOthersGoFirst, mayCampaign } from "../election.js";
import type { Repair } from "../holes.js";
import type { Leadership } from "../state/office.js";
import type { RaftState } from "../state.js";
import { type Finding, finding, listed, ms } from "./finding.js";

/* Why there is no leader, as one node sees it; or who leads. Rules O07, E04, E05, E06, E07, E16, E19, E20, E24, M09. */

/** O07. */
export function explainLeader(s: RaftState, now: Millis): readonly Finding[] {
  if (s.halted !== "")
    return [finding("leader", "halted", `The group has stopped in place on this node: ${s.halted}. Restart the node.`)];
  if (s.rest?.phase === "resting") return [resting(s)];
  if (s.leadership !== undefined) return leading(s, s.leadership, now);
  if (s.leader !== null) {
    const heard = `This node follows ${s.leader.id} in term ${s.term}, and heard it ${ms(now - s.leaderContactAt)} ago.`;
    return [finding("leader", "follows", heard)];
  }
  if (s.role !== "follower") return [asking(s)];
  const hindrance = whyItStandsForNothing(s);
  return hindrance === undefined ? [waiting(s, now)] : [hindrance];
}

/** G02: silence is what was agreed on. */
function resting(s: RaftState): Finding {
  const who = s.leadership === undefined ? `follows ${s.leader?.id ?? "nobody"} in` : "leads";
  return finding(
    "leader",
    "rests",
    `This node ${who} term ${s.term}, and the group rests: nobody wants anything, and its process beats for it (G02).`,
  );
}

/** E16: a leader that no quorum hears any more leaves office on its own account. */
function leading(s: RaftState, { transfer, leaving, mustGo }: Leadership, now: Millis): readonly Finding[] {
  const { heartbeatIntervalMs } = s.options;
  // The protocol counts itself as heard at the last step; nothing else of that instant matters here.
  const unheardMs = now - Math.min(now, quorumHeardAt(s));
  const found = [finding("leader", "leads", `This node leads term ${s.term}.`)];
  if (unheardMs > 2 * heartbeatIntervalMs && s.otherVoters().length > 0)
    found.push(
      finding(
        "leader",
        "check-quorum",
        `No quorum has answered it for ${ms(unheardMs)}: without an answer within ${ms(s.T)} it leaves office (E16), since others may have elected somebody. See which peers are silent.`,
      ),
    );
  if (transfer !== undefined)
    found.push(
      finding("leader", "transfer", `It is handing over to ${transfer.target}, and takes no proposals meanwhile.`),
    );
  if (leaving)
    found.push(finding("leader", "leaving", "The newest configuration does not let it vote: it hands over."));
  if (mustGo !== "") found.push(finding("leader", "must-go", `It gives up office: ${mustGo}.`));
  return found;
}

/** Under way: who has said what. */
function asking(s: RaftState): Finding {
  const { current } = s.configurations;
  const voters = current.members.map(({ id }) => id).filter((id) => isVoter(current, id));
  const said = (vote: boolean | undefined) => listed(voters.filter((id) => s.ballots.get(id) === vote));
  const what = s.role === "candidate" ? `votes in term ${s.term}` : `pre-votes for term ${s.term + 1}`;
  const tally = `granted by ${said(true)}, refused by ${said(false)}, no answer from ${said(undefined)}`;
  if (s.outbox.hardStatePending)
    return finding("leader", "asks-disk", `This node wants ${what}, and its own vote is not on its disk yet.`);
  return finding(
    "leader",
    "asks",
    `This node asks for ${what}: ${tally}. A quorum of the ${voters.length} voters must grant. Whoever refuses hears a leader, has voted for another one, or has a newer log; whoever does not answer is down or cut off.`,
  );
}

function whyItStandsForNothing(s: RaftState): Finding | undefined {
  const { own } = s.configurations;
  const self = s.identity.id;
  if (own.configuration.voters.length === 0)
    return finding(
      "leader",
      "no-configuration",
      "This replica knows no members. It waits until a cluster is founded with it, or until it is added to one.",
    );
  if (s.removedAt > 0)
    return finding(
      "leader",
      "removed",
      `Configuration ${s.removedAt} removed this replica. Add it again with an empty directory.`,
    );
  if (s.faulted !== "")
    return finding(
      "leader",
      "faulted",
      `The state machine here has faulted, so that this node must not lead: ${s.faulted}`,
    );
  if (s.writeOverdue) return finding("leader", "slow-disk", slowDisk(s));
  if (s.repair !== undefined)
    return finding(
      "leader",
      "repairing",
      `${missing(s.repair)} Before that is done this node neither votes nor stands for election (L03).`,
    );
  if (s.forgotten !== undefined)
    return finding(
      "leader",
      "repairing",
      `${holeText(s.forgotten.hole)}, and nobody knows their terms. Before this node holds what the leader has committed up to ${s.forgotten.hole.last} it neither votes nor stands for election, and is counted by nobody (L03).`,
    );
  if (s.restoring > 0 || s.install !== undefined)
    return finding(
      "leader",
      "restoring",
      "This node is being restored from a snapshot, and stands for no election before that is done.",
    );
  if (mayCampaign(s)) return undefined;
  return s.isWitness
    ? finding("leader", "witness", `${self} is a witness: it votes, and never leads. It hears no leader.`)
    : finding(
        "leader",
        "no-voter",
        `${self} is no voter of configuration ${own.id.index}: the others elect. It hears no leader.`,
      );
}

/** A follower whose wait runs. */
function waiting(s: RaftState, now: Millis): Finding {
  const silentMs = now - s.leaderContactAt;
  if (silentMs < s.T)
    return finding(
      "leader",
      "heard-lately",
      `A leader was heard ${ms(silentMs)} ago. Until that is ${ms(s.T)} ago this node votes for nobody (E06, E07), and stands for no election itself.`,
    );
  if (letsOthersGoFirst(s))
    return finding(
      "leader",
      "lower-priority",
      "This node lets voters of a higher priority go first, for a few waits (E20).",
    );
  const voted = s.vote === null ? "" : ` In term ${s.term} it voted for ${s.vote.id}.`;
  return finding(
    "leader",
    "waits",
    `No leader has been heard for ${ms(silentMs)}.${voted} This node stands for election when its wait, of ${ms(s.T)} to ${ms(2 * s.T)}, has run out.`,
  );
}

/** L03. */
export const missing = ({ holes }: Repair): string =>
  `${holes.map(holeText).join("; ")}. They are fetched from other nodes.`;

/** E24. */
export const slowDisk = ({ options }: RaftState): string =>
  `A write to this node's disk takes longer than writeOverdueMs, ${ms(options.writeOverdueMs)}: meanwhile it neither leads nor helps others to. Look at the disk.`;
