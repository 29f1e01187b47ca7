import { isJoint } from "../model/configuration.js";
import { broadcastHeartbeat } from "./leadership.js";
import { bestVoter, handOver } from "./leadership-transfer.js";
import { forgetPeer } from "./replicator-group.js";
import type { Leadership } from "./state/office.js";
import type { RaftState } from "./state.js";

/*
 * Leaving a group (§4.2.2, §4.2.3 of the thesis). Rules M05, M09.
 *
 * A leader that stops the moment its removal is committed leaves nobody who knows that: the others wait, elect, and find
 * the change unfinished. A member that was not told campaigns for ever. So the leader says it to all, hands over, and goes.
 */

/** M05: C-new is committed and does not let this leader vote. Part of every step of a leader. */
export function leaveInOrder(s: RaftState, office: Leadership): void {
  if (isAnybodyLeaving(office)) releaseLeavers(s, office);
  const own = s.configurations.own;
  if (s.isVoter || isJoint(own.configuration)) return;
  if (!office.leaving) {
    office.leaving = true;
    broadcastHeartbeat(s, office);
    if (office.transfer === undefined) s.arm("transfer", s.T);
  }
  if (office.transfer !== undefined) return;
  // One that lacks C-new would have to be told first whom it leads.
  const target = bestVoter(s, own.id.index);
  if (target !== undefined) handOver(s, office, -1, target);
}

/** M09: whether somebody is removed, and is still to be told of it. */
export const isAnybodyLeaving = ({ peers }: Leadership): boolean =>
  peers.values().some(({ farewell }) => farewell !== undefined);

/** M09: told until it has acknowledged the commit, or for 2T. */
function releaseLeavers(s: RaftState, office: Leadership): void {
  for (const peer of office.peers.values()) {
    const { farewell } = peer;
    if (farewell === undefined || farewell.removedBy > s.commit) continue;
    if (farewell.tellUntil === Number.POSITIVE_INFINITY) {
      farewell.tellUntil = s.now + 2 * s.T;
      broadcastHeartbeat(s, office);
    }
    const knows = farewell.toldRound > 0 && peer.answeredRound >= farewell.toldRound;
    if (knows || s.now >= farewell.tellUntil) forgetPeer(s, office, peer);
  }
}
