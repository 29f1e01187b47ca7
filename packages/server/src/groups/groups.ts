import type { ClusterGroup } from "@hexraft/client";
import type { GroupId } from "@hexraft/core";
import { RaftError } from "@hexraft/core/ports";
import type { ServedGroup } from "./served-group.js";

/** The groups that this process serves: one, or one for each range of the keys. */
export class Groups<G extends Pick<ServedGroup, "id" | "describe"> = ServedGroup> {
  /**
   * @param all - at least one.
   * @param resting - G02: those that rest.
   */
  constructor(
    readonly all: readonly [G, ...G[]],
    private readonly resting: () => ReadonlySet<GroupId> = () => new Set(),
  ) {}

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
    return this.refusal("several groups are served here, say which one is meant");
  }

  private refusal(why: string): RaftError {
    const there = this.all.map(({ id }) => id).join(", ");
    return new RaftError("BadCommand", "refused", `${why}; there are ${there}`);
  }

  /** How each of them is. */
  list(): readonly ClusterGroup[] {
    const resting = this.resting();
    return this.all.map(({ id, describe }) => {
      const { leader, term, role, commitIndex, halted } = describe();
      return { group: id, leader, term, role, commitIndex, isResting: resting.has(id), halted };
    });
  }
}
