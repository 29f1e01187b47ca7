import { token } from "./token.js";

/**
 * The disk, as a file adapter needs it: everything that touches files, locks and process ids goes through here, so that a
 * simulator can lose, tear and reorder what was not synced. Paths are absolute or relative to the process, `/`-separated.
 * Errors are thrown as the host throws them, with its `code` (`ENOENT`, `ENOSPC`, `EIO`, …).
 */
export interface FileSystem {
  /** Opens a file for reading and writing; `create` makes it if it is missing, `exclusive` demands that it is missing. */
  open(
    path: string,
    how: { readonly create?: boolean; readonly exclusive?: boolean; readonly readOnly?: boolean },
  ): FileHandle;
  /** Makes a directory, and its parents, with mode 0700. No error if it is there. */
  makeDirectory(path: string): void;
  /** Names in a directory, without order; empty if it is missing. */
  list(path: string): readonly string[];
  /** Size in bytes, or −1 if the file is missing. */
  size(path: string): number;
  /** Renames atomically, replacing what is there. Durable after `syncDirectory`. */
  rename(from: string, to: string): void;
  /** Removes a file; no error if it is missing. Durable after `syncDirectory`. */
  remove(path: string): void;
  /** Makes creations, renames and removals in the directory durable. */
  syncDirectory(path: string): Promise<void>;
  /**
   * L11: takes the directory for this process: a second holder is refused at once; after the holder died, however it
   * did, the next one takes over unaided, and of two simultaneous ones never both.
   *
   * @throws RaftError `DirectoryLocked`, with the holder's pid.
   */
  lock(directory: string): DirectoryLock;
}
/** DI token of the port. */
export const FileSystem = token<FileSystem>("FileSystem");

/** The directory that a path of a {@link FileSystem} stands in; `.` for one without a `/`. */
export function parentOf(path: string): string {
  const at = path.replace(/\/+$/, "").lastIndexOf("/");
  return at < 0 ? "." : at === 0 ? "/" : path.slice(0, at);
}

/** An open file. Positions are bytes from its beginning. */
export interface FileHandle {
  /** Reads into `into`; returns how many bytes there were. */
  read(into: Uint8Array, at: number): number;
  /** Reads without holding up the process. */
  readAsync(into: Uint8Array, at: number): Promise<number>;
  /**
   * Writes the buffers one after another, synchronously, into the host's cache; returns how many bytes were taken (may be short). The
   * buffers are the caller's again when it returns.
   */
  writev(buffers: readonly Uint8Array[], at: number): number;
  /** Makes data and size durable. A rejection is final: what was written may be lost (L04). */
  datasync(): Promise<void>;
  /** Cuts or extends. */
  truncate(size: number): void;
  /** Current size in bytes. */
  size(): number;
  /** Gives it back. Idempotent. */
  close(): void;
}

/** A directory taken. */
export interface DirectoryLock {
  /** Gives it back. Idempotent. */
  release(): void;
}
