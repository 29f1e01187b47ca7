import { RaftError } from "@hexraft/core/ports";

/** L03: what was durable is gone or wrong: the directory is refused, never guessed at. */
export const damaged = (path: string, what: string, details: Readonly<Record<string, unknown>> = {}): RaftError =>
  new RaftError(
    "Damaged",
    "refused",
    `the database in ${path} is damaged: ${what}. Keep the directory for inspection, and let this node rejoin with an empty one.`,
    { path, ...details },
  );

/** L10: a database of another node, group or cluster. */
export const identityMismatch = (path: string, what: string, found: string, expected: string): RaftError =>
  new RaftError(
    "IdentityMismatch",
    "refused",
    `the database in ${path} belongs to ${what} ${found}, not to ${expected}. Check the configured directory; it must not be moved between nodes.`,
    { path, what, found, expected },
  );

/** L10: a database of a later, or of no known, layout. */
export const formatUnknown = (path: string, version: unknown, known: number): RaftError =>
  new RaftError(
    "FormatUnknown",
    "refused",
    `the database in ${path} has format ${String(version)}, and this program knows format ${known} alone. Run the version that wrote it.`,
    { path, version, known },
  );

/** L04: what an error of the database makes of the storage. */
export function storageFailed(path: string, cause: unknown): RaftError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new RaftError(
    "StorageFailed",
    "unknown",
    `the database in ${path} failed: ${message}. Nothing more is written to it until the process is restarted; check the disk and its free space first.`,
    { path, cause: message },
  );
}

/** A call that came before `open` or after `close`. */
export const notOpen = (path: string): RaftError =>
  new RaftError("Stopped", "refused", `the storage in ${path} is not open`, { path });
