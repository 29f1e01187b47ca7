import type { ConfigurationEntry } from "../model/configuration.js";
import type { LogHole } from "../model/log-hole.js";
import type { LogId, LogIndex, Term } from "../model/log-id.js";
import type { NodeId } from "../model/node-id.js";

/*
 * What observers of a node hear (E23, O03).
 */

/** A role a node can have. A learner is a follower that its configuration does not let vote. */
export type Role = "follower" | "pre-candidate" | "candidate" | "leader";

/** E23: this node's role changed. */
export interface RoleNotice {
  /** Discriminator. */
  readonly kind: "role";
  /** The new role. */
  readonly role: Role;
  /** The term. */
  readonly term: Term;
  /** The leader of that term, if known. */
  readonly leader: NodeId | null;
  /** Why. */
  readonly cause: string;
}
/** E23: this node follows another leader, or none, or knows another term. */
export interface LeaderNotice {
  /** Discriminator. */
  readonly kind: "leader";
  /** The leader, if known. */
  readonly leader: NodeId | null;
  /** The term. */
  readonly term: Term;
  /** Why. */
  readonly cause: string;
}
/** M01: a configuration came, was committed, or was truncated. */
export interface ConfigurationNotice {
  /** Discriminator. */
  readonly kind: "configuration";
  /** What became of it. */
  readonly stage: "appended" | "committed" | "undone";
  /** The configuration, with its place in the log. */
  readonly entry: ConfigurationEntry;
}
/** A snapshot was saved here, installed here, or sent to a peer. */
export interface SnapshotNotice {
  /** Discriminator. */
  readonly kind: "snapshot";
  /** What became of it. */
  readonly stage: "saved" | "installed" | "sent";
  /** Its last entry. */
  readonly id: LogId;
  /** The other node, if one is concerned. */
  readonly peer: NodeId | null;
}
/** Messages can be exchanged with a peer, or no longer. */
export interface PeerNotice {
  /** Discriminator. */
  readonly kind: "peer";
  /** The peer. */
  readonly id: NodeId;
  /** Whether they can. */
  readonly up: boolean;
}
/** L03: the disk lost entries that it had held, or holds them again. */
export interface DamageNotice {
  /** Discriminator. */
  readonly kind: "damage";
  /** What became of it. */
  readonly stage: "found" | "repaired";
  /** Which entries, and where they were. */
  readonly hole: LogHole;
}
/** F05: every member knows this format, and from here on in the log it may be used. */
export interface FormatNotice {
  /** Discriminator. */
  readonly kind: "format";
  /** The format. */
  readonly formatVersion: number;
  /** Index of the gate that opened it. */
  readonly index: LogIndex;
}
/** Something went wrong; the node goes on as far as it can. */
export interface ErrorNotice {
  /** Discriminator. */
  readonly kind: "error";
  /** Words for a person. */
  readonly reason: string;
}
/** What observers hear. */
export type Notice =
  | RoleNotice
  | LeaderNotice
  | ConfigurationNotice
  | SnapshotNotice
  | PeerNotice
  | DamageNotice
  | FormatNotice
  | ErrorNotice;
