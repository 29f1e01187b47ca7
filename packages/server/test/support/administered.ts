import type { ChangeOptions, ChangePlan, MemberChange, NodeDescription } from "@hexraft/core";
import { votersOnly } from "@hexraft/core/ports";
import { AdminDesk, type AdministeredNode } from "../../src/admin/admin-desk.js";
import { makeLogger } from "../../src/log/log.js";

const members = ["n1", "n2", "n3"].map((id, at) => ({ id, address: `h:${at + 1}`, incarnation: `${at}`.repeat(16) }));

/** A node that notes down what operators tell it, and does nothing. */
export class Administered implements AdministeredNode {
  readonly told: unknown[] = [];
  /** The next calls fail with these. */
  readonly failures: Error[] = [];
  /** Calls end when this does. */
  held: Promise<void> = Promise.resolve();
  role = "leader";
  change: NodeDescription["change"] = null;

  describe = (): NodeDescription =>
    ({
      nodeId: "n1",
      role: this.role,
      leader: this.role === "leader" ? "n1" : "n2",
      term: 3,
      configuration: { id: { index: 7, term: 2 }, configuration: { ...votersOnly(members), learners: ["n3"] } },
      last: { index: 9, term: 3 },
      peers: [{ id: "n2", match: 8, silentMs: 10 }],
      change: this.change,
      identity: { clusterId: "c".repeat(32) },
    }) as unknown as NodeDescription;
  changeConfiguration = (target: unknown, options?: ChangeOptions) => this.note("change", target, options);
  plan = async (target: unknown): Promise<ChangePlan> => {
    await this.note("plan", target);
    return {
      configurationIndex: 7,
      target: votersOnly(members),
      refused: "",
      stages: [],
      newcomers: [],
      text: "a plan",
    };
  };
  cancelChange = () => this.note("cancel");
  transferLeadership = (to?: string) => this.note("transfer", to);
  snapshot = async () => {
    await this.note("snapshot");
    return 42;
  };
  forceElection = () => this.note("elect");

  private async note(...what: unknown[]): Promise<void> {
    this.told.push(what.filter((each) => each !== undefined));
    await this.held;
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
  }
}

/** A desk in front of it. */
export const deskOf = (node = new Administered()): AdminDesk =>
  new AdminDesk(node, 150, makeLogger("silent", "n1", process.stdout), () => []);

/** One voter more. */
export const ADD_N4: MemberChange = { kind: "addPeers", nodes: [{ id: "n4", address: "h:4" }] };
