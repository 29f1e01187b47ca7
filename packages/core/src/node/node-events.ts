import type { Notice } from "../protocol/effect.js";

/** O03: what `events$` emits. */
export type NodeEvent =
  | Notice
  | { readonly kind: "started" }
  | { readonly kind: "stopped" }
  | { readonly kind: "halted"; readonly reason: string };
