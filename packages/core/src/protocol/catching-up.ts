import type { Configuration, Member } from "../model/configuration.js";
import { isVoter, memberOf } from "../model/configuration.js";
import type { NodeId } from "../model/node-id.js";
import { answeredLately } from "./leadership.js";
import type { CatchUp, Change } from "./state/change.js";
import type { RaftState } from "./state.js";
import { whyTooOld } from "./version-gate.js";

/*
 * Voters to be catch up first (§4.2.1 of the thesis; sofa-jraft: CatchUpClosure). Rule M04.
 *
 * A group of three that is given two empty voters at once can commit nothing until one of them holds the whole log. So
 * the leader sends them the log beforehand, outside the configuration or as the learners they are: they count nowhere, and
 * if nothing comes of it nothing has changed.
 */

/** Those that vote after `next` and do not now: how far they have come, from nothing. */
export function newVoters(s: RaftState, next: Configuration): ReadonlyMap<NodeId, CatchUp> {
  const ids = next.voters.filter((id) => !isVoter(s.configurations.current, id) && id !== s.identity.id);
  const members = ids.map((id) => memberOf(next, id)).filter((member): member is Member => member !== undefined);
  return new Map(
    members.map((member) => {
      const match = s.leadership?.peers.get(member.id)?.match ?? 0;
      const began = { target: s.log.last.index, roundBegan: s.now, slowRounds: 0, isDone: false };
      return [member.id, { member, ...began, match, progressAt: s.now }];
    }),
  );
}

/** Looks how far they are. @returns why the change fails; `undefined` while it may still come to something. */
export function watchCatchUps(s: RaftState, change: Change): string | undefined {
  for (const catchUp of change.catchUps.values()) {
    watchRounds(s, catchUp);
    const { id } = catchUp.member;
    const peer = s.leadership?.peers.get(id);
    const tooOld = peer && whyTooOld(s, peer);
    if (tooOld !== undefined) return tooOld;
    // Whoever is done waits for the others, as long as it is there: one that died over it must not hold up the change for ever.
    if (catchUp.isDone && answeredLately(s, id)) catchUp.progressAt = s.now;
    if (catchUp.slowRounds >= s.options.catchUpRoundsMax)
      return `${id} did not catch up in ${catchUp.slowRounds} rounds (catchUpRoundsMax): the log grows faster than it can follow`;
    const stillMs = Math.round(s.now - catchUp.progressAt);
    if (stillMs < s.options.catchUpTimeoutMs) continue;
    return catchUp.isDone
      ? `${id} had caught up, and has not answered for ${stillMs} ms (catchUpTimeoutMs)`
      : `${id} got no further than entry ${catchUp.match} of ${s.log.last.index} for ${stillMs} ms (catchUpTimeoutMs)`;
  }
  return undefined;
}

/** M04: all of them hold nearly all of the log, and are there. */
export const haveCaughtUp = (s: RaftState, change: Change): boolean =>
  [...change.catchUps.values()].every(({ isDone, member }) => isDone && answeredLately(s, member.id));

/** A round ends when what was the end of the log at its beginning is there; what came meanwhile is the next one's. */
function watchRounds(s: RaftState, catchUp: CatchUp): void {
  const peer = s.leadership?.peers.get(catchUp.member.id);
  if (peer === undefined) return;
  if (peer.match > catchUp.match || peer.transfer?.streaming === true) catchUp.progressAt = s.now;
  catchUp.match = peer.match;
  const isNear = s.log.last.index - peer.match <= s.options.catchUpMarginEntries;
  if (catchUp.isDone || peer.match < catchUp.target) {
    catchUp.isDone &&= isNear;
    return;
  }
  const wasShort = s.now - catchUp.roundBegan < s.T;
  catchUp.isDone = wasShort && isNear;
  catchUp.target = s.log.last.index;
  if (wasShort) return;
  // A round that took T may have left a whole round's worth of entries behind: only a short one tells how near it is.
  catchUp.slowRounds++;
  catchUp.roundBegan = s.now;
}
