import {
  Checksum,
  FileSystem,
  type GroupStorage,
  type GroupStores,
  type OpenedGroups,
  type OpenGroups,
  Scheduler,
} from "@hexraft/core/ports";
import { inject, injectable } from "inversify";
import { DataDirectory } from "../data-directory.js";
import { Settings } from "../settings.js";
import { FileSnapshotStorage } from "../snapshots/file-snapshot-storage.js";
import { GroupDirectory } from "./group-directory.js";
import { GroupLogStorage } from "./group-log-storage.js";
import { SharedLog } from "./shared-log.js";

/** All groups of a process in one directory: a shared log, and snapshots in a directory for each group. */
@injectable()
export class FileGroupStorage implements GroupStorage {
  private readonly log: SharedLog;

  constructor(
    @inject(DataDirectory) private readonly directory: DataDirectory,
    @inject(Settings) private readonly settings: Settings,
    @inject(FileSystem) private readonly files: FileSystem,
    @inject(Checksum) private readonly checksum: Checksum,
    @inject(Scheduler) scheduler: Scheduler,
  ) {
    this.log = new SharedLog({ directory, settings, files, checksum, scheduler });
  }

  open(request: OpenGroups): Promise<OpenedGroups> {
    return this.log.open(request);
  }

  group(group: string): GroupStores {
    const { settings, files, checksum } = this;
    const directory = this.directoryOf(group);
    return {
      log: new GroupLogStorage(this.log, group, checksum, directory),
      snapshots: new FileSnapshotStorage(directory, settings, files, checksum),
    };
  }

  async remove(group: string): Promise<void> {
    const { book } = this.log.living();
    const log = book.named(group);
    if (log === undefined) return;
    await this.log.declare(group, log.incarnation, "removed");
    await this.directoryOf(group).clear();
  }

  close(): Promise<void> {
    return this.log.close();
  }

  describe(): Readonly<Record<string, unknown>> {
    return { kind: "file", ...this.log.describe(), directory: this.directory.path };
  }

  private directoryOf(group: string): GroupDirectory {
    return new GroupDirectory(this.settings, this.files, this.checksum, group, this.log);
  }
}
