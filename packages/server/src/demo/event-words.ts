import type { NodeEvent } from "@hexraft/core";
import { holeText } from "@hexraft/core/ports";

/** What happened to a node, for a person; empty for what only a program cares about. */
export function inWords(id: string, event: NodeEvent): string {
  switch (event.kind) {
    case "role":
      return event.role === "leader"
        ? `${id} LEADS in term ${event.term} (${event.cause})`
        : `${id} is ${event.role} in term ${event.term} (${event.cause})`;
    case "leader":
      return event.leader === null || event.leader === id ? "" : `${id} follows ${event.leader} in term ${event.term}`;
    case "snapshot":
      return event.stage === "sent"
        ? `${id} sent its snapshot of index ${event.id.index} to ${event.peer}`
        : `${id} ${event.stage} a snapshot at index ${event.id.index}`;
    case "configuration":
      return event.stage === "committed" ? `${id}: members are ${event.entry.configuration.voters.join(", ")}` : "";
    case "damage":
      return event.stage === "found" ? `${id}: ${holeText(event.hole)}` : `${id} has its lost entries back`;
    case "error":
      return `${id}: ${event.reason}`;
    case "halted":
      return `${id} HALTED: ${event.reason}`;
    case "format":
      return `${id} may use format ${event.formatVersion} from entry ${event.index} on`;
    case "peer":
    case "started":
    case "stopped":
      return "";
    default:
      return event satisfies never;
  }
}
