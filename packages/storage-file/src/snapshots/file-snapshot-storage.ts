import {
  Checksum,
  FileSystem,
  parentOf,
  RaftError,
  type SnapshotMeta,
  type SnapshotSink,
  type SnapshotStorage,
} from "@hexraft/core/ports";
import { inject, injectable } from "inversify";
import { DataDirectory } from "../data-directory.js";
import { closedAlready, damaged, messageOf } from "../format/faults.js";
import type { LogOwner } from "../log/segment-header.js";
import { Settings } from "../settings.js";
import { FileSnapshotSink } from "./file-snapshot-sink.js";
import { SnapshotDraft, snapshotFailed } from "./snapshot-draft.js";
import { readHeader, readStream, verifyStream } from "./snapshot-file.js";

const FINAL = /^(\d+)-(\d+)\.snap$/;
const LOCAL = /\.tmp$/;
const PARTIAL = /\.part$/;
const DAMAGED = /\.damaged$/;

/** Shared by all storages that have nothing of a kind: of a thousand groups in a process many have none (G02). */
const NONE: readonly never[] = [];

/** Snapshots of one replica, a file each: see docs/FORMAT.md. */
@injectable()
export class FileSnapshotStorage implements SnapshotStorage {
  private state: "new" | "open" | "closed" = "new";
  private snapshots: readonly SnapshotMeta[] = NONE;
  private reported: readonly string[] = NONE;
  /** Drafts that are being written, by path: of two under way at once neither touches the other's. */
  private busy: readonly string[] = NONE;
  private drafts = 0;

  constructor(
    @inject(DataDirectory) private readonly directory: DataDirectory,
    @inject(Settings) private readonly settings: Settings,
    @inject(FileSystem) private readonly files: FileSystem,
    @inject(Checksum) private readonly checksum: Checksum,
  ) {}

  async open(): Promise<readonly SnapshotMeta[]> {
    if (this.state !== "new") throw closedAlready(this.directory.path);
    this.directory.enter();
    try {
      this.files.makeDirectory(this.path);
      const group = this.directory.groupPath(this.directory.groupId);
      await this.files.syncDirectory(group);
      await this.files.syncDirectory(parentOf(group));
      for (const name of this.files.list(this.path)) if (LOCAL.test(name)) this.files.remove(this.at(name));
      this.snapshots = await this.findSnapshots();
      await this.prune();
      await this.files.syncDirectory(this.path);
      this.state = "open";
      return [...this.snapshots];
    } catch (error) {
      this.directory.leave();
      throw snapshotFailed(this.path, error);
    }
  }

  async begin(meta: SnapshotMeta, kind: "local" | "received"): Promise<SnapshotSink> {
    this.living();
    const partial = this.at(partialName(meta));
    const resumes = kind === "received" && !this.busy.includes(partial);
    this.drafts++;
    const path = resumes ? partial : this.at(`${kind}-${this.drafts}.tmp`);
    this.busy = this.busy.concat(path);
    try {
      if (resumes) this.removeOtherPartials(partialName(meta));
      const draft = await SnapshotDraft.open(path, meta, this.files, this.checksum, resumes);
      const given = kind === "received" ? meta : undefined;
      return new FileSnapshotSink(draft, given, resumes, {
        publish: (whole) => this.publish(path, draft, whole),
        discard: () => this.files.remove(path),
        done: () => this.letGo(path),
      });
    } catch (error) {
      this.letGo(path);
      throw snapshotFailed(path, error);
    }
  }

  async *read(meta: SnapshotMeta, offset: number, heldBytesMax?: number): AsyncGenerator<Uint8Array> {
    this.living();
    const path = this.at(finalName(meta));
    if (this.files.size(path) < 0) throw damaged(path, "the file is missing", 0, 1);
    const handle = this.files.open(path, { readOnly: true });
    try {
      const file = await readHeader(handle, path, this.owner, this.checksum);
      if (file.meta.checksum !== meta.checksum || file.meta.sizeBytes !== meta.sizeBytes)
        throw damaged(path, "it is not the snapshot that was asked for", 0, file.headerBytes);
      yield* readStream(handle, path, file, offset, this.checksum, heldBytesMax);
    } finally {
      handle.close();
    }
  }

