import { RaftError } from "@hexraft/core/ports";

/** Bytes that were durable are gone or wrong (L03): the directory is refused, never guessed at. */
export function damaged(file: string, what: string, offset: number, length: number): RaftError {
  return new RaftError(
    "Damaged",
    "refused",
    `${file} is damaged at bytes ${offset}–${offset + length - 1}: ${what}. Keep the directory for inspection, and let this node rejoin with an empty one.`,
    { file, offset, length },
  );
}

/** G03: the same, of a shared log, where it concerns one group: the directory holds the others, too, and stays. */
export function damagedGroup(group: string, { file, what, offset, length }: DamagedRange): RaftError {
  return new RaftError(
    "Damaged",
    "refused",
    `${file} is damaged at bytes ${offset}–${offset + length - 1}: ${what}. What it holds of group ${group} is refused, and that alone: take this node out of the group's members, remove the group here (hexraft admin forget-group), and let the node rejoin it.`,
    { file, offset, length, group },
  );
}

/** Bytes of a file that are not what was written there. */
export interface DamagedRange {
  readonly file: string;
  readonly what: string;
  readonly offset: number;
  readonly length: number;
}

/** L10: a file of a later, or of no known, format. */
export function formatUnknown(file: string, version: number, known: number): RaftError {
  return new RaftError(
    "FormatUnknown",
    "refused",
    `${file} has format ${version}, and this program knows format ${known} alone. Run the version that wrote it.`,
    { file, version, known, offset: 4, length: 2 },
  );
}

/** L10: a file of another cluster, node, replica or group. */
export function identityMismatch(file: string, what: string, found: string, expected: string): RaftError {
  return new RaftError(
    "IdentityMismatch",
    "refused",
    `${file} belongs to ${what} ${found}, not to ${expected}. Check the configured directory; files must not be moved between nodes.`,
    { file, what, found, expected },
  );
}

/** L04: what a host's error makes of the storage. */
export function storageFailed(file: string, cause: unknown): RaftError {
  return new RaftError(
    "StorageFailed",
    "unknown",
    `${file} could not be written: ${messageOf(cause)}. Nothing more is written to this directory until the process is restarted; check the disk and its free space first.`,
    { file, cause: messageOf(cause), code: codeOf(cause) ?? "" },
  );
}

/** A call that came after `close`. */
export const closedAlready = (directory: string): RaftError =>
  new RaftError("Stopped", "refused", `the storage in ${directory} is closed`, { directory });

/** What a disk says that has no room for what nobody asked for. */
export const NO_ROOM: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** The host's code (`ENOSPC`, `EIO`, …); `undefined` for an error that is none of the disk's, which nobody here may swallow. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
