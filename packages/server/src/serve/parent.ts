import type { GroupId, NodeEvent } from "@hexraft/core";
import type { Listening } from "./start-server.js";

/** What a `serve` process tells the process that forked it. */
export type ServeMessage =
  | { readonly type: "ready"; readonly listening: Listening }
  | { readonly type: "event"; readonly group: GroupId; readonly event: NodeEvent };

/** Tells the process that forked this one, if one did and is still there. */
export function tellParent(message: ServeMessage): void {
  if (process.connected) process.send?.(message);
}

/** Calls `gone` when the process that forked this one has ended or let go: nobody would stop this one any more. */
export function whenParentLeaves(gone: () => void): void {
  if (process.send !== undefined) process.once("disconnect", gone);
}

/** Lets go of the channel to the parent, so that it does not hold this process open. */
export function leaveParent(): void {
  if (process.connected) process.disconnect();
}
