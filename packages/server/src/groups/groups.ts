import type { ClusterGroup } from "@hexraft/client";
import type { GroupId } from "@hexraft/core";
import { RaftError } from "@hexraft/core/ports";
import type { RefusedGroup } from "./refused-group.js";
import type { ServedGroup } from "./served-group.js";

/** The groups that this process serves: one, or one for each range of the keys. */
export class Groups<G extends Pick<ServedGroup, "id" | "describe"> = ServedGroup> {
  /**
   * @param all - at least one.
   * @param resting - G02: those that rest.
   * @param refused - G03: those that are here, too, and cannot be served.
   */
  constructor(
    readonly all: readonly [G, ...G[]],
    private readonly resting: () => ReadonlySet<GroupId> = () => new Set(),
    readonly refused: readonly RefusedGroup[] = [],
  ) {}

  /** The one of this name; without a name the only one. @throws RaftError `BadCommand`; `Damaged` if it is refused here */
  named(name: string | undefined): G {
    const [first, ...more] = this.all;
    if (name === undefined && more.length + this.refused.length === 0) return first;
    const found = this.all.find(({ id }) => id === name);
    if (found !== undefined) return found;
    const refused = this.refused.find(({ id }) => id === name);
    if (refused !== undefined) throw refused.reason;
    throw name === undefined ? this.nameOne() : this.unknown(name);
  }

  /** For those who have named one that is not there. */
  unknown(name: string): RaftError {
    return this.refusal(`there is no group ${JSON.stringify(name.slice(0, 64))} here`);
  }

  /** For those who have named none of several. */
  nameOne(): RaftError {
    return this.refusal("several groups are served here, say which one is meant");
  }

  private refusal(why: string): RaftError {
    const there = [...this.all, ...this.refused].map(({ id }) => id);
    return new RaftError("BadCommand", "refused", `${why} (there are ${there.join(", ")})`);
  }

  /** How each of them is. */
  list(): readonly ClusterGroup[] {
    const resting = this.resting();
    const served = this.all.map(({ id, describe }) => {
      const { leader, term, role, commitIndex, halted } = describe();
      return { group: id, leader, term, role, commitIndex, isResting: resting.has(id), halted };
    });
    const nothing = { leader: null, term: 0, role: "refused", commitIndex: 0, isResting: false };
    return [...served, ...this.refused.map(({ id, reason }) => ({ group: id, ...nothing, halted: reason.message }))];
  }
}
