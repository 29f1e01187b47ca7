import type { Millis } from "../model/log-id.js";
import type { Effect } from "../protocol/effect.js";
import type { RaftEvent } from "../protocol/event.js";
import type { Raft } from "../protocol/raft.js";
import { token } from "./token.js";

/** What an observer may ask the protocol between two steps; asking changes nothing. */
export type RaftView = Pick<
  Raft,
  "role" | "term" | "leader" | "commitIndex" | "lastIndex" | "termAt" | "configurationAt" | "describe"
>;

/**
 * Watches the protocol of one node, step by step: for simulators and debuggers. Optional; a node without one pays nothing.
 * It must change nothing, and what it throws stops the group in place, as an impossible state does.
 */
export interface StepObserver {
  /** A step is over; its effects are not carried out yet. */
  stepped(raft: RaftView, event: RaftEvent, effects: readonly Effect[], now: Millis): void;
}
/** DI token of the port. */
export const StepObserver = token<StepObserver>("StepObserver");
