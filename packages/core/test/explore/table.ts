import type { Effect } from "../../src/protocol/effect.js";
import type { RaftEvent } from "../../src/protocol/event.js";
import { Lab } from "../support/lab.js";
import { fetched } from "../support/reading-lab.js";

/** A lab whose disks give back, at once, one block of what is asked for (R13): so that a batch never hides what is in it. */
export class Table extends Lab {
  override step(id: string, event: RaftEvent): readonly Effect[] {
    const effects = super.step(id, event);
    for (const order of effects)
      if (order.type === "FetchEntries") this.step(id, fetched(this, id, { ...order, bytesMax: 1 }));
    return effects;
  }
}
