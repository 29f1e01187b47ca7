import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { LogStorage, type OpenedLog } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { fileStorage } from "@hexraft/storage-file";
import { Container } from "inversify";

/** Opens the log of a directory with the default options of its adapter. */
export async function openFileLog(
  directory: string,
): Promise<{ readonly log: LogStorage; readonly opened: OpenedLog }> {
  const host = new Container();
  host.load(nodeRuntime(), fileStorage({ directory }));
  const log = host.get(LogStorage);
  const opened = await log.open({
    nodeId: "n1",
    groupId: "main",
    newDirectoryId: "00000000000000d1",
    newIncarnation: "00000000000000a1",
  });
  return { log, opened };
}

/** Its segment files, and how large they are together, bytes. */
export function segmentFiles(directory: string): { readonly paths: readonly string[]; readonly bytes: number } {
  const log = join(directory, "main", "log");
  const names = readdirSync(log).filter((name) => name.endsWith(".seg"));
  const paths = names.toSorted((a, b) => (a < b ? -1 : 1)).map((name) => join(log, name));
  return { paths, bytes: paths.reduce((sum, path) => sum + statSync(path).size, 0) };
}
