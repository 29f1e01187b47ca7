import { setTimeout as sleep } from "node:timers/promises";
import {
  type AdminAnswers,
  type AdminVerb,
  adminKindOf,
  type ClusterGroup,
  type ClusterMembers,
} from "@hexraft/client";
import { type GroupId, type LogIndex, type MemberChange, type Node, type NodeId, NotLeader } from "@hexraft/core";
import { type Logger, RaftError } from "@hexraft/core/ports";
import { allows, type Identity, type Role } from "../access/role.js";
import { Asked } from "./asked.js";
import { membersOf } from "./members-of.js";

/** As much of a node as operators use. */
export type AdministeredNode = Pick<
  Node,
  "describe" | "changeConfiguration" | "plan" | "cancelChange" | "transferLeadership" | "snapshot" | "forceElection"
>;

/** One thing that operators can ask. */
interface Verb<Answer> {
  /** Who may. A plan asks nodes at whatever address it is told, so it is not for everybody. */
  readonly needs: Role;
  /** What may be said with it. */
  readonly takes: readonly string[];
  run(asked: Asked): Promise<Answer> | Answer;
}

/** A new leader is heard of, and commits its first entry, within milliseconds; it is looked for so often, ms (E21, M03). */
const NEW_LEADER_PAUSE_MS = 10;

/** All that operators can ask of a node, in one table, whatever door they come by. */
export class AdminDesk {
  private readonly verbs: { readonly [V in AdminVerb]: Verb<AdminAnswers[V]> };

  constructor(
    private readonly node: AdministeredNode,
    private readonly electionTimeoutMs: number,
    private readonly logger: Logger,
    groups: () => readonly ClusterGroup[],
    /** Of several: which one it is for. */
    private readonly group?: GroupId,
  ) {
    this.verbs = {
      members: { needs: "read", takes: [], run: () => this.members() },
      groups: { needs: "read", takes: [], run: groups },
      describe: { needs: "read", takes: [], run: () => node.describe() },
      plan: { needs: "admin", takes: ["change"], run: (asked) => node.plan(asked.change("change")) },
      "change-members": {
        needs: "admin",
        takes: ["change", "expectedIndex"],
        run: (asked) => this.changeMembers(asked.change("change"), asked.index("expectedIndex")),
      },
      "cancel-change": { needs: "admin", takes: [], run: () => node.cancelChange().then(() => this.members()) },
      "transfer-leadership": {
        needs: "admin",
        takes: ["to"],
        run: (asked) => node.transferLeadership(asked.id("to")).then(() => this.nextLeader()),
      },
      snapshot: { needs: "admin", takes: [], run: () => node.snapshot() },
      "force-election": { needs: "admin", takes: [], run: () => node.forceElection().then(() => node.describe().term) },
    };
  }

  /**
   * Does what somebody asks, if he may.
   *
   * @param kind - of the request that it came in, where there is one: a change that calls itself a question would be asked twice.
   * @throws RaftError with outcome `refused` (certainly not done) or `unknown` (C02).
   */
  async ask(fields: Readonly<Record<string, unknown>>, who: Identity, kind?: number): Promise<unknown> {
    const { verb: named } = fields;
    if (!this.knows(named))
      throw bad(
        `${inShort(named)} is not what operators can ask here; they can ask ${Object.keys(this.verbs).join(", ")}`,
      );
    if (kind !== undefined && adminKindOf(named) !== kind)
      throw bad(`${named} came as a request of kind ${kind}, and is one of kind ${adminKindOf(named)}`);
    const verb = this.verbs[named];
    if (!allows(who, verb.needs))
      throw new RaftError(
        "AccessDenied",
        "refused",
        `User ${who.name || "without a name"} has role ${who.role}; ${named} is for ${verb.needs}.`,
      );
    const asked = new Asked(fields).only(...verb.takes);
    if (verb.needs === "admin")
      this.logger.info("an operator asks", {
        user: who.name,
        verb: named,
        ...(this.group !== undefined && { group: this.group }),
      });
    return verb.run(asked);
  }

  private knows(verb: unknown): verb is AdminVerb {
    return typeof verb === "string" && Object.hasOwn(this.verbs, verb);
  }

  private members(): ClusterMembers {
    const description = this.node.describe();
    const { role, leader, configuration } = description;
    if (role !== "leader") {
      const member = configuration.configuration.members.find(({ id }) => id === leader);
      throw new NotLeader(leader, member?.address ?? null);
    }
    return membersOf(description, this.electionTimeoutMs);
  }

  /** It is known within a heartbeat of its election; `null`: not within T. */
  private async nextLeader(): Promise<NodeId | null> {
    const patience = performance.now() + this.electionTimeoutMs;
    for (;;) {
      const { leader } = this.node.describe();
      if (leader !== null || performance.now() > patience) return leader;
      await sleep(NEW_LEADER_PAUSE_MS);
    }
  }

  private async changeMembers(change: MemberChange, expectedIndex: LogIndex | undefined): Promise<ClusterMembers> {
    const options = expectedIndex === undefined ? {} : { expectedIndex };
    const patience = performance.now() + this.electionTimeoutMs;
    for (;;) {
      try {
        await this.node.changeConfiguration(change, options);
        return membersOf(this.node.describe(), this.electionTimeoutMs);
      } catch (error) {
        const isNew =
          error instanceof RaftError && error.code === "ChangeRunning" && this.node.describe().change === null;
        if (!isNew || performance.now() > patience) throw error;
      }
      await sleep(NEW_LEADER_PAUSE_MS);
    }
  }
}

/** Whatever came instead of a verb: it may be long, or deep. */
const inShort = (named: unknown): string =>
  typeof named === "string" ? JSON.stringify(named.slice(0, 64)) : `a verb of type ${typeof named}`;

const bad = (why: string): RaftError => new RaftError("BadCommand", "refused", `Nothing was done: ${why}.`);
