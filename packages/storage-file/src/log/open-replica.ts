import { type Checksum, type FileSystem, type OpenLog, parentOf } from "@hexraft/core/ports";
import type { DataDirectory, Identity } from "../data-directory.js";
import { damaged } from "../format/faults.js";
import type { Settings } from "../settings.js";
import { Forgotten } from "./forgotten.js";
import { type FoundMark, holdToMark, readMark } from "./log-mark.js";
import { LogState } from "./log-state.js";
import { cutTornTail, type RecoveredLog, recoverLog, settleWhatWasRead } from "./recovery.js";
import { SegmentFiles } from "./segment-files.js";
import { type LogOwner, SEGMENT_HEADER_BYTES } from "./segment-header.js";

/** Where a replica's files are, and how they are to be. */
export interface ReplicaPlace {
  readonly directory: DataDirectory;
  readonly settings: Settings;
  readonly files: FileSystem;
  readonly checksum: Checksum;
}

/** The files of a replica: whole, durable, and with nothing under way. */
export interface OpenedReplica {
  readonly files: SegmentFiles;
  readonly owner: LogOwner;
  readonly identity: Identity;
  /** L03: how far its log was durable, as far as was written down. */
  readonly mark: FoundMark | undefined;
  readonly log: Omit<RecoveredLog, "scan">;
  /** The same log, if it was there before. */
  readonly recovered: RecoveredLog | undefined;
  readonly forgotten: Forgotten;
  /** L02: the torn tail that was cut, in words; empty if none. */
  readonly cut: string;
}

/**
 * Finds a replica, or makes one. Reads and judges everything first; changes begin when nothing can be refused any more.
 *
 * @throws RaftError `Damaged` or `IdentityMismatch`; no file stays open.
 */
export async function openReplica(place: ReplicaPlace, request: OpenLog): Promise<OpenedReplica> {
  const { directory, settings, files: disk, checksum } = place;
  const { groupId } = request;
  directory.refuseSharedLog();
  const group = directory.groupPath(groupId);
  const files = new SegmentFiles(`${group}/log`, disk, checksum, settings.segmentBytesMax, settings.preallocate);
  const old = directory.readIdentity(request.nodeId);
  const incarnation = directory.readIncarnation(groupId);
  const numbers = files.numbers();
  refuseWhatIsHalfThere(place, old, incarnation, files, numbers);
  const owner: LogOwner = {
    clusterId: old?.clusterId ?? "",
    incarnation: incarnation ?? request.newIncarnation,
    groupId,
  };
  directory.useGroup(groupId, owner.incarnation);
  const mark = readMark(files.directory, disk, checksum);
  const recovered = incarnation === undefined ? undefined : await recoverLog(files, numbers, owner, checksum, mark);
  let log: Omit<RecoveredLog, "scan"> | undefined = recovered;
  try {
    const end = recovered?.segments.at(-1);
    if (recovered !== undefined && end !== undefined)
      holdToMark(mark, { segment: end.number, end: recovered.scan.readTo }, (number) => files.path(number));
    const forgotten = new Forgotten(files, disk, checksum);
    const identity: Identity = {
      startNumber: (old?.startNumber ?? 0) + 1,
      directoryId: old?.directoryId ?? request.newDirectoryId,
      clusterId: owner.clusterId,
      nodeId: request.nodeId,
    };
    if (old === undefined || incarnation === undefined) await makeDirectories(place, group);
    await directory.writeIdentity(identity);
    log ??= await makeLog(directory, files, owner, numbers);
    files.removeLeftovers(log.leftovers);
    const cut = recovered === undefined ? "" : await settle(recovered);
    await disk.syncDirectory(files.directory);
    return { files, owner, identity, mark, log, recovered, forgotten, cut };
  } catch (error) {
    if (log !== undefined) closeLog(log);
    throw error;
  }
}

/** Gives the files back of a log that nobody writes to. */
export function closeLog({ segments, next }: Pick<RecoveredLog, "segments" | "next">): void {
  for (const segment of segments) segment.close();
  next?.close();
}

/**
 * A replica is made in this order: identity, first segment, `replica`, first batch. What a crash leaves of that is made anew; any
 * other part that is missing was lost, and with it perhaps a vote.
 */
function refuseWhatIsHalfThere(
  { directory, files: disk }: ReplicaPlace,
  identity: Identity | undefined,
  incarnation: string | undefined,
  files: SegmentFiles,
  numbers: readonly number[],
): void {
  const first = files.path(1);
  if (incarnation !== undefined && identity === undefined)
    throw damaged(`${directory.path}/identity`, "the file is missing", 0, 1);
  if (incarnation !== undefined && numbers.length === 0) throw damaged(first, "the log is missing", 0, 1);
  const begun = numbers.length === 1 && numbers[0] === 1 && disk.size(first) === SEGMENT_HEADER_BYTES;
  if (incarnation === undefined && numbers.length > 0 && !begun)
    throw damaged(`${files.directory}/../replica`, "the file is missing, and there is a log", 0, 1);
}

async function makeDirectories({ directory, files }: ReplicaPlace, group: string): Promise<void> {
  files.makeDirectory(`${group}/log`);
  await files.syncDirectory(group);
  await files.syncDirectory(directory.path);
  await files.syncDirectory(parentOf(directory.path));
}

async function makeLog(
  directory: DataDirectory,
  files: SegmentFiles,
  owner: LogOwner,
  begun: readonly number[],
): Promise<Omit<RecoveredLog, "scan">> {
  files.removeLeftovers(begun);
  const segment = await files.create(1, owner);
  await directory.writeIncarnation(owner.groupId, owner.incarnation);
  const chain = { number: 0, checksum: 0, sequence: 1 };
  return { state: new LogState(), chain, segments: [segment], next: undefined, leftovers: [] };
}

async function settle(found: RecoveredLog): Promise<string> {
  await settleWhatWasRead(found.segments, found.scan);
  return cutTornTail(found.segments.at(-1) as RecoveredLog["segments"][number], found.scan);
}
