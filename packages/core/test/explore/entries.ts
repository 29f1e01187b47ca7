import type { LogBlock } from "../../src/model/log-block.js";
import type { LogIndex } from "../../src/model/log-id.js";
import type { RaftState } from "../../src/protocol/state.js";
import type { LabNode } from "../support/lab.js";
import { entryText } from "./canonical.js";

/** The state that the protocol keeps to itself. */
export const stateOf = ({ raft }: LabNode): RaftState => (raft as unknown as { readonly s: RaftState }).s;

/** The log in memory and on disk, from index 1 on, as "term:payload"; what was compacted away is what the snapshot says. */
export function entriesOf(node: LabNode): { readonly log: string[]; readonly durable: string[] } {
  const { log } = stateOf(node);
  const { base, blocks, image = [] } = node.disk;
  const durable = [...firstOf(image, base.index), ...textsOf(blocks, base.index)];
  const compacted = firstOf(image, log.base.index);
  const recent = textsOf(log.blocksBetween(log.base.index + 1, log.last.index), log.base.index);
  // What is not in memory any more is durable.
  return {
    log: [...compacted, ...durable.slice(compacted.length, log.last.index - recent.length), ...recent],
    durable,
  };
}

/** What a snapshot says up to that index; beyond its own end nobody knows any more (S09). */
const firstOf = (image: readonly string[], upTo: LogIndex): string[] =>
  Array.from({ length: upTo }, (_, at) => image[at] ?? "lost");

/** Those above `base`: a block may begin below it. */
const textsOf = (blocks: readonly LogBlock[], base: LogIndex): string[] =>
  blocks.flatMap((block) => {
    const first = Math.max(block.first, base + 1);
    return Array.from({ length: block.last + 1 - first }, (_, at) => `${block.term}:${entryText(block, first + at)}`);
  });
