import {
  type Checksum,
  type ConfigurationEntry,
  decodeConfiguration,
  type FileSystem,
  type RaftError,
} from "@hexraft/core/ports";
import { holdToMark, readMark } from "../log/log-mark.js";
import type { SegmentFiles } from "../log/segment-files.js";
import type { LogOwner } from "../log/segment-header.js";
import type { GroupLog } from "../shared/group-log.js";
import { readPlaces } from "../shared/place-reader.js";
import { type FoundShared, recoverShared } from "../shared/shared-recovery.js";
import { note, noting } from "./inspect-log.js";
import type { DamagedRange, InspectedGroup, InspectedSharedSegment } from "./report.js";

/** A shared log, as far as it can be read. */
interface InspectedShared {
  readonly segments: readonly InspectedSharedSegment[];
  readonly unfinished: string;
  /** Without what is not in the log. */
  readonly groups: readonly Omit<InspectedGroup, "snapshots">[];
}

/** O08, G03: reads a log that many groups share: each is judged by its own numbers, and every block that one still needs is read. */
export async function inspectShared(
  files: SegmentFiles,
  host: FileSystem,
  owner: LogOwner,
  checksum: Checksum,
  damage: DamagedRange[],
): Promise<InspectedShared> {
  const mark = noting(damage, () => readMark(files.directory, host, checksum));
  let found: FoundShared;
  try {
    found = await recoverShared(files, files.numbers(), owner, checksum, mark);
  } catch (error) {
    note(damage, error);
    return { segments: [], unfinished: "", groups: [] };
  }
  const { book, condemned, end, next } = found;
  try {
    const { number, end: reached } = book.active;
    noting(damage, () => holdToMark(mark, { segment: number, end: reached }, (at) => files.path(at)));
    const groups: Omit<InspectedGroup, "snapshots">[] = [];
    for (const log of book.groups.values()) groups.push(await inspectOne(log, condemned.get(log), checksum, damage));
    const segments = book.segments.map(({ path: file, number: no, generation, handle }) => {
      return { file, number: no, generation, bytes: handle.size() };
    });
    const torn = end.reason === "" ? "" : `${book.active.path}: a write that did not end (${end.reason})`;
    return { segments, unfinished: torn, groups: groups.toSorted((a, b) => (a.groupId < b.groupId ? -1 : 1)) };
  } finally {
    book.close();
    next?.close();
  }
}

async function inspectOne(
  log: GroupLog,
  condemned: RaftError | undefined,
  checksum: Checksum,
  damage: DamagedRange[],
): Promise<Omit<InspectedGroup, "snapshots">> {
  if (condemned !== undefined) note(damage, condemned);
  const configurations: ConfigurationEntry[] = [];
  for (const place of log.placesFrom(0)) {
    const { segment, offset, bytes, first, last, term } = place;
    const { blocks } = await readPlaces([place], first, bytes, checksum);
    const [block] = blocks;
    if (block === undefined) {
      damage.push({
        file: segment.path,
        offset,
        length: bytes,
        what: `the block of entries ${first}–${last} of group ${log.name} cannot be read`,
      });
      continue;
    }
    for (const index of place.configurations)
      configurations.push({ id: { index, term }, configuration: decodeConfiguration(block.payloadAt(index)) });
  }
  const { name: groupId, incarnation, hardState, commitHint, base, last } = log;
  return {
    groupId,
    incarnation,
    hardState,
    commitHint,
    base,
    last,
    runs: log.runs(),
    configurations,
    segments: [],
    forgotten: null,
    unfinished: "",
    refusal: condemned?.message ?? "",
  };
}
