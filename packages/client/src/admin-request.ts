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
import { RequestKind } from "./door-frames.js";

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

/** What each verb is told, and answers. */
export interface AdminVerbs {
  /** Who is in the group? Asks the leader. */
  readonly members: { readonly ask: Record<never, never>; readonly answer: ClusterMembers };
  /** O01: how is this node? */
  readonly describe: { readonly ask: Record<never, never>; readonly answer: NodeDescription };
  /** M14: what would that change do? */
  readonly plan: { readonly ask: { readonly change: MemberChange }; readonly answer: ChangePlan };
  /** M07: do it. */
  readonly "change-members": {
    readonly ask: { readonly change: MemberChange; readonly expectedIndex?: LogIndex | undefined };
    readonly answer: ClusterMembers;
  };
  /** M16: call it off. */
  readonly "cancel-change": { readonly ask: Record<never, never>; readonly answer: ClusterMembers };
  /** E21: let that node lead, or the best one. */
  readonly "transfer-leadership": {
    readonly ask: { readonly to?: NodeId | undefined };
    readonly answer: { readonly leader: NodeId | null };
  };
  /** S07: save a snapshot. */
  readonly snapshot: { readonly ask: Record<never, never>; readonly answer: { readonly index: LogIndex } };
  /** Stand for election. */
  readonly "force-election": { readonly ask: Record<never, never>; readonly answer: { readonly term: Term } };
}

/** What can be asked. */
export type AdminVerb = keyof AdminVerbs;

/** C05: verbs that may be asked again though they may have been done. */
const QUESTIONS: ReadonlySet<AdminVerb> = new Set(["members", "describe", "plan"]);

/** The kind of the request that carries this verb. */
export const adminKindOf = (verb: AdminVerb): RequestKind =>
  QUESTIONS.has(verb) ? RequestKind.adminQuestion : RequestKind.adminChange;

/** A request of an operator. */
export function layOutAdmin<V extends AdminVerb>(verb: V, ask: AdminVerbs[V]["ask"]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ verb, ...ask }));
}

/** Reads it; what stands in it is to be checked by whoever does it. @throws RaftError `BadMessage` */
export function readAdmin(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  if (bytes.length > ADMIN_BYTES_MAX)
    throw malformed(`it has ${bytes.length} bytes, and ${ADMIN_BYTES_MAX} are the most`);
  const value = parse(bytes);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed("it is no JSON object");
  return value as Readonly<Record<string, unknown>>;
}

/** An answer to an operator. Numbers that JSON does not know are null. */
export const layOutAdminAnswer = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** Reads it. @throws RaftError `BadMessage` */
export const readAdminAnswer = <V extends AdminVerb>(bytes: Uint8Array): AdminVerbs[V]["answer"] =>
  parse(bytes) as AdminVerbs[V]["answer"];

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw malformed("it is no JSON");
  }
}

const malformed = (what: string) =>
  new RaftError("BadMessage", "refused", `What an operator says cannot be read: ${what}.`);
