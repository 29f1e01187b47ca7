import type { Welcome } from "@hexraft/client";
import type { Consistency, Node, NodeDescription } from "@hexraft/core";
import { isOfSessions, type LaidOutInSession, type OpenSession, type SessionOpened } from "@hexraft/sessions";
import type { Identity } from "../access/role.js";
import type { AdminDesk } from "../admin/admin-desk.js";

/** What comes through a client door, checked: a command, one in its session, or a registration. */
export type DoorCommand<Command> = Command | LaidOutInSession | OpenSession;

/** What a client door asks of its node. It never forwards: a client goes to the leader itself. */
export interface DoorService<Command, Result, Query, Answer> {
  /** Does a command if this node leads; `done` is called once, in a later turn. */
  apply(command: DoorCommand<Command>, done: (error: Error | null, result?: Result | SessionOpened) => void): void;
  /** Answers a query. */
  read(query: Query, consistency: Consistency): Promise<Answer>;
  /** Does what an operator asks, if he may. */
  admin(fields: Readonly<Record<string, unknown>>, who: Identity, kind: number): Promise<unknown>;
  /** Who this node is, and whom it follows. */
  welcome(): Welcome;
  /** Q08: covers all that this node has shown or acknowledged; empty while it does not run. */
  readToken(): string;
}

/** The node behind a door, as it is where its state machine has sessions around it. */
export type DoorNode<Command, Result, Query, Answer> = Node<
  DoorCommand<Command>,
  Result | SessionOpened,
  Query,
  Answer
>;

/** The door's service on top of a group's node. Deadlines are the client's own. */
export function doorServiceOf<Command, Result, Query, Answer>(
  node: DoorNode<Command, Result, Query, Answer>,
  group: string,
  admin: Pick<AdminDesk, "ask">,
): DoorService<Command, Result, Query, Answer> {
  return {
    apply: (command, done) => node.applyCallback(command, done),
    read: (query, consistency) => node.read(query, { consistency }),
    admin: (fields, who, kind) => admin.ask(fields, who, kind),
    readToken: () => {
      try {
        return node.readToken();
      } catch {
        return ""; // it stops, and the last answers are refusals
      }
    },
    welcome: () => {
      const description = node.describe();
      const { nodeId, leader, identity } = description;
      return { nodeId, leader: leader ?? "", clusterId: identity.clusterId, sessions: hasSessions(description), group };
    },
  };
}

/** C03: whether a node's state machine has sessions around it: its format is its own, which is below, and theirs (F05). */
export const hasSessions = ({ formatVersion }: Pick<NodeDescription, "formatVersion">): boolean =>
  isOfSessions(formatVersion);
