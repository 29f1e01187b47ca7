import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { KeyRange } from "@hexraft/client";
import { createNode, type GroupId, type NodeId, type Restored } from "@hexraft/core";
import { Checksum, GroupStorage, LogStorage, RaftError, RandomSource, SnapshotStorage } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { sessions } from "@hexraft/sessions";
import { kvStateMachine } from "@hexraft/statemachine-kv";
import { sharedFileStorage } from "@hexraft/storage-file";
import { tcpTransport } from "@hexraft/transport-tcp";
import { Container, ContainerModule } from "inversify";
import { bytesOf, lookInto, naming } from "./backup-file.js";
import { backupText } from "./backup-text.js";
import { markRestoring } from "./restoring-mark.js";
import { MANIFEST, partFile, rangesIn, readManifest, type ServiceManifest } from "./service-manifest.js";

/** Most bytes of a manifest: that of 256 ranges has a tenth of it. */
const MANIFEST_BYTES_MAX = 1024 * 1024;

/**
 * F08: makes the first node of a new service out of the backup of one, in an empty directory: every range, or none. The parts are all
 * proven before anything is written.
 *
 * @param say - told of each range as it is there.
 * @returns what the backup is of. @throws RaftError `Damaged` or `FormatUnknown`, which name the file; `RecoveryRefused`; those of the disk.
 */
export async function restoreService(
  folder: string,
  nodeId: NodeId,
  directory: string,
  say: (line: string) => void,
): Promise<ServiceManifest> {
  const manifest = await lookIntoService(folder);
  const done = await markRestoring(directory);
  const host = new Container();
  host.load(nodeRuntime(), sharedFileStorage({ directory }));
  const storage = host.get(GroupStorage);
  await storage.open({ nodeId, newDirectoryId: host.get(RandomSource).hex(8), onFailed: () => {} });
  try {
    for (const [at, { group }] of rangesIn(manifest).entries()) {
      const { about, stateHash } = await restorePart(storage, nodeId, group, join(folder, partFile(at)));
      say(`${nodeId} holds the ${backupText(about)}; its hash is ${stateHash}.`);
    }
  } finally {
    await storage.close();
  }
  await done();
  return manifest;
}

/** Reads every byte of the backup of a service. @throws RaftError, which names the file that is missing, damaged, or of another backup */
export async function lookIntoService(folder: string): Promise<ServiceManifest> {
  const manifest = await manifestIn(folder);
  for (const [at, range] of rangesIn(manifest).entries()) await provePart(folder, at, range, manifest);
  return manifest;
}

async function provePart(folder: string, at: number, { group }: KeyRange, { parts }: ServiceManifest): Promise<void> {
  const name = partFile(at);
  const file = join(folder, name);
  if (!existsSync(file)) throw missing(file, `holds the range ${group}`);
  const about = await lookInto(file);
  if (about.groupId === group && isDeepStrictEqual({ file: name, ...about }, parts[at])) return;
  throw new RaftError(
    "Damaged",
    "refused",
    `${file}: it is whole, but not the part of the range ${group} that ${MANIFEST} names: it holds the ${backupText(about)}; put the file back that was taken with the others, or use another backup`,
  );
}

async function manifestIn(folder: string): Promise<ServiceManifest> {
  const file = join(folder, MANIFEST);
  if (!existsSync(file)) throw missing(file, "names the parts of a backup, and comes last");
  const host = new Container();
  host.load(nodeRuntime());
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MANIFEST_BYTES_MAX), 0, MANIFEST_BYTES_MAX, 0);
    return readManifest(buffer.toString("utf8", 0, bytesRead), host.get(Checksum));
  } catch (error) {
    if (!(error instanceof RaftError)) throw error;
    throw new RaftError(error.code, error.outcome, `${file}: ${error.message}`, error.details);
  } finally {
    await handle.close();
  }
}

async function restorePart(storage: GroupStorage, nodeId: NodeId, groupId: GroupId, file: string): Promise<Restored> {
  const { log, snapshots } = storage.group(groupId);
  const node = await createNode({ nodeId, groupId }, [
    nodeRuntime(),
    tcpTransport({ host: "127.0.0.1", port: 0 }), // nobody listens: the node is not started
    new ContainerModule(({ bind }) => {
      bind(LogStorage).toConstantValue(log);
      bind(SnapshotStorage).toConstantValue(snapshots);
    }),
    sessions(kvStateMachine()),
  ]);
  return naming(file, () => node.restore(bytesOf(file)));
}

const missing = (file: string, what: string): RaftError =>
  new RaftError(
    "Damaged",
    "refused",
    `${file} is not there, which ${what}; fetch it again from where it was kept, or use another backup`,
  );
