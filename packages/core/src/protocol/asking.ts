import { memberOf } from "../model/configuration.js";
import { NotLeader, RaftError } from "../model/errors.js";
import type { ProposeResponse, ReadIndexResponse } from "../model/message.js";
import type { ForwardRequested } from "./event.js";
import { added, NOTHING } from "./short-list.js";
import type { RaftState } from "./state.js";

/*
 * A follower asks the leader: for an index to read at (Q04), or to propose a caller's command (R18). Rules Q04, Q07, R18.
 *
 * A read joins only a question *not yet sent*: the answer to one that is under way may have been given before the read
 * came, and would miss a write that finished in between. A forwarded command is sent once and never again; when no answer
 * can come any more its caller hears *unknown*, for the leader may have taken it.
 */

/** Q04: reads of callers here. They wait for the next question; it leaves at once if none is under way. */
export function askForIndex(s: RaftState, requests: readonly number[]): void {
  if (s.leader === null) {
    s.outbox.emit({ type: "ReadFailed", requests, error: new NotLeader(null, null) });
    return;
  }
  const asked = s.asked;
  const waiting = asked.unsentReads.length + (asked.question?.readers.length ?? 0);
  if (waiting + requests.length > s.options.pendingRequestsMax) {
    const error = new RaftError(
      "Overloaded",
      "refused",
      `${waiting} reads wait already (pendingRequestsMax); try again shortly.`,
    );
    s.outbox.emit({ type: "ReadFailed", requests, error });
    return;
  }
  for (const request of requests) asked.unsentReads = added(asked.unsentReads, request);
  askNext(s);
}

/** Q04: the leader's answer; that of any other number is dropped. */
export function onReadIndexResponse(s: RaftState, response: ReadIndexResponse): void {
  const question = s.asked.question;
  if (question === undefined || question.request !== response.request) return s.drop("answer to no question of ours");
  s.asked.question = undefined;
  s.disarm("request");
  if (response.confirmed) s.outbox.emit({ type: "ReadReady", requests: question.readers, index: response.index });
  else
    s.outbox.emit({
      type: "ReadFailed",
      requests: question.readers,
      error: noAnswer("the leader could not confirm its leadership"),
    });
  askNext(s);
}

/** R19: no answer for 2T; the question is given up. */
export function questionTimedOut(s: RaftState): void {
  const question = s.asked.question;
  if (question === undefined) return;
  s.asked.question = undefined;
  s.outbox.emit({
    type: "ReadFailed",
    requests: question.readers,
    error: noAnswer("the leader did not answer in time"),
  });
  askNext(s);
}

/** R18: passes a caller's command on, once. */
export function forward(s: RaftState, { request, payload }: ForwardRequested): void {
  const leader = s.leader;
  const self = s.identity.id;
  if (leader === null || leader.id === self || s.asked.forwarded.size >= s.options.pendingRequestsMax) {
    const error =
      leader === null || leader.id === self
        ? new NotLeader(null, null)
        : new RaftError(
            "Overloaded",
            "refused",
            "Too many forwarded commands wait for an answer (pendingRequestsMax); try again shortly.",
          );
    s.outbox.emit({ type: "ForwardFailed", requests: [request], error });
    return;
  }
  s.asked.forwarded.add(request);
  s.outbox.send(leader, { type: "Propose", forTerm: s.term, request: numberOf(s, request), payload });
}

/** R18: what became of it. */
export function onProposeResponse(s: RaftState, response: ProposeResponse): void {
  const request = response.request - numberOf(s, 0);
  if (!s.asked.forwarded.delete(request)) return s.drop("answer to no question of ours");
  s.outbox.emit({ type: "ForwardAnswered", response: { ...response, request } });
}

/** Q07, R18: the leader asked is not the leader any more, or cannot be reached. */
export function failQuestions(s: RaftState, cause: string): void {
  const asked = s.asked;
  const readers = [...(asked.question?.readers ?? []), ...asked.unsentReads];
  if (asked.question !== undefined) s.disarm("request");
  asked.question = undefined;
  asked.unsentReads = NOTHING;
  if (readers.length > 0) s.outbox.emit({ type: "ReadFailed", requests: readers, error: noAnswer(cause) });
  if (asked.forwarded.size === 0) return;
  const leader =
    s.leader === null
      ? "the leader"
      : `${s.leader.id} (${memberOf(s.configurations.current, s.leader.id)?.address ?? "unknown address"})`;
  const error = new RaftError(
    "LeadershipLost",
    "unknown",
    `The command was passed on to ${leader}, which can give no answer any more (${cause}); it may or may not take effect. Read before you repeat it.`,
  );
  s.outbox.emit({ type: "ForwardFailed", requests: [...asked.forwarded], error });
  asked.forwarded.clear();
}

function askNext(s: RaftState): void {
  const asked = s.asked;
  if (asked.question !== undefined || asked.unsentReads.length === 0 || s.leader === null) return;
  asked.question = { request: numberOf(s, ++asked.lastRequest), readers: asked.unsentReads, sentAt: s.now };
  asked.unsentReads = NOTHING;
  s.outbox.send(s.leader, { type: "ReadIndex", request: asked.question.request });
  s.arm("request", 2 * s.T);
}

/**
 * T11: a number never used before, not by an earlier run either. A question of this run that shared its number with one of
 * the last run would be answered by the old answer, still under way, with an index from before the crash.
 */
const numberOf = (s: RaftState, counter: number): number => s.identity.startNumber * 2 ** 32 + counter;

const noAnswer = (why: string) =>
  new RaftError("ReadTimeout", "refused", `The read could not be confirmed: ${why}; try again.`);
