import type { BackupAbout } from "@hexraft/core";
import { sizeText } from "./progress.js";

/** A backup in one line: what it holds, and where it is from. */
export function backupText({ clusterId, groupId, nodeId, id, takenAtMs, streamBytes }: BackupAbout): string {
  const taken = new Date(takenAtMs).toISOString();
  return `state up to entry ${id.index} of term ${id.term}, ${sizeText(streamBytes)}, taken ${taken} on ${nodeId}, group ${groupId} of cluster ${clusterId}`;
}
