import type { Welcome } from "@hexraft/client";
import type { Consistency } from "@hexraft/core";
import type { LaidOutInSession, OpenSession, SessionOpened } from "@hexraft/sessions";
import type { KvAnswer, KvQuery, KvResult, LaidOutCommand } from "@hexraft/statemachine-kv";
import type { Identity } from "../access/role.js";
import type { AdminDesk } from "../admin/admin-desk.js";
import type { KvNode } from "../kv/node-kv-service.js";

/** What comes through the client door, checked: a command, one in its session, or a registration. */
export type DoorCommand = LaidOutCommand | LaidOutInSession | OpenSession;

/** What the client door asks of its node. It never forwards: a HexraftClient goes to the leader itself. */
export interface DoorService {
  /** Does a command if this node leads; `done` is called once, in a later turn. */
  apply(command: DoorCommand, done: (error: Error | null, result?: KvResult | SessionOpened) => void): void;
  /** Answers a query. */
  read(query: KvQuery, consistency: Consistency): Promise<KvAnswer>;
  /** Does what an operator asks, if he may. */
  admin(fields: Readonly<Record<string, unknown>>, who: Identity, kind: number): Promise<unknown>;
  /** Who this node is, and whom it follows. */
  welcome(): Welcome;
  /** Q08: covers all that this node has shown or acknowledged; empty while it does not run. */
  readToken(): string;
}

/** The door's service on top of a group's node. Deadlines are the client's own. */
export function doorServiceOf(node: KvNode, group: string, admin: Pick<AdminDesk, "ask">): DoorService {
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
      const { nodeId, leader, identity } = node.describe();
      return { nodeId, leader: leader ?? "", clusterId: identity.clusterId, sessions: true, group };
    },
  };
}
