import type { ChangeOptions, Founder, MembersWanted } from "@hexraft/core";
import { TestCluster, type TestClusterOptions, type TestMember } from "@hexraft/testing";
import { describe, expect, it } from "vitest";
import { jointMembership } from "../src/index.js";

const T = 150;
const FIVE = ["n1", "n2", "n3", "n4", "n5"];

/** Five nodes on virtual time, of which n4 and n5 run and belong to nothing as yet; its whole history is judged. */
const inCluster =
  (seed: number, body: (cluster: TestCluster) => Promise<void>, options: TestClusterOptions = {}) =>
  async () => {
    const modules = [jointMembership()];
    const cluster = new TestCluster({ seed, ids: FIVE, strangers: ["n4", "n5"], modules, ...options });
    await cluster.start();
    await cluster.awaitLeader();
    await body(cluster);
    cluster.dispose();
  };

const named = (...ids: string[]): Founder[] => ids.map((id) => ({ id, address: `memory:${id}` }));
const wanted = (voters: string[], learners: string[] = []): MembersWanted => ({
  voters: named(...voters),
  learners: named(...learners),
});

/** Asks whoever leads, until it is done there; virtual time goes on meanwhile. */
async function change(cluster: TestCluster, to: MembersWanted, options?: ChangeOptions): Promise<void> {
  const { node } = await cluster.awaitLeader();
  await cluster.time.settled(node.changeConfiguration(to, options), 400 * T);
}
const inShort = (member: TestMember): string => {
  const { voters, votersOld, learners } = member.describe().configuration.configuration;
  return `${votersOld.join()}>${voters.join()}~${learners.join()}`;
};
/** `done`, or the outcome and code that a promise is rejected with. */
const outcomeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "done",
    (error: { outcome: string; code: string }) => `${error.outcome} ${error.code}`,
  );
const failing = (cluster: TestCluster, promise: Promise<unknown>): Promise<string> =>
  cluster.time.settled(outcomeOf(promise), 400 * T);

