import { isVoter, memberOf } from "../model/configuration.js";
import { RaftError } from "../model/errors.js";
import type { LogIndex } from "../model/log-id.js";
import type { TimeoutNow } from "../model/message.js";
import type { NodeId } from "../model/node-id.js";
import { campaign, mayCampaign, PATIENCE_TIMEOUTS } from "./election.js";
import type { TransferRequested } from "./event.js";
import { answeredLately } from "./leadership.js";
import { appendEmpty } from "./proposing.js";
import type { Leadership } from "./state/office.js";
import type { RaftState } from "./state.js";
import { becomeFollower, notLeader } from "./term.js";

/*
 * Handing leadership over (§3.10 of the thesis). Rules E20, E21, E24, E25, Q05.
 *
 * The target gets all entries, then TimeoutNow: it campaigns at once, without pre-vote, under a mark that lifts E07's
 * hold. Meanwhile no proposal is taken, or the target would never be up to date.
 */

/** E21: begins a transfer to `to`, or to the best voter (E25). */
export function onTransferRequested(s: RaftState, { request, to, isStopping }: TransferRequested): void {
  const answer = (error: RaftError | null) => s.outbox.emit({ type: "TransferAnswered", request, error });
  const office = s.leadership;
  if (office === undefined) return answer(notLeader(s));
  if (to === s.identity.id) return answer(null);
  if (office.transfer !== undefined) return answer(refused("another transfer is under way"));
  // An operator can wait for the change to end; a node that stops cannot (E25).
  if (!isStopping && s.isChanging) return answer(refused("a change of members is under way"));
  const target = to ?? bestVoter(s);
  if (target === undefined) return answer(refused("no other voter has answered lately"));
  const fault = whyNot(s, target);
  if (fault !== undefined) return answer(refused(fault));
  handOver(s, office, request, target);
}

/** Begins a transfer that nothing speaks against; `request` is -1 where nobody asked. A leader on its way out keeps its time (M05). */
export function handOver(s: RaftState, office: Leadership, request: number, target: NodeId): void {
  office.transfer = { request, target, told: false };
  if (!office.leaving) s.arm("transfer", s.T);
}

/** E21: once the target holds exactly this log it is told to campaign. Part of every step of a leader. */
export function tellTarget(s: RaftState): void {
  const office = s.leadership;
  const transfer = office?.transfer;
  const peer = transfer === undefined ? undefined : office?.peers.get(transfer.target);
  if (transfer === undefined || peer === undefined || transfer.told || peer.match !== s.log.last.index) return;
  transfer.told = true;
  // Q05: from here on somebody may be elected at any time.
  office?.lease.voidUntilCommit(Number.POSITIVE_INFINITY);
  s.outbox.send(peer, { type: "TimeoutNow", term: s.term, last: s.log.last });
}

/** E20: who leads as a last resort hands over to the best other voter as soon as one is caught up. Asked once per heartbeat. */
export function handOverLastResort(s: RaftState): void {
  const office = s.leadership;
  const isLastResort = memberOf(s.configurations.current, s.identity.id)?.priority === 0;
  if (office === undefined || !isLastResort || s.isChanging || office.transfer !== undefined) return;
  if (s.commit < office.firstEntry || s.now < office.handOverAfter) return;
  const target = bestVoter(s, s.log.last.index - s.options.catchUpMarginEntries);
  if (target !== undefined) handOver(s, office, -1, target);
}

/** E24, R15: it must not go on leading: to the best voter if there is one, else to nobody. */
export function giveUpOffice(s: RaftState, cause: string): void {
  const office = s.leadership;
  if (office === undefined) return;
  office.mustGo = cause;
  if (office.transfer !== undefined) return;
  const target = bestVoter(s);
  if (target === undefined) becomeFollower(s, null, cause);
  else handOver(s, office, -1, target);
}

/** E21: not deposed after T: it takes proposals again, after an entry of its own that voids what the target may still do. */
export function transferTimerFired(s: RaftState): void {
  const office = s.leadership;
  if (office?.leaving === true)
    return becomeFollower(s, null, "the committed configuration does not let it vote, and nobody took over");
  if (office?.transfer === undefined) return;
  if (office.mustGo !== "") return becomeFollower(s, null, office.mustGo);
  const { request, target } = office.transfer;
  office.handOverAfter = s.now + PATIENCE_TIMEOUTS * s.T;
  office.transfer = undefined;
  appendEmpty(s);
  office.lease.voidUntilCommit(s.log.last.index);
  const error = refused(`${target} did not take over within ${s.T} ms; this node goes on leading`);
  s.outbox.emit({ type: "TransferAnswered", request, error });
}

/** E21: the target acts only as a voter of that term whose log ends in exactly the leader's last entry. */
export function onTimeoutNow(s: RaftState, message: TimeoutNow): void {
  const isSameEnd = s.log.last.index === message.last.index && s.log.last.term === message.last.term;
  if (s.role !== "follower" || !s.isVoter || !isSameEnd || !mayCampaign(s))
    return s.drop("TimeoutNow that does not fit");
  campaign(s, true, "the leader hands over");
}

function whyNot(s: RaftState, target: NodeId): string | undefined {
  const configuration = s.configurations.current;
  const member = configuration.members.find(({ id }) => id === target);
  if (member === undefined) return `${target} is not a member`;
  if (!isVoter(configuration, target)) return `${target} does not vote`;
  if (configuration.witnesses.includes(target)) return `${target} is a witness`;
  if (member.priority === 0) return `${target} has priority 0`;
  if (!answeredLately(s, target)) return `${target} has not answered for ${s.T} ms`;
  return undefined;
}

/** E25: the voter that is furthest and was there lately; in the joint phase one of both halves if there is one. */
export function bestVoter(s: RaftState, atLeast: LogIndex = 0): NodeId | undefined {
  const { voters, votersOld } = s.configurations.current;
  const priorityOf = (id: NodeId): number => memberOf(s.configurations.current, id)?.priority ?? 0;
  const matchOf = (id: NodeId): LogIndex => s.leadership?.peers.get(id)?.match ?? 0;
  const inBoth = voters.filter((id) => votersOld.length === 0 || votersOld.includes(id));
  const best = (ids: readonly NodeId[]) =>
    ids
      .filter((id) => id !== s.identity.id && whyNot(s, id) === undefined && matchOf(id) >= atLeast)
      .toSorted((a, b) => matchOf(b) - matchOf(a) || priorityOf(b) - priorityOf(a))[0];
  return best(inBoth) ?? best(voters);
}

const refused = (reason: string) =>
  new RaftError("TransferRefused", "refused", `Leadership was not handed over: ${reason}.`);
