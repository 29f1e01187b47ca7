import type { LogBlock } from "../../src/model/log-block.js";
import type { Envelope } from "../../src/model/message.js";
import type { RaftState } from "../../src/protocol/state.js";
import type { LabNode } from "../support/lab.js";
import { entryText } from "./canonical.js";

/** The log in memory and on disk, from index 1 on, as "term:payload". */
export function entriesOf({ raft, disk }: LabNode): { readonly log: string[]; readonly durable: string[] } {
  const { log } = (raft as unknown as { readonly s: RaftState }).s;
  const durable = entries(disk.blocks);
  const recent = entries(log.blocksBetween(1, log.last.index));
  // What is not in memory any more is durable.
  return { log: [...durable.slice(0, log.last.index - recent.length), ...recent], durable };
}

const entries = (blocks: readonly LogBlock[]): string[] =>
  blocks.flatMap((block) =>
    Array.from({ length: block.count }, (_, at) => `${block.term}:${entryText(block, block.first + at)}`),
  );

/** What one node can break alone: I8 (its disk goes back), R14 (apply), E17, and I12, the shadow crash. */
export function judgeLocally(before: LabNode, after: LabNode, sent: readonly Envelope[]): string | undefined {
  const halt = after.seen.find((effect) => effect.type === "Halt");
  if (halt?.type === "Halt") return `halted: ${halt.reason}`;
  const was = before.disk.hardState;
  const is = after.disk.hardState;
  if (is.term < was.term) return `I8 the durable term went from ${was.term} back to ${is.term}`;
  if (is.term === was.term && was.vote !== null && is.vote?.id !== was.vote.id)
    return `I8 two votes on disk in term ${is.term}: ${was.vote.id} and ${is.vote?.id}`;
  for (const envelope of sent) {
    const broken = shadowCrash(after, envelope);
    if (broken !== undefined) return broken;
  }
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
  return undefined;
}
