import type { Configuration, ConfigurationEntry } from "../model/configuration.js";
import { memberOf } from "../model/configuration.js";
import { RaftError } from "../model/errors.js";
import { updateBook } from "./address-book.js";
import { haveCaughtUp, newVoters, watchCatchUps } from "./catching-up.js";
import type { ChangeCancelled, ChangeRequested } from "./event.js";
import { leaveInOrder } from "./leaving.js";
import { appendConfiguration } from "./proposing.js";
import { soundTransition } from "./quorum/meeting.js";
import { syncPeers } from "./replicator-group.js";
import type { Change } from "./state/change.js";
import type { RaftState } from "./state.js";
import { notLeader } from "./term.js";

/*
 * When a configuration may change (§6, §4 of the thesis; sofa-jraft: ConfigurationCtx). Rules M01, M03, M04, M06, M14,
 * M15, M16. How it changes is the MembershipPolicy's.
 *
 * One at a time, and only after the leader committed an entry of its own term: otherwise two leaders could, one after the
 * other, append configurations whose quorums do not meet (the bug of 2015). What catches up first is known to this leader
 * alone and can be called off; what was appended is finished by whoever leads.
 */

/** M03: begins a change, or says why not. */
export function onChangeRequested(s: RaftState, { request, target, expected }: ChangeRequested): void {
  const refuse = (error: RaftError) => s.outbox.emit({ type: "ChangeAnswered", request, error });
  const refusal = whyNot(s) ?? whyStale(s, expected);
  if (refusal !== undefined) return refuse(refusal);
  const transition = soundTransition(s, s.configurations.current, target);
  if (transition.kind === "refused") return refuse(refused(transition.reason));
  const office = s.leadership;
  if (office === undefined) return;
  const catchUps = newVoters(s, transition.configuration);
  const change: Change = { request, target, catchUps, appended: false };
  if (catchUps.size === 0) return enter(s, change, transition.configuration);
  office.change = change;
  sendToNewcomers(s, change);
}

/** M16: called off, as long as nothing was appended. */
export function onChangeCancelled(s: RaftState, { request, change: which }: ChangeCancelled): void {
  const change = which === null || s.leadership?.change?.request === which ? s.leadership?.change : undefined;
  const answer = (error: RaftError | null) => s.outbox.emit({ type: "ChangeAnswered", request, error });
  if (s.leadership === undefined) return answer(notLeader(s));
  if (change === undefined || change.appended) {
    const why = s.isChanging ? "its first configuration is in the log, and whoever leads finishes it" : "there is none";
    return answer(new RaftError("ChangeRefused", "refused", `The change of members cannot be called off: ${why}.`));
  }
  fail(s, change, new RaftError("Cancelled", "refused", "The change of members was called off; nothing has changed."));
  answer(null);
}

/** M03: a change is over when its last configuration is committed. */
export function onConfigurationCommitted(s: RaftState, { configuration }: ConfigurationEntry): void {
  const change = s.leadership?.change;
  if (s.leadership === undefined || change?.appended !== true || s.membership.leave(configuration) !== undefined)
    return;
  s.leadership.change = undefined;
  s.outbox.emit({ type: "ChangeAnswered", request: change.request, error: null });
}

/** Takes the change under way a step further, if it can. Part of every step of a leader. */
export function advanceChange(s: RaftState): void {
  const change = s.leadership?.change;
  if (change?.appended === false) advanceCatchUp(s, change);
  finishChange(s);
}

/** M04: only when all have caught up is anything appended. */
function advanceCatchUp(s: RaftState, change: Change): void {
  const failure = watchCatchUps(s, change);
  if (failure !== undefined) return fail(s, change, refused(`${failure}; the configuration is as it was`));
  if (!haveCaughtUp(s, change)) return;
  const transition = s.membership.enter(s.configurations.current, change.target);
  if (transition.kind === "refused") fail(s, change, refused(transition.reason));
  else enter(s, change, transition.configuration);
}

/** M15: a joint configuration that nobody answers to would stop the group, and cannot be called off. */
function enter(s: RaftState, change: Change, configuration: Configuration): void {
  const office = s.leadership;
  if (office === undefined) return;
  const reachable = s.quorum.voteResult(configuration, (id) => {
    const incarnation = memberOf(configuration, id)?.incarnation;
    if (id === s.identity.id) return incarnation === s.identity.incarnation;
    const peer = office.peers.get(id);
    return peer?.incarnation === incarnation && peer !== undefined && s.now - peer.countedHeardAt < s.T;
  });
  if (reachable !== "won") {
    const { voters, votersOld } = configuration;
    const halves = [voters, votersOld].filter((half) => half.length > 0).map((half) => `[${half.join(", ")}]`);
    return fail(s, change, refused(`no majority of ${halves.join(" and of ")} has answered within ${s.T} ms`));
  }
  office.change = { ...change, appended: true };
  appendConfiguration(s, configuration);
}

/** M04: nothing was appended, so nothing has changed. */
function fail(s: RaftState, change: Change, error: RaftError): void {
  if (s.leadership !== undefined) s.leadership.change = undefined;
  s.outbox.emit({ type: "ChangeAnswered", request: change.request, error });
  sendToNewcomers(s, change);
}

/** M04: the log goes to them as long as the change lasts, though no configuration names them. */
function sendToNewcomers(s: RaftState, { catchUps }: Change): void {
  const areMembers = [...catchUps.keys()].every((id) => memberOf(s.configurations.current, id) !== undefined);
  if (areMembers) return;
  updateBook(s);
  syncPeers(s);
}

/**
 * M06: only when a joint configuration is committed, and an entry of its own term, does the leader, old or new, append
 * the one that follows. Part of every step of a leader, so a restart or a new leader changes nothing in it.
 */
function finishChange(s: RaftState): void {
  const office = s.leadership;
  const own = s.configurations.own;
  if (office === undefined || own.id.index > s.commit || s.commit < office.firstEntry) return;
  const following = s.membership.leave(own.configuration);
  if (following !== undefined) appendConfiguration(s, following);
  else leaveInOrder(s, office);
}

function whyNot(s: RaftState): RaftError | undefined {
  const office = s.leadership;
  if (office === undefined) return notLeader(s);
  if (s.isChanging)
    return new RaftError("ChangeRunning", "refused", "Another change of members is under way; wait for it to end.");
  if (s.commit < office.firstEntry)
    return new RaftError(
      "ChangeRunning",
      "refused",
      "This leader has not committed an entry of its own term yet; try again shortly.",
    );
  if (office.transfer !== undefined || office.leaving)
    return new RaftError("TransferRunning", "refused", "Leadership is being handed over; ask the new leader.");
  return undefined;
}

/** M14: compare and set: two operators who both looked at the same configuration do not undo each other's work. */
function whyStale(s: RaftState, expected: ChangeRequested["expected"]): RaftError | undefined {
  const { index } = s.configurations.own.id;
  if (expected === null || expected === index) return undefined;
  return refused(`it was planned for configuration ${expected}, and configuration ${index} is in force; plan it anew`);
}

const refused = (reason: string) =>
  new RaftError("ChangeRefused", "refused", `The members cannot be changed like this: ${reason}.`);
