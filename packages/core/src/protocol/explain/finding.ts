import type { NodeId } from "../../model/node-id.js";

/** O07: one reason, as far as the node that says it can know. */
export interface Finding {
  /** What it is about: why there is no leader, why something is not committed or not applied, why a peer is behind. */
  readonly about: "leader" | "commit" | "apply" | "read" | "peer";
  /** Short and stable, for programs; lower case with hyphens. */
  readonly code: string;
  /** The peer, where it is about one. */
  readonly peer?: NodeId;
  /** In words: what is so, and what would change it. */
  readonly text: string;
}

/** A reason about this node. */
export const finding = (about: Finding["about"], code: string, text: string): Finding => ({ about, code, text });

/** Milliseconds, for people. */
export const ms = (value: number): string =>
  Number.isFinite(value) ? `${Math.round(value)} ms` : "longer than it remembers";

/** Names, for people. */
export const listed = (ids: readonly NodeId[]): string => (ids.length === 0 ? "nobody" : ids.join(", "));
