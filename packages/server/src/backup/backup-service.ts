import { setTimeout as sleep } from "node:timers/promises";
import { rangesOfGroups } from "@hexraft/client";
import type { BackupAbout, GroupId } from "@hexraft/core";
import { backupBytesOf, Checksum, RaftError } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { Container } from "inversify";
import { sizeText } from "./progress.js";
import { type ServiceFolder, serviceFolder } from "./service-folder.js";
import { layManifest, partFile, type ServicePart } from "./service-manifest.js";
import { type Taking, takeBackup } from "./take-backup.js";

/** A range that no node gives is asked for again so long, ms: its leader was killed, or nodes have their hands full. */
const PATIENCE_MS = 30_000;
/** Between two attempts, ms. */
const PAUSE_MS = 500;
/** What passes. */
const PASSING: ReadonlySet<string> = new Set(["Overloaded", "NotLeader", "ConnectionLost"]);

/**
 * F08: takes a backup of every range of a service, one after the other, into a folder. Each is of an instant of its own: it holds all
 * that was acknowledged in its range before it was asked for, and nothing that came later.
 *
 * @param groups - as the nodes name them. @throws RaftError
 */
export async function backUpService(
  how: Taking,
  path: string,
  groups: readonly GroupId[],
  overwrite: boolean,
): Promise<void> {
  const ranges = rangesOfGroups(groups);
  const tell = (text: string) => void (how.quiet || process.stderr.write(text));
  const folder = await serviceFolder(path, overwrite);
  const parts: ServicePart[] = [];
  try {
    for (const [at, { group }] of ranges.entries()) {
      tell(`range ${at + 1} of ${ranges.length}, ${group}\n`);
      const about = await patiently(how, group, folder, at, tell);
      mustBelong(about, parts[0] ?? about);
      parts.push({ file: partFile(at), ...about });
    }
    const host = new Container();
    host.load(nodeRuntime());
    const splitAt = ranges.slice(1).map(({ from }) => new TextDecoder().decode(from));
    await folder.finish(layManifest({ splitAt, parts }, host.get(Checksum)));
  } catch (error) {
    await folder.abort();
    throw error;
  }
  const bytes = parts.reduce((sum, part) => sum + backupBytesOf(part), 0);
  const taken = parts.map(({ takenAtMs }) => takenAtMs);
  const apart = ((Math.max(...taken) - Math.min(...taken)) / 1_000).toFixed(1);
  tell(`all ${parts.length} ranges, ${sizeText(bytes)}; the instants that they are of lie within ${apart} s\n`);
}

async function patiently(
  how: Taking,
  group: GroupId,
  folder: ServiceFolder,
  at: number,
  tell: (text: string) => void,
): Promise<BackupAbout> {
  const end = performance.now() + PATIENCE_MS;
  let said = "";
  for (;;) {
    try {
      return await takeBackup(how, group, await folder.part(at));
    } catch (error) {
      const passes = error instanceof RaftError && PASSING.has(error.code);
      if (!passes || performance.now() > end) throw error;
      if (error.message !== said) tell(`${error.message} It is asked for again for up to ${PATIENCE_MS / 1_000} s.\n`);
      said = error.message;
    }
    await sleep(PAUSE_MS);
  }
}

/** Doors of two services may be named by mistake. */
function mustBelong({ clusterId, groupId, nodeId }: BackupAbout, first: BackupAbout): void {
  if (clusterId === first.clusterId) return;
  throw new RaftError(
    "BadOption",
    "refused",
    `${groupId} came from ${nodeId} of cluster ${clusterId}, and ${first.groupId} from ${first.nodeId} of cluster ${first.clusterId}; name nodes of one service with --from.`,
  );
}
