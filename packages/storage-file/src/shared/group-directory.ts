import { DataDirectory } from "../data-directory.js";

/** The part of a shared directory that is one group's: who lives there and whose lock it is, its manager knows. */
export class GroupDirectory extends DataDirectory {
  override enter(): void {}

  override leave(): void {}

  /** Beside the shared log, so that no name of a group can mean anything else. */
  override groupPath(group: string): string {
    super.groupPath(group);
    return `${this.path}/groups/${group}`;
  }
}
