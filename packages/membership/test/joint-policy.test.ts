import {
  type Configuration,
  configurationFault,
  MembershipPolicy,
  NO_CONFIGURATION,
  votersOnly,
} from "@hexraft/core/ports";
import fc from "fast-check";
import { Container } from "inversify";
import { describe, expect, it } from "vitest";
import { jointMembership, jointPolicy } from "../src/index.js";

const IDS = ["n1", "n2", "n3", "n4"] as const;
type Id = (typeof IDS)[number] | "n5";

const member = (id: Id) => ({ id, incarnation: `000000000000000${id[1]}`, address: `${id}:1`, priority: 1 });

function configuration(
  voters: readonly Id[],
  learners: readonly Id[] = [],
  witnesses: readonly Id[] = [],
): Configuration {
  return { ...NO_CONFIGURATION, members: [...voters, ...learners].map(member), voters, learners, witnesses };
}

/** The same whatever the order of its lists. */
const sorted = ({ members, voters, votersOld, learners, learnersNext, witnesses }: Configuration): Configuration => ({
  members: members.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  voters: voters.toSorted(),
  votersOld: votersOld.toSorted(),
  learners: learners.toSorted(),
  learnersNext: learnersNext.toSorted(),
  witnesses: witnesses.toSorted(),
});

function entered(current: Configuration, target: Configuration): Configuration {
  const transition = jointPolicy.enter(current, target);
  if (transition.kind === "refused") throw new Error(transition.reason);
  return transition.configuration;
}

const reasonOf = (current: Configuration, target: Configuration): string | undefined => {
  const transition = jointPolicy.enter(current, target);
  return transition.kind === "refused" ? transition.reason : undefined;
};

/** Every configuration of up to four nodes, each absent, voter or learner. */
const all = Array.from({ length: 3 ** IDS.length }, (_, code) => {
  const role = (at: number) => Math.floor(code / 3 ** at) % 3;
  return configuration(
    IDS.filter((_id, at) => role(at) === 1),
    IDS.filter((_id, at) => role(at) === 2),
  );
}).filter(({ voters }) => voters.length > 0);

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** What is wrong with the way from one sound configuration to another; nothing, it is to be hoped. */
function faultsOf(current: Configuration, target: Configuration): string[] {
  const next = entered(current, target);
  const left = jointPolicy.leave(next);
  const holds: Record<string, boolean> = same(sorted(current).voters, sorted(target).voters)
    ? { "one plain entry": next === target, "that is final": left === undefined }
    : {
        "a sound joint configuration": configurationFault(next) === undefined,
        "whose one half is the old voters": same(next.votersOld, current.voters),
        "and whose other half is the new ones": same(next.voters, target.voters),
        "demoted voters wait": same(
          next.learnersNext,
          target.learners.filter((id) => current.voters.includes(id)),
        ),
        "learners that come or go do so at once": same(
          next.learners,
          target.learners.filter((id) => !current.voters.includes(id)),
        ),
        "no change meanwhile": jointPolicy.enter(next, target).kind === "refused",
        "ends at its target": left !== undefined && same(sorted(left), sorted(target)),
        "and there it ends": left !== undefined && jointPolicy.leave(left) === undefined,
      };
  return Object.keys(holds).filter((what) => !holds[what]);
}

describe("joint consensus", () => {
  it("M02 M07 every change among four nodes goes through both halves and ends at its target", () => {
    expect(all).toHaveLength(65);
    for (const current of all) {
      expect(reasonOf(current, current)).toBe("nothing would change");
      for (const target of all.filter((other) => other !== current)) expect(faultsOf(current, target)).toEqual([]);
    }
  });

  it("M02 M07 any change of many nodes, addresses, priorities and witnesses goes through both halves and ends at its target", () => {
    const role = fc.constantFrom("absent", "voter", "learner", "witness");
    const node = fc.record({ role, port: fc.nat(3), priority: fc.nat(2) });
    const whole = fc.array(node, { minLength: 12, maxLength: 12 }).map((nodes): Configuration => {
      const named = nodes.map((each, at) => ({ ...each, id: `node-${at}` })).filter((each) => each.role !== "absent");
      const ids = (...roles: readonly string[]) =>
        named.filter((each) => roles.includes(each.role)).map(({ id }) => id);
      return {
        ...NO_CONFIGURATION,
        members: named.map(({ id, port, priority }) => ({
          id,
          incarnation: "00000000000000aa",
          address: `host:${port}`,
          priority,
        })),
        voters: ids("voter", "witness"),
        learners: ids("learner"),
        witnesses: ids("witness"),
      };
    });
    const faults: string[] = [];
    let sound = 0;
    fc.assert(
      fc.property(whole, whole, (current, target) => {
        const reason = reasonOf(current, target);
        const revived = current.witnesses.some(
          (id) => target.members.some((each) => each.id === id) && !target.witnesses.includes(id),
        );
        const someCanLead = target.voters.some((id) => !target.witnesses.includes(id));
        const mustBeRefused = current.voters.length === 0 || !someCanLead || revived;
        expect(reason !== undefined && reason !== "nothing would change").toBe(mustBeRefused);
        if (reason !== undefined) return;
        sound++;
        faults.push(...faultsOf(current, target));
      }),
      { numRuns: 3_000 },
    );
    expect(faults).toEqual([]);
    expect(sound).toBeGreaterThan(50);
  });

  it("M02 C-old,new names the members of both, each id once", () => {
    const joint = entered(configuration(["n1", "n2", "n3"], ["n4"]), configuration(["n3", "n4", "n5"], ["n2"]));
    expect(joint).toEqual({
      members: [member("n3"), member("n4"), member("n5"), member("n2"), member("n1")],
      voters: ["n3", "n4", "n5"],
      votersOld: ["n1", "n2", "n3"],
      learners: [],
      learnersNext: ["n2"],
      witnesses: [],
    });
    expect(jointPolicy.leave(joint)).toEqual(configuration(["n3", "n4", "n5"], ["n2"]));
  });

  it.each<[string, Configuration, Configuration]>([
    ["a learner comes", configuration(["n1"]), configuration(["n1"], ["n2"])],
    ["a learner goes", configuration(["n1"], ["n2"]), configuration(["n1"])],
    ["a learner takes another's place", configuration(["n1"], ["n2"]), configuration(["n1"], ["n3"])],
    [
      "an address changes",
      configuration(["n1"]),
      { ...configuration(["n1"]), members: [{ ...member("n1"), address: "elsewhere:2" }] },
    ],
    [
      "a priority changes",
      configuration(["n1"]),
      { ...configuration(["n1"]), members: [{ ...member("n1"), priority: 0 }] },
    ],
    ["a voter becomes a witness", configuration(["n1", "n2", "n3"]), configuration(["n1", "n2", "n3"], [], ["n3"])],
  ])("M07 one plain entry is enough when %s", (_what, current, target) => {
    expect(entered(current, target)).toEqual(target);
    expect(jointPolicy.leave(target)).toBeUndefined();
  });

  it("M07 a voter's address changes at once when other voters change", () => {
    const target = configuration(["n1", "n2"]);
    const moved = { ...target, members: [{ ...member("n1"), address: "elsewhere:2" }, member("n2")] };
    expect(entered(configuration(["n1"]), moved).members[0]?.address).toBe("elsewhere:2");
  });

  it("M02 a witness that leaves is one until the joint phase ends", () => {
    const joint = entered(configuration(["n1", "n2", "n3"], [], ["n3"]), configuration(["n1", "n2", "n4"], [], ["n4"]));
    expect(joint.witnesses).toEqual(["n3", "n4"]);
    expect(jointPolicy.leave(joint)?.witnesses).toEqual(["n4"]);
  });
});

