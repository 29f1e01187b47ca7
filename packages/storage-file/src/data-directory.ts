import {
  Checksum,
  type ClusterId,
  type DirectoryId,
  type DirectoryLock,
  FileSystem,
  type NodeId,
  RaftError,
} from "@hexraft/core/ports";
import { inject, injectable } from "inversify";
import {
  CLUSTER_ID_WIDTH,
  GROUP_ID_WIDTH,
  getName,
  getU64,
  INCARNATION_WIDTH,
  NODE_ID_WIDTH,
  setName,
  setU64,
} from "./format/bytes.js";
import { damaged, identityMismatch, storageFailed } from "./format/faults.js";
import { readSmallFile, replaceFile, SMALL_FILE_FIELDS } from "./format/small-file.js";
import { Settings } from "./settings.js";

const IDENTITY_MAGIC = 0x44495848; // "HXID"
const REPLICA_MAGIC = 0x50525848; // "HXRP"

const SEGMENT = /^\d{16}\.seg$/;
const otherKind = (directory: string, what: string): RaftError =>
  new RaftError("BadOption", "refused", `option directory is ${JSON.stringify(directory)}, but it ${what}`, {
    field: "directory",
    value: directory,
  });

const RESERVED = /^(?:\.{1,2}|identity(?:\.new)?|LOCK\..*)$/;

/** Fields of `identity`, from byte 8: u64 start number, directory id, cluster id (empty while it waits), node id. */
export interface Identity {
  readonly startNumber: number;
  readonly directoryId: DirectoryId;
  readonly clusterId: ClusterId;
  readonly nodeId: NodeId;
}

/**
 * One data directory: its lock, shared by log and snapshots, and the two small files that say whose it is:
 * `<directory>/identity`, and `<directory>/<group>/replica` with the replica's incarnation (M13).
 */
@injectable()
export class DataDirectory {
  readonly path: string;
  private lock: DirectoryLock | undefined;
  private users = 0;
  /** Set once the log is opened; snapshots carry them. */
  identity: Identity | undefined;
  incarnation = "";
  private groupInUse: string | undefined;

  constructor(
    @inject(Settings) private readonly settings: Settings,
    @inject(FileSystem) protected readonly files: FileSystem,
    @inject(Checksum) private readonly checksum: Checksum,
  ) {
    this.path = settings.directory;
  }

  /** The group whose files are used; the configured one until the log was opened. */
  get groupId(): string {
    this.groupInUse ??= this.settings.groupId;
    return this.groupInUse;
  }

  /** Says whose log was opened. Snapshots that were opened before it must be of the same group. */
  useGroup(group: string, incarnation: string): void {
    if (this.groupInUse !== undefined && this.groupInUse !== group)
      throw new RaftError(
        "BadOption",
        "refused",
        `snapshots of group ${this.groupInUse} are open in ${this.path}, but the log of group ${group} is opened; set groupId of fileStorage to ${group}`,
        { field: "groupId", value: this.groupInUse },
      );
    this.groupInUse = group;
    this.incarnation = incarnation;
  }

  /** L11: the first user takes the lock, the last one gives it back. */
  enter(): void {
    try {
      this.files.makeDirectory(this.path);
      this.lock ??= this.files.lock(this.path);
    } catch (error) {
      throw error instanceof RaftError ? error : storageFailed(this.path, error);
    }
    this.users++;
  }

  /** To be called once for each `enter`. */
  leave(): void {
    this.users--;
    if (this.users > 0) return;
    this.lock?.release();
    this.lock = undefined;
  }

  /** Where the group's files are. Its name becomes a directory's, beside `identity` and the lock, and must stay inside. */
  groupPath(group: string): string {
    if (RESERVED.test(group))
      throw new RaftError("BadOption", "refused", `"${group}" cannot name a group whose files are in a directory`, {
        field: "groupId",
        value: group,
      });
    return `${this.path}/${group}`;
  }

