import type { NodeId } from "../model/node-id.js";
import type { Replicator } from "./replicator.js";
import { NOTHING } from "./short-list.js";

/**
 * A leader's view of the others, by their names (sofa-jraft: ReplicatorGroup's map). They are few, so that they are looked for one
 * by one: a Map takes 200 bytes in each of the thousands of groups that a process may lead (G02).
 */
export class Peers {
  private all: readonly Replicator[] = NOTHING;

  get(id: NodeId): Replicator | undefined {
    for (const peer of this.all) if (peer.id === id) return peer;
    return undefined;
  }

  has(id: NodeId): boolean {
    return this.get(id) !== undefined;
  }

  /** One that is not among them yet. */
  add(peer: Replicator): Replicator {
    this.all = this.all.concat(peer);
    return peer;
  }

  delete(peer: Replicator): void {
    this.all = this.all.filter((other) => other !== peer);
  }

  /** In the order in which they came. Who is deleted meanwhile is still visited. */
  values(): readonly Replicator[] {
    return this.all;
  }
}
