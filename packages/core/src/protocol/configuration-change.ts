import type { ConfigurationEntry } from "../model/configuration.js";
import { isJoint, isVotingReplica, memberOf } from "../model/configuration.js";
import { RaftError } from "../model/errors.js";
import type { ChangeRequested } from "./event.js";
import { appendConfiguration } from "./proposing.js";
import type { RaftState } from "./state.js";
import { becomeFollower, notLeader } from "./term.js";

/*
 * When a configuration may change (§6, §4 of the thesis; sofa-jraft: ConfigurationCtx). Rules M01, M03, M06, M15. How it
 * changes is the MembershipPolicy's.
 *
 * One at a time, and only after the leader committed an entry of its own term: otherwise two leaders could, one after the
 * other, append configurations whose quorums do not meet (the bug of 2015).
 */

/** M03: appends the first configuration on the way to `target`, or says why not. */
export function onChangeRequested(s: RaftState, { request, target }: ChangeRequested): void {
  const refusal = whyNot(s);
  const refuse = (error: RaftError) => s.outbox.emit({ type: "ChangeAnswered", request, error });
  if (refusal !== undefined) return refuse(refusal);
  const transition = s.membership.enter(s.configurations.current, target);
  if (transition.kind === "refused") return refuse(refused(transition.reason));
  const { voters } = transition.configuration;
  const reachable = s.quorum.voteResult({ ...transition.configuration, votersOld: [] }, (id) => {
    const incarnation = memberOf(transition.configuration, id)?.incarnation;
    if (id === s.identity.id) return incarnation === s.identity.incarnation;
    const peer = s.leadership?.peers.get(id);
    return peer?.incarnation === incarnation && peer !== undefined && s.now - peer.heardAt < s.T;
  });
  if (reachable !== "won")
    return refuse(refused(`no majority of the new voters [${voters.join(", ")}] has answered within ${s.T} ms`));
  if (s.leadership !== undefined) s.leadership.changeRequest = request;
  appendConfiguration(s, transition.configuration);
}

/** M03: a change is over when its last configuration is committed. */
export function onConfigurationCommitted(s: RaftState, { configuration }: ConfigurationEntry): void {
  const office = s.leadership;
  if (office === undefined || office.changeRequest < 0 || s.membership.leave(configuration) !== undefined) return;
  s.outbox.emit({ type: "ChangeAnswered", request: office.changeRequest, error: null });
  office.changeRequest = -1;
}

/**
 * M06: only when a joint configuration is committed, and an entry of its own term, does the leader, old or new, append
 * the one that follows. Part of every step of a leader, so a restart or a new leader changes nothing in it.
 */
export function finishChange(s: RaftState): void {
  const office = s.leadership;
  const own = s.configurations.own;
  if (office === undefined || own.id.index > s.commit || s.commit < office.firstEntry) return;
  const following = s.membership.leave(own.configuration);
  if (following !== undefined) appendConfiguration(s, following);
  // M05: a leader that the committed configuration does not let vote has nothing to lead any more.
  else if (!isJoint(own.configuration) && !isVotingReplica(own.configuration, s.identity))
    becomeFollower(s, null, "the committed configuration does not let it vote");
}

function whyNot(s: RaftState): RaftError | undefined {
  const office = s.leadership;
  if (office === undefined) return notLeader(s);
  const own = s.configurations.own;
  if (own.id.index > s.commit || isJoint(own.configuration))
    return new RaftError("ChangeRunning", "refused", "Another change of members is under way; wait for it to end.");
  if (s.commit < office.firstEntry)
    return new RaftError(
      "ChangeRunning",
      "refused",
      "This leader has not committed an entry of its own term yet; try again shortly.",
    );
  if (office.transfer !== undefined)
    return new RaftError("TransferRunning", "refused", "Leadership is being handed over; ask the new leader.");
  return undefined;
}

const refused = (reason: string) =>
  new RaftError("ChangeRefused", "refused", `The members cannot be changed like this: ${reason}.`);
