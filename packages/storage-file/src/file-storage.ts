import { GroupStorage, isName, LogStorage, RaftError, SnapshotStorage } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { DataDirectory } from "./data-directory.js";
import { FileLogStorage } from "./log/file-log-storage.js";
import { Settings } from "./settings.js";
import { FileGroupStorage } from "./shared/file-group-storage.js";
import { OneOfMany } from "./shared/one-of-many.js";
import { FileSnapshotStorage } from "./snapshots/file-snapshot-storage.js";

/** What {@link fileStorage} can be told. */
export interface FileStorageOptions {
  /** The node's data directory; made if it is missing. One process at a time may use it (L11). */
  readonly directory: string;
  /** Size of a segment file, bytes, 4,096 … 2³⁰. A write larger than that makes one larger segment. Default 64 MiB. */
  readonly segmentBytesMax?: number;
  /**
   * Whether zeros are written ahead of the log, in the background, and files of dropped segments used again: overwriting is
   * up to twice as fast to make durable as extending a file. Default true; tests with many small logs switch it off.
   */
  readonly preallocate?: boolean;
  /**
   * L03: closed segments are read in the background, one after the other, to find damage while others still have what was lost.
   * Bytes per second, 0 … 2³⁰; 0 switches it off. Default 4 MiB.
   */
  readonly scrubBytesPerSecond?: number;
  /** The group whose snapshots these are, where they are opened without the log. Default `main`. */
  readonly groupId?: string;
}

/** S02: the newest two. */
const SNAPSHOTS_KEPT = 2;

/**
 * Log, hard state, identity and snapshots of a replica in files: binds LogStorage and SnapshotStorage. It reaches the disk through
 * the FileSystem port alone, and needs Checksum and Scheduler besides; `nodeRuntime()` brings all three.
 *
 * @throws RaftError `BadOption`, naming field, value and rule (O05).
 */
export function fileStorage(options: FileStorageOptions): ContainerModule {
  const settings = settingsOf(options);
  return new ContainerModule(({ bind }) => {
    bind(Settings).toConstantValue(settings);
    bind(DataDirectory).toSelf().inSingletonScope();
    bind(LogStorage).to(FileLogStorage).inSingletonScope();
    bind(SnapshotStorage).to(FileSnapshotStorage).inSingletonScope();
  });
}

/** What {@link sharedFileStorage} can be told. */
export type SharedFileStorageOptions = Omit<FileStorageOptions, "groupId">;

/**
 * Logs, hard states and snapshots of all groups of a process in one directory, one segmented log and one fsync for all (G01):
 * binds GroupStorage, for `createNodeManager`. A directory of {@link fileStorage} is refused.
 *
 * @throws RaftError `BadOption`, naming field, value and rule (O05).
 */
export function sharedFileStorage(options: SharedFileStorageOptions): ContainerModule {
  const settings = settingsOf(options);
  return new ContainerModule(({ bind }) => {
    bind(Settings).toConstantValue(settings);
    bind(DataDirectory).toSelf().inSingletonScope();
    bind(GroupStorage).to(FileGroupStorage).inSingletonScope();
  });
}

/** What {@link oneOfSharedFileStorage} can be told. */
export interface OneOfSharedFileStorageOptions extends SharedFileStorageOptions {
  /** The group. One that is not there is refused when it is opened. */
  readonly groupId: string;
}

/**
 * One group out of a directory of {@link sharedFileStorage} that no process serves just now: binds LogStorage and SnapshotStorage, for what
 * is done to a single replica (`Node.survey`, `Node.resetPeers`). The other groups are left as they are.
 *
 * @throws RaftError `BadOption`, naming field, value and rule (O05).
 */
export function oneOfSharedFileStorage(options: OneOfSharedFileStorageOptions): ContainerModule {
  const settings = settingsOf(options);
  return new ContainerModule(({ bind }) => {
    bind(Settings).toConstantValue(settings);
    bind(DataDirectory).toSelf().inSingletonScope();
    bind(FileGroupStorage).toSelf().inSingletonScope();
    bind(OneOfMany)
      .toDynamicValue((context) => new OneOfMany(context.get(FileGroupStorage), settings.groupId))
      .inSingletonScope();
    bind(LogStorage).toService(OneOfMany);
    bind(SnapshotStorage).toDynamicValue((context) => context.get(OneOfMany).snapshots);
  });
}

/** What {@link fileSnapshots} can be told. */
export type FileSnapshotsOptions = Pick<FileStorageOptions, "directory" | "groupId">;

/**
 * The snapshots alone, for a log that is kept elsewhere: binds SnapshotStorage. The log must not take the same directory's lock.
 *
 * @throws RaftError `BadOption`, naming field, value and rule (O05).
 */
export function fileSnapshots(options: FileSnapshotsOptions): ContainerModule {
  const settings = settingsOf(options);
  return new ContainerModule(({ bind }) => {
    bind(Settings).toConstantValue(settings);
    bind(DataDirectory).toSelf().inSingletonScope();
    bind(SnapshotStorage).to(FileSnapshotStorage).inSingletonScope();
  });
}

function settingsOf(options: FileStorageOptions): Settings {
  const {
    directory,
    segmentBytesMax = 64 * 1024 * 1024,
    preallocate = true,
    scrubBytesPerSecond = 4 * 1024 * 1024,
    groupId = "main",
  } = options;
  if (typeof directory !== "string" || directory === "")
    throw badOption("directory", directory, "must be the path of a directory");
  if (!Number.isInteger(segmentBytesMax) || segmentBytesMax < 4_096 || segmentBytesMax > 2 ** 30)
    throw badOption("segmentBytesMax", segmentBytesMax, "must be a whole number of bytes from 4096 to 1073741824");
  if (typeof preallocate !== "boolean") throw badOption("preallocate", preallocate, "must be true or false");
  if (!Number.isInteger(scrubBytesPerSecond) || scrubBytesPerSecond < 0 || scrubBytesPerSecond > 2 ** 30)
    throw badOption("scrubBytesPerSecond", scrubBytesPerSecond, "must be a whole number of bytes from 0 to 1073741824");
  if (!isName(groupId)) throw badOption("groupId", groupId, "must be 1–64 characters of A–Z a–z 0–9 . _ -");
  const known = new Set(["directory", "segmentBytesMax", "preallocate", "scrubBytesPerSecond", "groupId"]);
  const unknown = Object.entries(options).find(([field]) => !known.has(field));
  if (unknown !== undefined) throw badOption(unknown[0], unknown[1], "is not an option of fileStorage");
  return { directory, segmentBytesMax, preallocate, scrubBytesPerSecond, groupId, snapshotsKept: SNAPSHOTS_KEPT };
}

function badOption(field: string, value: unknown, rule: string): RaftError {
  const shown = JSON.stringify(value) ?? String(value);
  return new RaftError("BadOption", "refused", `option ${field} of fileStorage is ${shown}, but it ${rule}`, {
    field,
    value,
    rule,
  });
}