  async close(): Promise<void> {
    if (this.state !== "open") return;
    this.state = "closed";
    this.directory.leave();
  }

  describe(): Readonly<Record<string, unknown>> {
    return {
      directory: this.path,
      state: this.state,
      snapshots: this.snapshots.map(({ id, sizeBytes }) => ({ index: id.index, term: id.term, sizeBytes })),
      underWay: this.busy.length,
      damaged: [...this.reported],
    };
  }

  private get path(): string {
    return `${this.directory.groupPath(this.directory.groupId)}/snapshots`;
  }

  private get owner(): LogOwner {
    const { identity, incarnation, groupId } = this.directory;
    return { clusterId: identity?.clusterId ?? "", incarnation, groupId };
  }

  private at(name: string): string {
    return `${this.path}/${name}`;
  }

  /** The draft at this path is not written any more. */
  private letGo(path: string): void {
    const others = this.busy.filter((other) => other !== path);
    this.busy = others.length === 0 ? NONE : others;
  }

  private living(): void {
    if (this.state !== "open") throw closedAlready(this.directory.path);
  }

  /** Newest first, in numbers and not in letters; what is damaged is set aside and reported, and the one before it is listed. */
  private async findSnapshots(): Promise<readonly SnapshotMeta[]> {
    const found: SnapshotMeta[] = [];
    for (const name of this.files.list(this.path)) {
      if (!FINAL.test(name)) continue;
      const path = this.at(name);
      const handle = this.files.open(path, { readOnly: true });
      try {
        const file = await readHeader(handle, path, this.owner, this.checksum);
        if (finalName(file.meta) !== name) throw damaged(path, `it is a snapshot of ${finalName(file.meta)}`, 32, 16);
        await verifyStream(handle, path, file, this.checksum);
        found.push(file.meta);
      } catch (error) {
        if (!(error instanceof RaftError) || error.code !== "Damaged") throw error;
        this.reported = this.reported.concat(messageOf(error));
        this.files.rename(path, `${path}.damaged`);
      } finally {
        handle.close();
      }
    }
    return found.length === 0 ? NONE : found.toSorted(newestFirst);
  }

  private async publish(path: string, draft: SnapshotDraft, whole: SnapshotMeta): Promise<void> {
    await draft.finish(this.owner);
    await draft.close();
    this.files.rename(path, this.at(finalName(whole)));
    await this.files.syncDirectory(this.path);
    const others = this.snapshots.filter((snapshot) => finalName(snapshot) !== finalName(whole));
    this.snapshots = [...others, whole].toSorted(newestFirst);
    await this.prune();
  }

  /** S02: two are kept. Whoever reads an older one goes on reading: the host keeps an open file. */
  private async prune(): Promise<void> {
    const kept = this.settings.snapshotsKept;
    const names = this.snapshots.slice(kept).map(finalName);
    // Evidence of damage is kept until there are as many intact snapshots as there should be.
    if (this.snapshots.length >= kept) names.push(...this.files.list(this.path).filter((name) => DAMAGED.test(name)));
    if (this.snapshots.length > kept) this.snapshots = this.snapshots.slice(0, kept);
    for (const name of names) this.files.remove(this.at(name));
    if (names.length > 0) await this.files.syncDirectory(this.path);
  }

  /** A transfer that another one replaced is not resumed any more. */
  private removeOtherPartials(name: string): void {
    for (const other of this.files.list(this.path))
      if (PARTIAL.test(other) && other !== name && !this.busy.includes(this.at(other)))
        this.files.remove(this.at(other));
  }
}

const finalName = ({ id }: SnapshotMeta): string => `${id.index}-${id.term}.snap`;

/** Only the very same bytes may be gone on with, so their length and checksum are in the name. */
const partialName = ({ id, sizeBytes, checksum }: SnapshotMeta): string =>
  `${id.index}-${id.term}-${sizeBytes}-${checksum.toString(16).padStart(8, "0")}.part`;

const newestFirst = (a: SnapshotMeta, b: SnapshotMeta): number => b.id.index - a.id.index || b.id.term - a.id.term;
