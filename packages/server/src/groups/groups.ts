import type { ClusterGroup } from "@hexraft/client";
import { RaftError } from "@hexraft/core/ports";
import type { ServedGroup } from "./served-group.js";

/** The groups that this process serves: one, or one for each range of the keys. */
export class Groups<G extends Pick<ServedGroup, "id" | "describe" | "isResting"> = ServedGroup> {
  /** @param all - at least one. */
  constructor(readonly all: readonly [G, ...G[]]) {}

  /** The one of this name; without a name the only one. @throws RaftError `BadCommand` */
  named(name: string | undefined): G {
    const [first, ...more] = this.all;
    if (name === undefined && more.length === 0) return first;
    const found = this.all.find(({ id }) => id === name);
    if (found !== undefined) return found;
    throw name === undefined ? this.nameOne() : this.refusal(`there is no group ${name.slice(0, 64)} here`);
  }

  /** For those who have named none of several. */
  nameOne(): RaftError {
    return this.refusal("several groups are served here; say which one is meant");
  }

  private refusal(why: string): RaftError {
    const there = this.all.map(({ id }) => id).join(", ");
    return new RaftError("BadCommand", "refused", `Nothing was done: ${why}. There are ${there}.`);
  }

  /** How each of them is. */
  list(): readonly ClusterGroup[] {
    return this.all.map((group) => {
      const { leader, term, role, commitIndex, halted } = group.describe();
      return { group: group.id, leader, term, role, commitIndex, isResting: group.isResting(), halted };
    });
  }
}
