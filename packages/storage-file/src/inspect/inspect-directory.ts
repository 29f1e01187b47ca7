import { type Checksum, type FileSystem, isName, type SnapshotMeta } from "@hexraft/core/ports";
import { type Identity, readIdentityFile, readReplicaFile } from "../data-directory.js";
import { codeOf } from "../format/faults.js";
import { SegmentFiles } from "../log/segment-files.js";
import type { LogOwner } from "../log/segment-header.js";
import { readHeader, verifyStream } from "../snapshots/snapshot-file.js";
import { inspectLog, note, noting } from "./inspect-log.js";
import { inspectShared } from "./inspect-shared.js";
import { readOnly } from "./read-only-files.js";
import type { DamagedRange, DirectoryReport, InspectedGroup, InspectedSnapshot } from "./report.js";

/**
 * O08: reads every byte of a data directory and says what is there and what is wrong, without changing anything. Meant for a node
 * that is stopped: of one that runs the newest write may be told as one that did not end.
 *
 * @param directory - the data directory, as given to {@link fileStorage}.
 * @param files - the disk; nothing is written to it.
 * @param checksum - CRC-32.
 * @returns what was found; damage is part of it and not an error.
 */
export async function inspectDirectory(
  directory: string,
  files: FileSystem,
  checksum: Checksum,
): Promise<DirectoryReport> {
  const host = readOnly(files);
  const damage: DamagedRange[] = [];
  const identity = noting(damage, () => readIdentityFile(directory, host, checksum));
  const common = new SegmentFiles(`${directory}/log`, host, checksum, 0, false);
  const isShared = common.numbers().length > 0;
  const { groups, sharedLog } = isShared
    ? await groupsOfOneLog(directory, common, identity, host, checksum, damage)
    : await groupsOfOwnLogs(directory, identity, host, checksum, damage);
  if (identity === undefined && (isShared || groups.length > 0) && damage.length === 0)
    damage.push({ file: `${directory}/identity`, offset: 0, length: 1, what: "the file is missing" });
  return { directory, identity: identity ?? null, sharedLog, groups, damage };
}

type Replicas = Pick<DirectoryReport, "sharedLog" | "groups">;

async function groupsOfOwnLogs(
  directory: string,
  identity: Identity | undefined,
  files: FileSystem,
  checksum: Checksum,
  damage: DamagedRange[],
): Promise<Replicas> {
  const groups: InspectedGroup[] = [];
  for (const groupId of groupsIn(directory, files))
    groups.push(await inspectGroup(`${directory}/${groupId}`, groupId, identity, files, checksum, damage));
  return { sharedLog: null, groups };
}

/** G01: all groups of a process in one log, each with snapshots of its own. */
async function groupsOfOneLog(
  directory: string,
  segments: SegmentFiles,
  identity: Identity | undefined,
  files: FileSystem,
  checksum: Checksum,
  damage: DamagedRange[],
): Promise<Replicas> {
  const clusterId = identity?.clusterId ?? "";
  const owner = sharedOwner(identity);
  const { groups, ...sharedLog } = await inspectShared(segments, files, owner, checksum, damage);
  const whole: InspectedGroup[] = [];
  for (const group of groups) {
    const { groupId, incarnation } = group;
    const path = `${directory}/groups/${groupId}/snapshots`;
    const snapshots = await inspectSnapshots(path, { clusterId, incarnation, groupId }, files, checksum, damage);
    whole.push({ ...group, snapshots });
  }
  return { sharedLog, groups: whole };
}

/** Names of the groups that have a log here. */
function groupsIn(directory: string, files: FileSystem): readonly string[] {
  const names = files.list(directory).filter((name) => isName(name) && !/^LOCK\.|^identity/.test(name));
  return names.filter((name) => hasLog(`${directory}/${name}/log`, files)).toSorted((a, b) => (a < b ? -1 : 1));
}

/** Other people's files may lie in the directory, too. */
function hasLog(path: string, files: FileSystem): boolean {
  try {
    return files.list(path).length > 0;
  } catch (error) {
    if (codeOf(error) === "ENOTDIR") return false;
    throw error;
  }
}

/** Who a log that groups share should belong to. */
export const sharedOwner = (identity: Identity | undefined): LogOwner => ({
  clusterId: identity?.clusterId ?? "",
  incarnation: identity?.directoryId ?? "",
  groupId: "",
});

/** Who a group's files should belong to. */
export function ownerOf(directory: string, groupId: string, files: FileSystem, checksum: Checksum): LogOwner {
  const identity = readIdentityFile(directory, files, checksum);
  const incarnation = readReplicaFile(`${directory}/${groupId}`, groupId, files, checksum) ?? "";
  return { clusterId: identity?.clusterId ?? "", incarnation, groupId };
}

async function inspectGroup(
  path: string,
  groupId: string,
  identity: Identity | undefined,
  files: FileSystem,
  checksum: Checksum,
  damage: DamagedRange[],
): Promise<InspectedGroup> {
  const incarnation = noting(damage, () => readReplicaFile(path, groupId, files, checksum)) ?? "";
  const owner: LogOwner = { clusterId: identity?.clusterId ?? "", incarnation, groupId };
  const segments = new SegmentFiles(`${path}/log`, files, checksum, 0, false);
  const log = await inspectLog(segments, files, owner, checksum, damage);
  const snapshots = await inspectSnapshots(`${path}/snapshots`, owner, files, checksum, damage);
  return { groupId, incarnation, ...log, snapshots };
}

async function inspectSnapshots(
  path: string,
  owner: LogOwner,
  files: FileSystem,
  checksum: Checksum,
  damage: DamagedRange[],
): Promise<readonly InspectedSnapshot[]> {
  const found: InspectedSnapshot[] = [];
  for (const name of files.list(path).filter((each) => each.endsWith(".snap"))) {
    const file = `${path}/${name}`;
    const meta = await readSnapshot(file, owner, files, checksum, damage);
    if (meta !== undefined) found.push({ file, id: meta.id, sizeBytes: meta.sizeBytes, checksum: meta.checksum });
  }
  return found.toSorted((a, b) => b.id.index - a.id.index);
}

async function readSnapshot(
  path: string,
  owner: LogOwner,
  files: FileSystem,
  checksum: Checksum,
  damage: DamagedRange[],
): Promise<SnapshotMeta | undefined> {
  const handle = files.open(path, { readOnly: true });
  try {
    const file = await readHeader(handle, path, owner, checksum);
    await verifyStream(handle, path, file, checksum);
    return file.meta;
  } catch (error) {
    note(damage, error);
    return undefined;
  } finally {
    handle.close();
  }
}
