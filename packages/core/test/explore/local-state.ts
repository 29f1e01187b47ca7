import type { Envelope } from "../../src/model/message.js";
import type { Fingerprint } from "./fingerprint.js";
import type { Bytes, Verdict } from "./streams.js";
import type { Table } from "./table.js";

/** What a node can go through by itself; a delivery is told by the message. */
export type Happening =
  | "wait"
  | "timeout"
  | "silence"
  | "heartbeat"
  | "persist"
  | "crash"
  | "propose"
  | "read"
  | "snapshot"
  | "transfer"
  | "give-up"
  | "change"
  | "cancel"
  | "rot";

/** What lies in the network; of a snapshot also what a node's own disk is still to say. */
export type Carried = Envelope | Bytes | Verdict;

/** One node as it can be: numbered, so that a world is three numbers and the messages between them. */
export interface LocalState {
  readonly number: number;
  /** Position in the scope's nodes. */
  readonly node: number;
  readonly fingerprint: Fingerprint;
  /** See {@link colourOf}. */
  readonly colour: number;
  readonly facts: LocalFacts;
  /** The table with this node alone on it; never touched, only forked. */
  readonly table: Table;
  readonly outcomes: Map<string, Outcome>;
}

/** What the invariants look at. */
export interface LocalFacts {
  readonly isLeader: boolean;
  readonly canTimeOut: boolean;
  readonly hasWrites: boolean;
  /** E21: it waits for another one to take over. */
  readonly canGiveUp: boolean;
  /** Something is applied that no snapshot of its own holds. */
  readonly canSave: boolean;
  /** S09: it keeps an older snapshot beside the newest. */
  readonly canRot: boolean;
  readonly term: number;
  readonly commit: number;
  /** M01, M02: of the newest configuration in its log, the voters of each half that must agree, as positions of nodes. */
  readonly halves: readonly (readonly number[])[];
  /** The log in memory from index 1 on, as "term:payload". */
  readonly log: readonly string[];
  /** The log on disk. */
  readonly durable: readonly string[];
}

export interface KnownMessage {
  readonly number: number;
  readonly to: number;
  readonly fingerprint: Fingerprint;
  readonly carried: Carried;
  /** Its delivery, for people; and that of a copy. */
  readonly words: string;
  readonly wordsOfCopy: string;
}

/** A read, and the index at which it is served; none if it is refused. */
export interface Answer {
  readonly read: number;
  readonly index: number | undefined;
}

/** What became of a node, and what it said. */
export interface Outcome {
  readonly state: LocalState;
  readonly sent: readonly KnownMessage[];
  /** The reads that it answered. */
  readonly answers: readonly Answer[];
  /** A rule that this step broke by itself, whatever the others are. */
  readonly broken: string | undefined;
}