describe("a cluster that changes", () => {
  it(
    "M04 M07 grows from three to five, replaces two at once under load, shrinks, and loses nothing",
    inCluster(1, async (cluster) => {
      await cluster.applied("a", "b");
      await change(cluster, wanted(FIVE));
      await cluster.applied("c");
      const outcomes = Array.from({ length: 20 }, (_, i) => cluster.propose(`during ${i}`));
      await change(cluster, wanted(["n1", "n2", "n3"]));
      await change(cluster, wanted(["n1", "n4", "n5"]));
      await cluster.until(() => outcomes.every(({ state }) => state !== "pending"), 20 * T);
      expect(outcomes.filter(({ state }) => state !== "ok")).toEqual([]);
      const leader = await cluster.awaitLeader(["n1", "n4", "n5"]);
      for (const id of ["n2", "n3"]) cluster.crash(id);
      await cluster.applied("d");
      await cluster.converged();
      expect(inShort(leader)).toBe(">n1,n4,n5~");
    }),
  );

  it(
    "M05 a leader that C-new leaves out finishes the change, hands over within T, and the next one has all",
    inCluster(2, async (cluster) => {
      await cluster.applied("a");
      const leader = await cluster.awaitLeader();
      const rest = ["n1", "n2", "n3"].filter((id) => id !== leader.id);
      await change(cluster, wanted([...rest, "n4"]));
      const since = cluster.time.now();
      const next = await cluster.awaitLeader([...rest, "n4"]);
      expect(cluster.time.now() - since).toBeLessThan(T);
      expect(cluster.messages("TimeoutNow", { from: leader.id })).toHaveLength(1);
      await cluster.until(() => leader.describe().role === "follower", 2 * T);
      await cluster.applied("b");
      expect(next.lines).toEqual(["a", "b"]);
      await cluster.run(20 * T);
      expect(cluster.leader()?.id).toBe(next.id);
    }),
  );

  it(
    "M03 M14 two operators at once: one change is made, the other is refused, and its stale plan stays refused",
    inCluster(3, async (cluster) => {
      await cluster.applied("a");
      const { node } = await cluster.awaitLeader();
      const [first, second] = await cluster.time.settled(
        Promise.all([node.plan(wanted(["n1", "n2", "n3", "n4"])), node.plan(wanted(["n1", "n2", "n3", "n5"]))]),
        T,
      );
      const asked = [first, second].map(({ target, configurationIndex }) =>
        outcomeOf(node.changeConfiguration(target, { expectedIndex: configurationIndex })),
      );
      expect(await cluster.time.settled(Promise.all(asked), 40 * T)).toEqual(["done", "refused ChangeRunning"]);
      const again = node.changeConfiguration(second.target, { expectedIndex: second.configurationIndex });
      expect(await failing(cluster, again)).toBe("refused ChangeRefused");
      expect(inShort(await cluster.awaitLeader())).toBe(">n1,n2,n3,n4~");
    }),
  );

  it(
    "M07 M13 learners come by name and address, rise when they have caught up, and go",
    inCluster(4, async (cluster) => {
      await cluster.applied("a");
      const { node } = await cluster.awaitLeader();
      await cluster.time.settled(node.addLearners(named("n4", "n5")), 40 * T);
      await cluster.until(() => cluster.member("n5").lines.length === 1, 10 * T, "n5 learns");
      await cluster.time.settled(node.promote(["n4"]), 40 * T);
      await cluster.time.settled(node.removeLearners(["n5"]), 40 * T);
      expect(inShort(cluster.member("n4"))).toBe(">n1,n2,n3,n4~");
      expect(await failing(cluster, node.promote(["n5"]))).toBe("refused ChangeRefused");
      expect(await failing(cluster, node.addLearners([{ id: "n5", address: "memory:n4" }]))).toBe(
        "refused ChangeRefused",
      );
      expect(await failing(cluster, node.addLearners(named("n9")))).toBe("refused ChangeRefused");
      expect(await failing(cluster, cluster.member("n4").node.removeLearners([]))).toMatch(/^refused/);
    }),
  );

  it(
    "M16 an operator calls a change off while a newcomer is away, by the call or by its signal; nothing has changed",
    inCluster(5, async (cluster) => {
      const leader = await cluster.awaitLeader();
      const target = await cluster.time.settled(leader.node.plan(wanted(["n1", "n2", "n3", "n4"])), T);
      cluster.crash("n4");
      const before = leader.describe().configuration;
      const first = outcomeOf(leader.node.changeConfiguration(target.target));
      await cluster.run(3 * T);
      expect(leader.describe().change).toMatchObject({ stage: "catching-up", newcomers: [{ id: "n4", match: 0 }] });
      expect(leader.describe().text).toContain("change of members: catching-up: n4 catches up at 0");
      await cluster.time.settled(leader.node.cancelChange(), T);
      expect(await cluster.time.settled(first, T)).toBe("refused Cancelled");
      const controller = new AbortController();
      const second = outcomeOf(leader.node.changeConfiguration(target.target, { signal: controller.signal }));
      await cluster.run(3 * T);
      controller.abort();
      expect(await cluster.time.settled(second, T)).toBe("refused Cancelled");
      expect(leader.describe()).toMatchObject({ configuration: before, change: null });
      expect(await failing(cluster, leader.node.cancelChange())).toBe("refused ChangeRefused");
    }),
  );

  it(
    "M07 M08 a change may say what shall be different: each verb does what it names, and refuses whom it does not mean",
    inCluster(7, async (cluster) => {
      await cluster.applied("a");
      const { node } = await cluster.awaitLeader();
      const stands = async () => inShort(await cluster.awaitLeader());
      const now = async (...[target]: Parameters<typeof node.changeConfiguration>) =>
        failing(cluster, (await cluster.awaitLeader()).node.changeConfiguration(target));
      expect(await now({ kind: "addPeers", nodes: named("n4") })).toBe("done");
      expect(await stands()).toBe(">n1,n2,n3,n4~");
      expect(await now({ kind: "addPeers", nodes: named("n4") })).toBe("refused ChangeRefused");
      expect(await now({ kind: "addLearners", nodes: named("n4") })).toBe("refused ChangeRefused");
      expect(await now({ kind: "demote", ids: ["n4"] })).toBe("done");
      expect(await stands()).toBe(">n1,n2,n3~n4");
      expect(await now({ kind: "resetLearners", nodes: named("n5") })).toBe("done");
      expect(await stands()).toBe(">n1,n2,n3~n5");
      expect(await now({ kind: "addPeers", nodes: named("n5") })).toBe("done");
      expect(await stands()).toBe(">n1,n2,n3,n5~");
      const stranger = node.changeConfiguration({ kind: "removePeers", ids: ["n9"] }).catch(String);
      expect(await cluster.time.settled(stranger, 400 * T)).toContain("n9 is not a voter; there are n1, n2, n3, n5.");
      expect(await now({ kind: "removePeers", ids: [] })).toBe("refused ChangeRefused");
      expect(await now({ kind: "removePeers", ids: ["n5"] })).toBe("done");
      expect(await now({ kind: "changeAddresses", nodes: [{ id: "n5", address: "memory:n5" }] })).toBe(
        "refused ChangeRefused",
      );
      const elsewhere = { id: "n3", address: "memory:n3", priority: 7 };
      expect(await now({ kind: "changeAddresses", nodes: [elsewhere] })).toBe("done");
      const { configuration } = (await cluster.awaitLeader()).describe().configuration;
      expect(configuration.members.find(({ id }) => id === "n3")).toMatchObject(elsewhere);
      expect(await now({ kind: "removePeers", ids: ["n1", "n2", "n3"] })).toBe("refused ChangeRefused");
      expect(await stands()).toBe(">n1,n2,n3~");
    }),
  );

  it(
    "M13 a wiped disk comes back under its name as another incarnation: nobody counts it until it is removed and joins anew",
    inCluster(6, async (cluster) => {
      await cluster.applied("a");
      const leader = await cluster.awaitLeader();
      const wiped = cluster.members.find(({ id }) => id !== leader.id && id < "n4") as TestMember;
      const before = leader.describe().configuration.configuration.members.find(({ id }) => id === wiped.id);
      cluster.crash(wiped.id);
      wiped.disk.erase();
      await cluster.restart(wiped.id);
      await cluster.run(10 * T);
      expect(wiped.describe()).toMatchObject({ term: 0, last: { index: 0 } });
      const { id } = wiped;
      const rest = ["n1", "n2", "n3"].filter((each) => each !== id);
      // By its name it is a member still: the incarnation that is one cannot be replaced in passing.
      expect(wiped.describe().identity.incarnation).not.toBe(before?.incarnation);
      await change(cluster, wanted(rest));
      await change(cluster, wanted(rest, [id]));
      await cluster.until(() => wiped.lines.length === 1, 20 * T, "it learns");
      await cluster.time.settled(leader.node.promote([id]), 40 * T);
      await cluster.applied("b");
      expect(
        leader.describe().configuration.configuration.members.find((member) => member.id === id)?.incarnation,
      ).toBe(wiped.describe().identity.incarnation);
    }),
  );
});

