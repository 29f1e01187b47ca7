import type { Millis } from "../model/log-id.js";
import type { Leadership } from "./state/office.js";
import type { RaftState } from "./state.js";

/*
 * How long ago a leader was heard by a quorum (§6.2 of the thesis). Rules E06, E07, E16, Q01, Q05.
 */

/** The last instant at which a quorum of the own configuration had answered this leader; itself it hears always. */
export function quorumHeardAt(s: RaftState): Millis {
  const office = s.leadership;
  const heardAt = s.quorum.reached(s.configurations.current, (id) =>
    s.isSelf(id) ? s.now : (office?.peers.get(id)?.countedHeardAt ?? Number.NEGATIVE_INFINITY),
  );
  // G02: at rest nobody was asked; the quorum that had agreed to it has T to answer.
  return Math.max(heardAt, office?.wokeAt ?? Number.NEGATIVE_INFINITY);
}

/** Q01, Q05: the newest round of heartbeats that a quorum of the own configuration has answered. */
export function answeredByQuorum(s: RaftState, office: Leadership): number {
  return s.quorum.reached(s.configurations.current, (id) =>
    s.isSelf(id) ? office.round : (office.peers.get(id)?.countedRound ?? 0),
  );
}

/** Leader contact as E07 means it: a follower's is its leader's last word, a leader's is its quorum's last answer. */
export function leaderContactOf(s: RaftState): Millis {
  return s.role === "leader" ? quorumHeardAt(s) : s.leaderContactAt;
}

/** E06, E07: whether leader contact happened within the last T. */
export function hearsLeader(s: RaftState): boolean {
  return s.now - leaderContactOf(s) < s.T;
}
