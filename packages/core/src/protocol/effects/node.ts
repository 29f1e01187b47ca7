import type { ConfigurationEntry, Member } from "../../model/configuration.js";
import type { Notice } from "../notice.js";

/** The book of members changed: the transport's peers follow it (T04). */
export interface UpdatePeers {
  /** Discriminator. */
  readonly type: "UpdatePeers";
  /** The configuration, with its place in the log. */
  readonly configuration: ConfigurationEntry;
  /** Who else may be talked to: those that catch up (M04), and those that the configuration left out (M05, M09). */
  readonly others: readonly Member[];
}

/** For the history and `events$` (E23, O03). */
export interface Notify {
  /** Discriminator. */
  readonly type: "Notify";
  /** What happened. */
  readonly notice: Notice;
}

/** The group stops in place: nothing is sent any more, callers hear *unknown* (E17, L04, invariants). */
export interface Halt {
  /** Discriminator. */
  readonly type: "Halt";
  /** Words for a person. */
  readonly reason: string;
  /** Evidence. */
  readonly details: Readonly<Record<string, unknown>>;
}
