import type { LogBlock } from "../../src/model/log-block.js";
import type { Effect, FetchEntries } from "../../src/protocol/effect.js";
import type { RaftEvent } from "../../src/protocol/event.js";
import { Lab } from "./lab.js";

/** A lab whose disks answer FetchEntries at once, so that logs from before the start can be replicated (R13). */
export class ReadingLab extends Lab {
  override step(id: string, event: RaftEvent): readonly Effect[] {
    const effects = super.step(id, event);
    for (const order of effects) if (order.type === "FetchEntries") this.step(id, fetched(this, id, order));
    return effects;
  }
}

/** What the node's disk answers to that order. */
export function fetched(lab: Lab, id: string, { to, term, from, bytesMax }: FetchEntries): RaftEvent {
  const blocks: LogBlock[] = [];
  let bytes = 0;
  for (const block of lab.node(id).disk.blocks) {
    if (block.last < from) continue;
    const part = block.slice(Math.max(from, block.first), block.last);
    if (blocks.length > 0 && bytes + part.sizeBytes > bytesMax) break;
    blocks.push(part);
    bytes += part.sizeBytes;
  }
  return { type: "EntriesFetched", to, term, from, blocks };
}
