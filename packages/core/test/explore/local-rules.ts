import type { Envelope, Message } from "../../src/model/message.js";
import type { LabNode } from "../support/lab.js";
import { stateOf } from "./entries.js";

/** What one node can break alone: I8 (its disk goes back), R14 (apply), E17, E21, M16, and I12, the shadow crash. */
export function judgeLocally(
  before: LabNode,
  after: LabNode,
  sent: readonly Envelope[],
  heard?: Message,
): string | undefined {
  const halt = after.seen.find((effect) => effect.type === "Halt");
  if (halt?.type === "Halt") return `halted: ${halt.reason}`;
  const was = before.disk.hardState;
  const is = after.disk.hardState;
  if (is.term < was.term) return `I8 the durable term went from ${was.term} back to ${is.term}`;
  if (is.term === was.term && was.vote !== null && is.vote?.id !== was.vote.id)
    return `I8 two votes on disk in term ${is.term}: ${was.vote.id} and ${is.vote?.id}`;
  if (heard?.type === "TimeoutNow") {
    const { term, log } = stateOf(before);
    const { last } = log;
    const stands = term <= heard.term && stateOf(after).term > heard.term;
    if (stands && (last.index !== heard.last.index || last.term !== heard.last.term))
      return `E21 ${after.id} ends in ${last.index} of term ${last.term}, and stands at the word of a leader that ended in ${heard.last.index} of term ${heard.last.term}`;
  }
  const off = after.seen.some((effect) => effect.type === "ChangeAnswered" && effect.error?.code === "Cancelled");
  const { own } = stateOf(after).configurations;
  if (off && own.id.index > after.raft.commitIndex)
    return `M16 ${after.id} calls a change off, and its configuration is in the log at ${own.id.index}`;
  for (const envelope of sent) {
    const broken = shadowCrash(after, envelope);
    if (broken !== undefined) return broken;
  }
  const { base, image = [] } = after.disk;
  if (base.index > image.length)
    return `S03 the log on disk begins behind ${base.index}, and the newest snapshot ends at ${image.length}`;
  const gap = after.applied.findIndex((item, at) => item.split(":")[0] !== String(at + 1));
  return gap < 0 ? undefined : `R14 applied ${after.applied[gap]} at position ${gap + 1}`;
}

/** I12: nothing leaves a node that its disk would contradict after a crash at this instant. */
function shadowCrash({ disk }: LabNode, { from, to, message }: Envelope): string | undefined {
  const { term, vote } = disk.hardState;
  const last = disk.blocks.at(-1)?.last ?? disk.base.index;
  const speaksOfAnother =
    message.type === "PreVoteRequest" ||
    (message.type === "PreVoteResponse" && message.granted) ||
    !("term" in message);
  if (!speaksOfAnother && message.term > term) return `E02 ${from} names term ${message.term}; its disk knows ${term}`;
  if (message.type === "VoteResponse" && message.granted && term === message.term && vote?.id !== to)
    return `E02 ${from} grants ${to} a vote that its disk does not hold`;
  if (message.type === "AppendEntriesResponse" && message.success && message.match > last)
    return `R07 ${from} acknowledges ${message.match}; its disk ends at ${last}`;
  if (message.type === "InstallSnapshotResponse" && message.status === "done" && message.match > last)
    return `S05 ${from} has the snapshot up to ${message.match}, it says; its disk ends at ${last}`;
  return undefined;
}
