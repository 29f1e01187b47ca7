import type { Checksum, FileSystem } from "@hexraft/core/ports";
import { DataDirectory } from "../data-directory.js";
import type { Settings } from "../settings.js";
import type { GroupLog } from "./group-log.js";
import type { SharedLog } from "./shared-log.js";

/** The part of a shared directory that is one group's: who lives there and whose lock it is, its manager knows. */
export class GroupDirectory extends DataDirectory {
  /** @throws RaftError `BadOption` if the group's name cannot be a directory's. */
  constructor(
    settings: Settings,
    files: FileSystem,
    checksum: Checksum,
    private readonly group: string,
    private readonly shared: SharedLog,
  ) {
    super(settings, files, checksum);
    this.groupPath(group);
  }

  override get groupId(): string {
    return this.group;
  }

  override enter(): void {}

  override leave(): void {}

  /** Beside the shared log, so that no name of a group can mean anything else. */
  override groupPath(group: string): string {
    super.groupPath(group);
    return `${this.path}/groups/${group}`;
  }

  /** The group's log is open: its files are of this replica from now on. */
  opened({ incarnation }: GroupLog): void {
    this.identity = this.shared.identity;
    this.incarnation = incarnation;
  }

  /** Removes what the group, or an earlier one of its name, has left behind. */
  async clear(): Promise<void> {
    const snapshots = `${this.groupPath(this.group)}/snapshots`;
    const names = this.files.list(snapshots);
    for (const name of names) this.files.remove(`${snapshots}/${name}`);
    if (names.length > 0) await this.files.syncDirectory(snapshots);
  }
}
