import type { BackupAbout } from "@hexraft/core";
import { sizeText } from "./progress.js";
import type { ServiceManifest } from "./service-manifest.js";

/** A backup in one line: what it holds, and where it is from. */
export function backupText({ clusterId, groupId, nodeId, id, takenAtMs, streamBytes }: BackupAbout): string {
  const taken = new Date(takenAtMs).toISOString();
  return `state up to entry ${id.index} of term ${id.term}, ${sizeText(streamBytes)}, taken ${taken} on ${nodeId}, group ${groupId} of cluster ${clusterId}`;
}

/** That of a whole service, a line a range. */
export function serviceText({ splitAt, parts }: ServiceManifest): string {
  const lines = parts.map((part) => `  ${part.file}: ${backupText(part)}`);
  return [`${parts.length} ranges, split at ${splitAt.join(", ")}`, ...lines].join("\n");
}

/** What is to be done with a restored node. @param holding - the flag that says which groups it holds. */
export function howToStart(
  { nodeId, dataDirectory }: { readonly nodeId: string; readonly dataDirectory: string },
  clusterId: string,
  holding: string,
): string {
  return [
    `Start the nodes of the new cluster with one and the same list, ${nodeId} first in it, the others with empty directories:`,
    `  hexraft serve ${holding} --node-id ${nodeId} --data-directory ${dataDirectory} --bootstrap ${nodeId}=host:port,… …`,
    `The nodes of cluster ${clusterId} are no part of it, and are refused.`,
  ].join("\n");
}

/** What a shell would read otherwise stands in a file. */
export const splitFlag = (splitAt: readonly string[]): string =>
  splitAt.every((key) => /^[\w.:/-]+$/.test(key))
    ? `--split-at ${splitAt.join(",")}`
    : `--config <file with {"splitAt":${JSON.stringify(splitAt)}}>`;