  /** G01: whose groups share a log here would find none of a group's own, and take the replica for a new one. @throws RaftError `BadOption` */
  refuseSharedLog(): void {
    if (!this.files.list(`${this.path}/log`).some((name) => SEGMENT.test(name))) return;
    throw otherKind(this.path, "holds the log that many groups share; open it with sharedFileStorage");
  }

  /** The same the other way round. @throws RaftError `BadOption` */
  refuseLogsOfGroups(): void {
    const names = this.files.list(this.path).filter((name) => !RESERVED.test(name));
    const alone = names.find((name) => this.files.size(`${this.path}/${name}/replica`) >= 0);
    if (alone !== undefined)
      throw otherKind(this.path, `holds the log that is the group ${alone}'s alone; open it with fileStorage`);
  }

  /** Who lives here; `undefined` in a new directory. */
  readIdentity(nodeId: NodeId): Identity | undefined {
    const identity = readIdentityFile(this.path, this.files, this.checksum);
    if (identity !== undefined && identity.nodeId !== nodeId)
      throw identityMismatch(`${this.path}/identity`, "node", identity.nodeId, nodeId);
    return identity;
  }

  /** Durable when it resolves. */
  async writeIdentity(identity: Identity): Promise<void> {
    const at = SMALL_FILE_FIELDS;
    await replaceFile(this.files, this.checksum, this.path, "identity", IDENTITY_MAGIC, (view) => {
      setU64(view, at, identity.startNumber);
      setName(view, at + 8, INCARNATION_WIDTH, identity.directoryId);
      setName(view, at + 25, CLUSTER_ID_WIDTH, identity.clusterId);
      setName(view, at + 58, NODE_ID_WIDTH, identity.nodeId);
    });
    this.identity = identity;
  }

  /** The incarnation of the group's replica; `undefined` if it was never finished being created. */
  readIncarnation(group: string): string | undefined {
    return readReplicaFile(this.groupPath(group), group, this.files, this.checksum);
  }

  /** Durable when it resolves. */
  async writeIncarnation(group: string, incarnation: string): Promise<void> {
    await replaceFile(this.files, this.checksum, this.groupPath(group), "replica", REPLICA_MAGIC, (view) => {
      setName(view, SMALL_FILE_FIELDS, INCARNATION_WIDTH, incarnation);
      setName(view, SMALL_FILE_FIELDS + 17, GROUP_ID_WIDTH, group);
    });
  }
}

/** The identity of whoever lives in a directory; `undefined` in a new one. */
export function readIdentityFile(directory: string, files: FileSystem, checksum: Checksum): Identity | undefined {
  const view = readSmallFile(files, checksum, `${directory}/identity`, IDENTITY_MAGIC);
  if (view === undefined) return undefined;
  const at = SMALL_FILE_FIELDS;
  return {
    startNumber: getU64(view, at),
    directoryId: getName(view, at + 8, INCARNATION_WIDTH),
    clusterId: getName(view, at + 25, CLUSTER_ID_WIDTH),
    nodeId: getName(view, at + 58, NODE_ID_WIDTH),
  };
}

/** The incarnation that a group's directory belongs to; `undefined` if it was never finished being created. */
export function readReplicaFile(
  path: string,
  group: string,
  files: FileSystem,
  checksum: Checksum,
): string | undefined {
  const file = `${path}/replica`;
  const view = readSmallFile(files, checksum, file, REPLICA_MAGIC);
  if (view === undefined) return undefined;
  const named = getName(view, SMALL_FILE_FIELDS + 17, GROUP_ID_WIDTH);
  if (named !== group) throw identityMismatch(file, "group", named, group);
  const incarnation = getName(view, SMALL_FILE_FIELDS, INCARNATION_WIDTH);
  if (incarnation === "") throw damaged(file, "no incarnation in it", SMALL_FILE_FIELDS, INCARNATION_WIDTH);
  return incarnation;
}