describe("crashes in every stage of a change", () => {
  /** Everybody loses power as soon as this is so, and comes back. */
  const crashWhen = (seed: number, isSo: (leader: TestMember, cluster: TestCluster) => boolean, ends: string) =>
    inCluster(seed, async (cluster) => {
      await cluster.applied("a");
      const leader = await cluster.awaitLeader();
      const { target } = await cluster.time.settled(leader.node.plan(wanted(["n1", "n4", "n5"])), T);
      leader.node.changeConfiguration(target).catch(() => {});
      await cluster.until(() => isSo(leader, cluster), 40 * T, "the stage");
      for (const { id } of cluster.members) cluster.crash(id);
      await cluster.start();
      const next = await cluster.awaitLeader();
      await cluster.until(() => inShort(cluster.leader() ?? next) === ends, 40 * T, `it ends as ${ends}`);
      await cluster.until(() => cluster.leader()?.describe().change === null, 40 * T, "the change is over");
      await cluster.awaitLeader(ends === NEW ? ["n1", "n4", "n5"] : ["n1", "n2", "n3"]);
      await cluster.applied("b");
      expect(inShort(await cluster.awaitLeader())).toBe(ends);
    });
  /** Whether a majority of both halves has this on their disks: the joint configuration, or C-new. */
  const isOnDisks = (cluster: TestCluster, what: string): boolean => {
    const holders = cluster.up.filter((member) => {
      const { configuration, durableIndex } = member.describe();
      return inShort(member) === what && configuration.id.index <= durableIndex;
    });
    return [
      ["n1", "n2", "n3"],
      ["n1", "n4", "n5"],
    ].every((half) => holders.filter(({ id }) => half.includes(id)).length >= 2);
  };
  const JOINT = "n1,n2,n3>n1,n4,n5~";
  const NEW = ">n1,n4,n5~";

  it(
    "M16 M04 while voters catch up: it is as if nobody had asked",
    crashWhen(11, ({ node }) => node.describe().change?.stage === "catching-up", ">n1,n2,n3~"),
  );
  it(
    "M06 M16 when the joint configuration is on a majority of disks: whoever leads finishes it",
    crashWhen(12, (_leader, cluster) => isOnDisks(cluster, JOINT), NEW),
  );
  it(
    "M06 M16 when C-new is appended: whoever leads finishes it",
    crashWhen(13, (leader) => inShort(leader) === NEW, NEW),
  );
  it(
    "M06 M16 when C-new is on the disks of leavers, too: whoever leads finishes it",
    crashWhen(14, (_leader, cluster) => isOnDisks(cluster, NEW), NEW),
  );
});

