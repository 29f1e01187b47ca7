import type { MembershipPolicy } from "../../src/protocol/policies.js";
import { jointMembership, target } from "../support/joint-membership.js";
import { T } from "../support/lab.js";
import { NOTHING, type Scope } from "./scope.js";
import type { Table } from "./table.js";

const FOUR = ["a", "b", "c", "d"];
const FIVE = [...FOUR, "e"];
const JOINT = { preVote: false, membership: jointMembership } as const;

/** One node at a time and no joint phase: any two majorities of neighbours meet, and that is not enough (M03). */
const oneByOne: MembershipPolicy = {
  enter: (_, configuration) => ({ kind: "append", configuration }),
  leave: () => undefined,
};

/** a leads, and has appended the joint configuration on its own disk. */
function changed(table: Table, voters: string): void {
  table.elect("a").beat("a");
  table.step("a", { type: "ChangeRequested", request: 0, target: target(voters), expected: null });
  table.persist("a");
}

/** Worlds whose members change. */
export const MEMBER_SCOPES: readonly Scope[] = [
  {
    name: "replace-one",
    about: "a leads {a, b, c}, and has appended the way to {b, c, d}: its own vote ends with it (M01, M05, M06)",
    nodes: FOUR,
    lab: { ...JOINT, learners: ["d"] },
    prelude: (table) => changed(table, "bcd"),
    disk: "prompt",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 3,
    budget: { ...NOTHING, timeouts: 2 },
    depthMax: 9,
  },
  {
    name: "replace-two",
    about: "a leads {a, b, c}, and has appended the way to {c, d, e}: only c is in both halves (M02, M05, M06)",
    nodes: FIVE,
    lab: { ...JOINT, learners: ["d", "e"] },
    prelude: (table) => changed(table, "cde"),
    disk: "prompt",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 2,
    budget: { ...NOTHING, timeouts: 1 },
    depthMax: 7,
  },
  {
    name: "successors",
    about:
      "a led {a, b, c} to {c, d, e}, and died when C-new was on b alone, who is not in it: somebody must be able to lead (E19)",
    nodes: FIVE,
    lab: { ...JOINT, learners: ["d", "e"] },
    prelude: (table) => {
      changed(table, "cde");
      table.deliver();
      for (const id of ["b", "c", "d", "e"]) table.persist(id);
      table.deliver();
      table.persist("a");
      table.deliver(({ to }) => to === "b");
      table.persist("b");
      table.take();
      table.crash("a");
    },
    disk: "prompt",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 2,
    budget: { ...NOTHING, timeouts: 1 },
    depthMax: 6,
    electableIn: 2,
  },
  {
    name: "called-off",
    about:
      "a leads {a, b, c}, and is asked to let d in, who has nothing yet: it catches up while an operator calls that off (M04, M16)",
    nodes: FOUR,
    lab: { ...JOINT, strangers: ["d"] },
    prelude: (table) => void table.elect("a").beat("a"),
    disk: "prompt",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 2,
    budget: { ...NOTHING, timeouts: 1, changes: 1, cancels: 1 },
    depthMax: 9,
  },
  {
    name: "bug-of-2015",
    about: "a has appended a configuration without d, alone; b leads the next term, and is asked for another one (M03)",
    nodes: FOUR,
    lab: { preVote: false, membership: oneByOne },
    prelude: (table) => {
      table.elect("a").beat("a").isolate("a");
      table.step("a", { type: "ChangeRequested", request: 0, target: target("abc"), expected: null });
      table.persist("a");
      table.pass(3 * T).fire("a", "heartbeat");
      table.timeOut("a");
      table.settle().timeOut("b");
      table.persist("b");
      table.deliver(({ message }) => message.type === "VoteRequest");
      for (const id of ["c", "d"]) table.persist(id);
      table.deliver(({ message }) => message.type === "VoteResponse");
      table.heal();
    },
    disk: "prompt",
    clocks: "shared",
    losesHeartbeats: true,
    termMax: 3,
    budget: { ...NOTHING, timeouts: 1, changes: 1 },
    depthMax: 9,
  },
];
