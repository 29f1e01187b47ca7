import { isName, type NodeId, RaftError } from "@hexraft/core/ports";
import type { ClientOptions } from "./client-options.js";
import { DoorClient } from "./door-client.js";
import { ANY_NODE } from "./route.js";

/** Which node is asked: the one that leads; any that can be reached, the same one as long as it answers; or one by its name. */
export type ReadFrom =
  | "leader"
  | "any"
  | {
      /** Its name; no other node is asked instead. */
      readonly node: NodeId;
    };

/** Most nodes that one client reads from by name: as many as a cluster can have. */
const OTHERS_MAX = 256;

/** The ways of one client to nodes: to the leader, and to others, made when they are first read from. */
export class Doors {
  /** To whoever leads. */
  readonly leader: DoorClient;
  private readonly others = new Map<string, DoorClient>();
  /** A function, so that whoever prints a client does not print its password. */
  private readonly open: (goal: NodeId) => DoorClient;
  private closed = false;

  /** @throws RaftError `BadOption` */
  constructor(options: ClientOptions) {
    this.leader = new DoorClient(options);
    this.open = (goal) => new DoorClient({ ...options, sessions: false }, goal);
  }

  /** Operations under way. */
  get inFlight(): number {
    return this.all().reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  /** @throws RaftError `BadOption`, `Overloaded`. */
  to(from: ReadFrom): DoorClient {
    if (from === "leader" || this.closed) return this.leader;
    if (from !== "any" && !isName(from?.node)) throw badFrom(from);
    const goal = from === "any" ? ANY_NODE : from.node;
    const known = this.others.get(goal);
    if (known !== undefined) return known;
    if (this.others.size >= OTHERS_MAX)
      throw new RaftError(
        "Overloaded",
        "refused",
        `${OTHERS_MAX} nodes were named by \`from\` already; a cluster has no more. Name nodes of the cluster, or use any.`,
      );
    const door = this.open(goal);
    this.others.set(goal, door);
    return door;
  }

  /** Ends all of them. Idempotent. */
  close(): void {
    this.closed = true;
    for (const door of this.all()) door.close();
  }

  private all(): readonly DoorClient[] {
    return [this.leader, ...this.others.values()];
  }
}

function badFrom(value: unknown): RaftError {
  const rule = "must be leader, any, or { node } with a node's name";
  const message = `option from is ${JSON.stringify(value)}, but it ${rule}`;
  return new RaftError("BadOption", "refused", message, { field: "from", value, rule });
}
