import type { LogIndex } from "../../model/log-id.js";

/** The state machine has applied everything up to this index. */
export interface Applied {
  /** Discriminator. */
  readonly type: "Applied";
  /** Index of the last entry. */
  readonly upTo: LogIndex;
}

/** F05: it has applied a gate, and was told. */
export interface FormatOpened {
  /** Discriminator. */
  readonly type: "FormatOpened";
  /** The format that may be used from there on. */
  readonly formatVersion: number;
  /** Index of the gate. */
  readonly index: LogIndex;
}

/** The state machine threw while it applied (R15). */
export interface StateMachineFaulted {
  /** Discriminator. */
  readonly type: "StateMachineFaulted";
  /** The index. */
  readonly index: LogIndex;
  /** Words for a person. */
  readonly reason: string;
}
