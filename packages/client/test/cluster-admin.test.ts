import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  ClusterAdmin,
  type ClusterAdminOptions,
  type ClusterMembers,
  layOutAdminAnswer,
  readAdmin,
} from "../src/index.js";
import { FakeNode, type Received } from "./support/fake-node.js";

const CHANGE = { kind: "addPeers", nodes: [{ id: "n4", address: "h:4" }] } as const;
const MEMBERS: ClusterMembers = {
  clusterId: "c".repeat(32),
  leader: "n1",
  term: 3,
  configurationIndex: 7,
  lastIndex: 9,
  members: [
    { id: "n1", address: "h:1", priority: 1, part: "voter", isLeader: true, isAlive: true, match: 9 },
    { id: "n2", address: "h:2", priority: 1, part: "voter", isLeader: false, isAlive: false, match: 4 },
    { id: "n3", address: "h:3", priority: 1, part: "learner", isLeader: false, isAlive: true, match: 9 },
  ],
  change: null,
};
const serve = (request: Received) => request.ok(layOutAdminAnswer(MEMBERS));

let nodes: FakeNode[];
const admins: ClusterAdmin[] = [];
const node = (at: number) => nodes[at] as FakeNode;

function admin(options: Partial<ClusterAdminOptions> = {}): ClusterAdmin {
  const made = new ClusterAdmin({ endpoints: nodes.map(({ port }) => ({ host: "127.0.0.1", port })), ...options });
  admins.push(made);
  return made;
}

/** From now on this one leads, and the others know. */
function elect(leader: FakeNode): void {
  for (const each of nodes) {
    each.leader = leader.nodeId;
    each.onRequest = each === leader ? serve : (request) => request.refuse("NotLeader", leader.nodeId);
  }
}

beforeEach(async () => {
  nodes = await Promise.all(["n1", "n2", "n3"].map((id) => new FakeNode(id).start()));
  elect(node(0));
});
afterEach(async () => {
  for (const made of admins.splice(0)) made.close();
  await Promise.all(nodes.map((each) => each.stop()));
});

const said = () => nodes.flatMap(({ received }) => received.map(({ bytes }) => readAdmin(bytes)));

describe("what an operator asks of a cluster", () => {
  it("M07 every verb says what it is called after, and the configuration that it expects", async () => {
    const asked = admin();
    const nodesGiven = CHANGE.nodes;
    await asked.change(CHANGE, { expectedIndex: 7 });
    await asked.addPeers(nodesGiven);
    await asked.changePeers(nodesGiven);
    await asked.addWitnesses(nodesGiven);
    await asked.addLearners(nodesGiven);
    await asked.resetLearners([]);
    await asked.changeAddresses(nodesGiven);
    await asked.removePeers(["n2"]);
    await asked.removeLearners(["n3"]);
    await asked.promote(["n3"]);
    await asked.demote(["n2"]);
    const kinds = said().map(({ change }) => (change as { kind: string }).kind);
    expect(kinds.join(" ")).toBe(
      "addPeers addPeers changePeers addWitnesses addLearners resetLearners changeAddresses removePeers removeLearners promote demote",
    );
    expect(said()[0]).toEqual({ verb: "change-members", change: CHANGE, expectedIndex: 7 });
    expect(said()[8]).toEqual({ verb: "change-members", change: { kind: "removeLearners", ids: ["n3"] } });
  });

  it("answers who leads, who is there, and who of the voters is alive", async () => {
    const asked = admin();
    expect(await asked.getPeers()).toEqual({ outcome: "ok", value: MEMBERS });
    expect(await asked.getLeader()).toEqual({ outcome: "ok", value: "n1" });
    expect(await asked.getAlivePeers()).toEqual({ outcome: "ok", value: ["n1"] });
  });

  it("C05 goes to the leader, and follows it", async () => {
    elect(node(2));
    const asked = admin();
    expect(await asked.transferLeader("n2")).toMatchObject({ outcome: "ok" });
    elect(node(1));
    expect(await asked.cancelChange()).toMatchObject({ outcome: "ok" });
    expect(nodes.map(({ received }) => received.length)).toEqual([0, 1, 2]); // the last one was refused, and went on
  });

  it("S07 E19 goes to the very node that is named, whoever leads", async () => {
    for (const each of nodes) each.onRequest = (request) => request.ok(layOutAdminAnswer(9));
    const asked = admin();
    expect(await asked.snapshot({ node: "n3" })).toEqual({ outcome: "ok", value: 9 });
    expect(await asked.forceElection("n2")).toEqual({ outcome: "ok", value: 9 });
    expect(nodes.map(({ received }) => received.length)).toEqual([0, 1, 1]);
    expect(await asked.describe({ node: "n9", deadlineMs: 2_000 })).toMatchObject({
      outcome: "refused",
      error: { code: "DeadlineExceeded", message: expect.stringMatching(/n\d is not n9/) },
    });
  });

  it("C01 what one node was asked is nobody else's: its refusal is the answer", async () => {
    node(1).onRequest = (request) => request.refuse("NotLeader", "n1");
    expect(await admin().describe({ node: "n2" })).toMatchObject({ outcome: "refused", error: { code: "NotLeader" } });
    expect(node(0).received).toEqual([]);
  });

  it("C02 M03 another change under way is told at once, and not waited for; so is a leader that lost office first", async () => {
    for (const code of ["ChangeRunning", "LeadershipLost", "ChangeRefused"]) {
      node(0).onRequest = (request) => request.refuse(code);
      const asked = admin({ changeDeadlineMs: 10_000 });
      expect(await asked.change(CHANGE)).toMatchObject({ outcome: "refused", error: { code } });
    }
    expect(node(0).received).toHaveLength(3);
  });

  it("C02 C05 a change whose answer is lost is unknown, and never sent twice; a question is asked again", async () => {
    let lost = 0;
    node(0).onRequest = (request) => {
      if (lost++ < 2) node(0).cut();
      else serve(request);
    };
    const asked = admin();
    expect(await asked.change(CHANGE)).toMatchObject({ outcome: "unknown", error: { code: "ConnectionLost" } });
    expect(node(0).received).toHaveLength(1);
    expect(await asked.getLeader()).toMatchObject({ outcome: "ok" });
    expect(node(0).received).toHaveLength(3);
  });

  it("C02 a change that takes too long, or that its caller waits for no more, is unknown", async () => {
    const asked = admin({ changeDeadlineMs: 100 });
    expect(await asked.getLeader()).toMatchObject({ outcome: "ok" });
    node(0).onRequest = () => {};
    expect(await asked.change(CHANGE)).toMatchObject({ outcome: "unknown", error: { code: "DeadlineExceeded" } });
    const controller = new AbortController();
    const second = asked.change(CHANGE, { deadlineMs: 10_000, signal: controller.signal });
    await expect.poll(() => node(0).received.length).toBe(3);
    controller.abort();
    expect(await second).toMatchObject({ outcome: "unknown", error: { code: "Cancelled" } });
  });

  it("C02 after it was closed it refuses everything, whomever it concerns", async () => {
    const asked = admin();
    asked.close();
    expect(await asked.getPeers()).toMatchObject({ outcome: "refused", error: { code: "Stopped" } });
    expect(await asked.snapshot({ node: "n2" })).toMatchObject({ outcome: "refused", error: { code: "Stopped" } });
  });

  it("O05 a wrong option is named", () => {
    expect(() => admin({ changeDeadlineMs: 0 })).toThrow(/changeDeadlineMs is 0, but it must be/);
    expect(() => admin({ endpoints: [] })).toThrow(/endpoints/);
  });
});