describe("refused with the reason", () => {
  const current = configuration(["n1", "n2", "n3"], ["n4"]);
  const reborn = { ...member("n4"), incarnation: "ffffffffffffffff" };
  it.each<[string, Configuration, string]>([
    ["no voter is left", configuration([], ["n1"]), "the target has no voter; at least one is needed"],
    ["an id is named twice", { ...current, members: [...current.members, member("n1")] }, "the target names n1 twice"],
    ["a voter is listed twice", { ...current, voters: ["n1", "n1"] }, "the target lists a node twice in [n1, n1]"],
    [
      "a peer is unknown",
      { ...current, voters: ["n1", "n9"] },
      "the target refers to n9, which is not among its members",
    ],
    ["a peer is voter and learner", { ...current, learners: ["n1"] }, "the target has n1 both as voter and as learner"],
    [
      "an id comes with another incarnation",
      { ...configuration(["n1", "n2", "n3", "n4"]), members: [...current.members.slice(0, 3), reborn] },
      "n4 is a member as incarnation 0000000000000004; remove it before ffffffffffffffff joins under its name",
    ],
    [
      "the target is joint",
      { ...current, votersOld: ["n1"] },
      "the target is a joint configuration; name the voters and learners that there shall be in the end",
    ],
    [
      "nothing changes but the order",
      { ...current, voters: ["n3", "n1", "n2"], members: current.members.toReversed() },
      "nothing would change",
    ],
  ])("M08 when %s", (_what, target, reason) => {
    expect(jointPolicy.enter(current, target)).toEqual({ kind: "refused", reason });
  });

  it("M08 while a change is under way", () => {
    const joint = entered(current, configuration(["n1"]));
    expect(reasonOf(joint, current)).toBe("a change is under way; wait until it is over");
  });

  it("M08 before the group has a configuration", () => {
    expect(reasonOf(NO_CONFIGURATION, current)).toBe("this group has no configuration yet; bootstrap it first");
  });

  it("M08 when a witness would become a full member, as voter or as learner", () => {
    const guarded = configuration(["n1", "n2", "n3"], [], ["n3"]);
    const reason = "n3 is a witness and cannot become a full member; remove it and add it anew";
    expect(reasonOf(guarded, configuration(["n1", "n2", "n3"]))).toBe(reason);
    expect(reasonOf(guarded, configuration(["n1", "n2"], ["n3"]))).toBe(reason);
    expect(reasonOf(guarded, configuration(["n1", "n2"]))).toBeUndefined();
  });

  it("M08 M12 when none but witnesses would vote: nobody could lead, not even to undo it", () => {
    const guarded = configuration(["n1", "n2", "n3"], [], ["n3"]);
    expect(reasonOf(guarded, configuration(["n3"], ["n1"], ["n3"]))).toBe(
      "the target has no voter but witnesses, which never lead (M12); name another one",
    );
  });

  it("M08 when both halves together have too many members, though each has not", () => {
    const many = (from: number) =>
      votersOnly(
        Array.from({ length: 200 }, (_, i) => ({
          id: `v${from + i}`,
          incarnation: "00000000000000aa",
          address: "h:1",
        })),
      );
    expect(reasonOf(many(0), many(100))).toBe(
      "the joint configuration has 300 members; at most 255 are allowed; make the change in several steps",
    );
  });
});

it("M02 the module binds the policy to its port", () => {
  const container = new Container();
  container.load(jointMembership());
  expect(container.get(MembershipPolicy)).toBe(jointPolicy);
});
