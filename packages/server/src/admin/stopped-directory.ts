import { Checksum, FileSystem } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { type DirectoryReport, type InspectedGroup, inspectDirectory } from "@hexraft/storage-file";
import { Container } from "inversify";
import { badField } from "../serve/bad-field.js";

/** The directory of a node that is stopped, as far as it can be read. */
export interface StoppedDirectory extends Pick<DirectoryReport, "directory" | "sharedLog" | "groups"> {
  readonly nodeId: string;
}

/** @throws RaftError `BadOption` if it is no node's. */
export async function lookInto(directory: string): Promise<StoppedDirectory> {
  const host = new Container();
  host.load(nodeRuntime());
  const files = host.get(FileSystem);
  if (files.list(directory).length === 0)
    throw badField(
      "--data-directory",
      directory,
      "must be the data directory of a stopped node; it is missing or empty",
    );
  const { identity, ...report } = await inspectDirectory(directory, files, host.get(Checksum));
  if (identity === null) throw badField("--data-directory", directory, "must be a node's; its identity cannot be read");
  return { ...report, nodeId: identity.nodeId };
}

/** One of the groups that share it. @throws RaftError `BadOption`, naming those that are there. */
export function groupOf({ directory, groups }: StoppedDirectory, named: string | undefined): InspectedGroup {
  const found = groups.find(({ groupId }) => groupId === named);
  if (found !== undefined) return found;
  const there = groups.map(({ groupId }) => groupId).join(", ");
  throw badField("--group-id", named, `must name one of the groups in ${directory}: ${there}`);
}