describe("the way of 2015, one voter at a time, is not there", () => {
  it(
    "M03 a leader that comes back adds nobody before it knows what the one in between did",
    inCluster(21, async (cluster) => {
      await cluster.applied("a");
      // One node is added by a leader that then is cut off; the next one removes another; the first one comes back. If
      // each appended its configuration at once, {1,2,3,4} and {1,2} would each have a majority without the other.
      const first = await cluster.awaitLeader();
      const others = ["n1", "n2", "n3"].filter((id) => id !== first.id);
      const { target } = await cluster.time.settled(first.node.plan(wanted(["n1", "n2", "n3", "n4"])), T);
      cluster.partition(first.id, "n4");
      const lonely = first.node.changeConfiguration(target);
      const told = outcomeOf(lonely);
      const second = await cluster.awaitLeader(others);
      await cluster.applied("between");
      expect(await failing(cluster, second.node.changeConfiguration(wanted(others)))).toBe("done");
      cluster.network.heal();
      expect(await cluster.time.settled(told, 40 * T)).toMatch(/^(unknown|refused) (LeadershipLost|ChangeRefused)$/);
      await cluster.run(20 * T);
      await cluster.applied("x");
      const committed = new Set(others.map((id) => inShort(cluster.member(id))));
      expect([...committed]).toEqual([`>${others.join()}~`]);
      expect(cluster.leader()?.id).not.toBe(first.id);
    }),
  );
});

describe("those that were removed", () => {
  it(
    "M09 M13 one that slept through its removal comes back, disturbs nobody, hears that it is over, and joins as another only",
    inCluster(31, async (cluster) => {
      const leader = await cluster.awaitLeader();
      const away = ["n1", "n2", "n3"].find((id) => id !== leader.id) as string;
      cluster.crash(away);
      const rest = ["n1", "n2", "n3"].filter((id) => id !== away);
      await change(cluster, wanted([...rest, "n4"]));
      await cluster.run(10 * T);
      const { term } = cluster.leader()?.describe() ?? { term: 0 };
      await cluster.restart(away);
      await cluster.until(() => cluster.member(away).describe().removedAt > 0, 40 * T, "it hears of its removal");
      await cluster.run(20 * T);
      expect(cluster.leader()?.describe().term).toBe(term);
      expect(cluster.member(away).describe().role).toBe("follower");
      // What it asks for is refused, and says why; under this incarnation it may not join again, under a new one it may.
      const comeBack = { kind: "addLearners", nodes: named(away) } as const;
      const own = outcomeOf(cluster.member(away).node.changeConfiguration(comeBack));
      expect(await cluster.time.settled(own, T)).toBe("refused ChangeRefused");
      const asked = async () => failing(cluster, (await cluster.awaitLeader()).node.changeConfiguration(comeBack));
      expect(await asked()).toBe("refused ChangeRefused");
      cluster.crash(away);
      cluster.member(away).disk.erase();
      await cluster.restart(away);
      expect(await asked()).toBe("done");
    }),
  );
});

describe("a majority is lost for good", () => {
  it(
    "M11 the survivor that has most goes on alone, in two steps; the others come back as newcomers, and never as they were",
    inCluster(41, async (cluster) => {
      await change(cluster, wanted(FIVE));
      await cluster.applied("a", "b");
      await cluster.converged();
      for (const id of FIVE) cluster.crash(id);
      const ask = async (id: string) => {
        const node = await cluster.member(id).make();
        return cluster.time.settled(node.survey(), 20 * T);
      };
      const [n1, n2] = [await ask("n1"), await ask("n2")];
      expect(n1).toMatchObject({ nodeId: "n1", recoveryNumber: 0, last: n2.last });
      const reset = async (confirmation: string, others: (typeof n1)[]) => {
        const node = await cluster.member("n1").make();
        return failing(cluster, node.resetPeers({ confirmation, others }));
      };
      expect(await reset(n2.confirmation, [n2])).toBe("refused RecoveryRefused");
      const ahead = { ...n2, last: { ...n2.last, index: n2.last.index + 1 } };
      expect(await reset(n1.confirmation, [ahead])).toBe("refused RecoveryRefused");
      expect(await reset(n1.confirmation, [n2, { ...n2, nodeId: "n3" }])).toBe("refused RecoveryRefused");
      const since = cluster.time.now();
      expect(await reset(n1.confirmation, [n2])).toBe("done");
      expect(cluster.time.now() - since).toBeGreaterThanOrEqual(2 * T);
      // n2 comes back as it was: it belongs to a group that is no more, and hears nobody.
      await cluster.start("n1", "n2");
      const leader = await cluster.awaitLeader(["n1"]);
      expect(inShort(leader)).toBe(">n1~");
      await cluster.applied("c");
      await cluster.run(10 * T);
      expect(cluster.member("n2").describe()).toMatchObject({ leader: null, last: n2.last });
      cluster.crash("n2");
      cluster.member("n2").disk.erase();
      await cluster.restart("n2");
      await change(cluster, wanted(["n1", "n2"]));
      expect(cluster.member("n2").lines).toEqual(["a", "b", "c"]);
      expect(cluster.member("n2").disk.image.hardState.recoveryNumber).toBe(1);
      // A running node is no survivor.
      expect(await failing(cluster, leader.node.survey())).toBe("refused RecoveryRefused");
    }),
  );
});
