import type { KvAnswerOf, KvQuery } from "@hexraft/statemachine-kv";
import type { Access } from "../access/access.js";
import type { Role } from "../access/role.js";
import type { KvService } from "../kv/kv-service.js";
import type { Touch } from "./resp-connection.js";
import type { RespReply } from "./resp-reply.js";
import type { RespSession } from "./resp-session.js";

/** What commands may use. */
export interface CommandContext {
  readonly kv: KvService;
  /** Who may do what. */
  readonly access: Access;
  /** Facts for `INFO` and `HELLO`. */
  info(): ServerFacts;
}

/** What `INFO` tells about a group. */
export interface GroupFacts {
  readonly group: string;
  readonly role: string;
  readonly term: number;
  readonly leader: string;
  readonly commitIndex: number;
  readonly appliedIndex: number;
}

/** What `INFO` tells about this node. */
export interface ServerFacts {
  readonly version: string;
  readonly nodeId: string;
  /** At least one. */
  readonly groups: readonly GroupFacts[];
  readonly port: number;
  readonly uptimeSeconds: number;
}

/** One call of a command. */
export interface CommandCall {
  /** Arguments behind the name. */
  readonly args: readonly Buffer[];
  readonly session: RespSession;
  readonly context: CommandContext;
  /** Answers a query, as new as this connection wants it. */
  readonly read: <Q extends KvQuery>(query: Q) => Promise<KvAnswerOf<Q>>;
}

/** A command of the table. */
export interface CommandSpec {
  /** Upper case. */
  readonly name: string;
  /** As Redis counts: the name included; negative: at least so many. */
  readonly arity: number;
  readonly touch: Touch;
  /** What one has to be allowed; left out: to write for what writes, else to read. */
  readonly needs?: Role;
  /** Positions of the keys: first, last (negative: from the end), step; zeros if it has none. */
  readonly keys: readonly [first: number, last: number, step: number];
  /** What `COMMAND DOCS` says. */
  readonly summary: string;
  /** The connection closes after the answer. */
  readonly last?: boolean;
  /**
   * Understands the arguments, then does it. Throws BadArgument, if at all, before anything is done.
   */
  run(call: CommandCall): RespReply | Promise<RespReply>;
}

export const NO_KEYS = [0, 0, 0] as const;
export const ONE_KEY = [1, 1, 1] as const;
export const ALL_KEYS = [1, -1, 1] as const;
