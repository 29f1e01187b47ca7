import type {
  ChangeDescription,
  ChangePlan,
  LogIndex,
  MemberChange,
  NodeDescription,
  NodeId,
  Term,
} from "@hexraft/core";
import { RaftError } from "@hexraft/core/ports";
import { RequestKind } from "./door-records.js";

/*
 * What operators ask of a node: one JSON object, `{ "verb": …, …what it needs }`, answered by one JSON value. It comes seldom,
 * and its answers are made to be read by people; so it is no array of positions. Two kinds of requests carry it: what changes
 * something is sent once, whatever else is asked may be asked again (C05).
 */

/** Largest such request, bytes: every member that a configuration may name, with the longest address. */
export const ADMIN_BYTES_MAX = 256 * 1024;

/** One member, as the leader sees it. */
export interface ClusterMember {
  /** The node. */
  readonly id: NodeId;
  /** Where its transport listens. */
  readonly address: string;
  /** E20. */
  readonly priority: number;
  /** What it does; `leaver`: a voter until the change under way is over (M02). */
  readonly part: "voter" | "witness" | "learner" | "leaver";
  /** Whether it leads. */
  readonly isLeader: boolean;
  /** Whether it answered within the last election timeout; to a leader that is newer than that everybody is alive. */
  readonly isAlive: boolean;
  /** Up to here it holds the log, as far as the leader knows. */
  readonly match: LogIndex;
}

/** The members of the group, as its leader sees them. */
export interface ClusterMembers {
  /** The cluster. */
  readonly clusterId: string;
  /** Who leads. */
  readonly leader: NodeId;
  /** In which term. */
  readonly term: Term;
  /** M14: the configuration in force; a change that expects it is refused once there is another. */
  readonly configurationIndex: LogIndex;
  /** End of the leader's log. */
  readonly lastIndex: LogIndex;
  /** All of them. */
  readonly members: readonly ClusterMember[];
  /** The change under way, or `null`. */
  readonly change: ChangeDescription | null;
}

/** One of the groups that a node serves, as this node sees it. */
export interface ClusterGroup {
  /** Its name. */
  readonly group: string;
  /** Who leads it, if this node knows. */
  readonly leader: NodeId | null;
  /** In which term. */
  readonly term: Term;
  /** This node's part in it. */
  readonly role: string;
  /** Up to here its entries are committed, as far as this node knows. */
  readonly commitIndex: LogIndex;
  /** G02: nobody asked it anything for a while, and it costs nothing. */
  readonly isResting: boolean;
  /** Why it stopped in place on this node, or empty. */
  readonly halted: string;
}

/** Nothing more is to be said. */
export type NothingMore = Readonly<Record<string, never>>;

/** Which change of members is meant. */
export interface ChangeAsk {
  /** M07. */
  readonly change: MemberChange;
  /** M14: the configuration that must be in force; not for a plan. */
  readonly expectedIndex?: LogIndex | undefined;
}

/** Who is to lead. */
export interface TransferAsk {
  /** Default: the best one. */
  readonly to?: NodeId | undefined;
}

/** What is said with each verb. */
export interface AdminAsks {
  /** Who is in the group? Asks the leader. */
  readonly members: NothingMore;
  /** Which groups does this node serve? */
  readonly groups: NothingMore;
  /** O01: how is this node? */
  readonly describe: NothingMore;
  /** M14: what would that change do? */
  readonly plan: ChangeAsk;
  /** M07: do it. */
  readonly "change-members": ChangeAsk;
  /** M16: call it off. */
  readonly "cancel-change": NothingMore;
  /** E21: let that node lead. */
  readonly "transfer-leadership": TransferAsk;
  /** S07: save a snapshot. */
  readonly snapshot: NothingMore;
  /** Stand for election. */
  readonly "force-election": NothingMore;
}

/** What can be asked. */
export type AdminVerb = keyof AdminAsks;

/** What is answered to each verb. */
export interface AdminAnswers {
  /** The members. */
  readonly members: ClusterMembers;
  /** The groups. */
  readonly groups: readonly ClusterGroup[];
  /** All about the node. */
  readonly describe: NodeDescription;
  /** The plan. */
  readonly plan: ChangePlan;
  /** The members after it. */
  readonly "change-members": ClusterMembers;
  /** The members, as they were. */
  readonly "cancel-change": ClusterMembers;
  /** Who leads now, as far as the old leader knows. */
  readonly "transfer-leadership": NodeId | null;
  /** Its last included index. */
  readonly snapshot: LogIndex;
  /** The term in which it leads. */
  readonly "force-election": Term;
}

/** C05: verbs that may be asked again though they may have been done. */
const QUESTIONS: ReadonlySet<AdminVerb> = new Set(["members", "groups", "describe", "plan"]);

/** The kind of the request that carries this verb. */
export const adminKindOf = (verb: AdminVerb): RequestKind =>
  QUESTIONS.has(verb) ? RequestKind.adminQuestion : RequestKind.adminChange;

/** A request of an operator. */
export function layOutAdmin<V extends AdminVerb>(verb: V, ask: AdminAsks[V]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ verb, ...ask }));
}

/** Reads it; what stands in it is to be checked by whoever does it. @throws RaftError `BadMessage` */
export function readAdmin(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  if (bytes.length > ADMIN_BYTES_MAX)
    throw malformed(`it has ${bytes.length} bytes, and ${ADMIN_BYTES_MAX} are the most`);
  const value = parseAdmin(bytes);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed("it is no JSON object");
  return value as Readonly<Record<string, unknown>>;
}

/** An answer to an operator. Numbers that JSON does not know are null. */
export const layOutAdminAnswer = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** Reads any of it. @throws RaftError `BadMessage` */
export function parseAdmin(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw malformed("it is no JSON");
  }
}

const malformed = (what: string) =>
  new RaftError("BadMessage", "refused", `What an operator says cannot be read: ${what}.`);
