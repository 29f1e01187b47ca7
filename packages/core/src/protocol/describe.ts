import type { ConfigurationEntry } from "../model/configuration.js";
import type { LogId, LogIndex, Millis, Term } from "../model/log-id.js";
import type { NodeId } from "../model/node-id.js";
import type { Role } from "./effect.js";

/** O01: a leader's view of one peer. */
export interface PeerDescription {
  readonly id: NodeId;
  readonly state: "probe" | "replicate" | "snapshot";
  readonly match: LogIndex;
  readonly next: LogIndex;
  readonly messagesInFlight: number;
  readonly bytesInFlight: number;
  /** Since its last answer in this term, ms. */
  readonly silentMs: Millis;
}

/** O01: the protocol's state, as data. */
export interface RaftDescription {
  readonly role: Role;
  readonly term: Term;
  readonly votedFor: NodeId | null;
  readonly leader: NodeId | null;
  /** Since the last leader contact, ms; infinite if there was none. */
  readonly leaderContactAgoMs: Millis;
  readonly configuration: ConfigurationEntry;
  readonly base: LogId;
  readonly last: LogId;
  readonly durableIndex: LogIndex;
  readonly commitIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  readonly snapshot: LogId | null;
  readonly uncommittedBytes: number;
  readonly cachedBytes: number;
  readonly writesUnderWay: number;
  readonly pendingReads: number;
  readonly droppedMessages: Readonly<Record<string, number>>;
  readonly peers: readonly PeerDescription[];
  /** Why the group stopped in place, or empty. */
  readonly halted: string;
}
