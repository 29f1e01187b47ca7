import { RaftError } from "@hexraft/core";
import { describe, expect, it } from "vitest";
import type { ClusterAdmin, ClusterMember } from "../src/index.js";
import { type Answered, rebalanceLeaders } from "../src/index.js";

type Admin = Pick<ClusterAdmin, "getPeers" | "transferLeader">;
const ALL = ["n1", "n2", "n3"];
const away = (): Answered<never> => {
  const error = new RaftError("NotLeader", "refused", "nobody leads");
  return { outcome: "refused", error };
};

/** Groups of three nodes, led as told. */
class Groups {
  readonly admins = new Map<string, Admin>();
  readonly leaders = new Map<string, string>();

  add(group: string, leader: string, over: Partial<Record<string, Partial<ClusterMember>>> = {}): this {
    this.leaders.set(group, leader);
    const member = (id: string): ClusterMember => {
      const isLeader = this.leaders.get(group) === id;
      const usual = { id, address: `${id}:1`, priority: 1, part: "voter" as const, isLeader, isAlive: true, match: 1 };
      return { ...usual, ...over[id] };
    };
    this.admins.set(group, {
      getPeers: async () => {
        const common = { clusterId: "c", term: 1, configurationIndex: 1, lastIndex: 1, change: null };
        return { outcome: "ok", value: { ...common, leader: this.leaders.get(group) ?? "", members: ALL.map(member) } };
      },
      transferLeader: async (to = "") => {
        this.leaders.set(group, to);
        return { outcome: "ok", value: to };
      },
    });
    return this;
  }

  counts(): number[] {
    return ALL.map((id) => [...this.leaders.values()].filter((leader) => leader === id).length);
  }
}

describe("rebalance of leaders over groups", () => {
  it("G04 leaderships are handed over until nobody leads two more than another", async () => {
    const groups = new Groups();
    for (let i = 0; i < 7; i++) groups.add(`a${i}`, "n1");
    for (let i = 0; i < 2; i++) groups.add(`b${i}`, "n2");
    const { moves, unknown } = await rebalanceLeaders(groups.admins);
    expect(groups.counts()).toEqual([3, 3, 3]);
    expect(moves.map(({ from, answered }) => [from, answered.outcome])).toEqual(
      Array.from({ length: 4 }, () => ["n1", "ok"]),
    );
    expect(unknown).toEqual([]);
    expect((await rebalanceLeaders(groups.admins)).moves).toEqual([]);
  });

  it("G04 E20 learners, witnesses and those of priority 0 are handed nothing", async () => {
    const groups = new Groups();
    const over = { n2: { priority: 0 }, n3: { part: "witness" as const } };
    for (let i = 0; i < 4; i++) groups.add(`g${i}`, "n1", over);
    expect(await rebalanceLeaders(groups.admins)).toEqual({ moves: [], unknown: [] });
    expect(groups.counts()).toEqual([4, 0, 0]);
  });

  it("G04 a group that nobody leads is left alone, and one that stays where it is still counts there", async () => {
    const groups = new Groups();
    for (const group of ["a", "b", "c", "d"]) groups.add(group, "n1");
    groups.admins.set("dead", { getPeers: async () => away(), transferLeader: async () => away() });
    const first = groups.admins.get("a") as Admin;
    groups.admins.set("a", { ...first, transferLeader: async () => away() });
    const { moves, unknown } = await rebalanceLeaders(groups.admins);
    expect(unknown).toEqual(["dead"]);
    expect(moves.find(({ group }) => group === "a")?.answered.outcome).toBe("refused");
    expect(groups.leaders.get("a")).toBe("n1");
    const again = await rebalanceLeaders(groups.admins);
    expect([...moves, ...again.moves].filter(({ group }) => group === "dead")).toEqual([]);
  });
});
