import { badField } from "../serve/bad-field.js";
import { backUpService } from "./backup-service.js";
import { fileTarget, streamTarget } from "./backup-target.js";
import { firstToGive } from "./from-doors.js";
import { type Taking, takeBackup } from "./take-backup.js";

/** What `hexraft backup` is told. */
export interface BackupOrder extends Taking {
  /** A file, or for several groups a folder; `-`: standard output. */
  readonly file: string;
  /** Absent: all of them. */
  readonly group?: string | undefined;
  readonly overwrite: boolean;
}

const CONSISTENCIES = ["linearizable", "local"];

/**
 * F08: takes a backup of a running cluster: of the group that is named, of the only one, or of all groups of a service.
 *
 * @throws RaftError
 */
export async function runBackup(order: BackupOrder): Promise<void> {
  const { file, group, overwrite } = order;
  if (!CONSISTENCIES.includes(order.consistency))
    throw badField("--consistency", order.consistency, `must be one of ${CONSISTENCIES.join(", ")}`);
  const groups = group === undefined ? await groupsOf(order) : [group];
  if (groups.length > 1 && file === "-")
    throw badField("<file>", "-", `must be a folder, for there are the groups ${groups.join(", ")}; or name a --group`);
  if (groups.length > 1) return backUpService(order, file, groups, overwrite);
  const target = file === "-" ? streamTarget(process.stdout) : await fileTarget(file, overwrite);
  await takeBackup(order, group, target);
}

/** What the nodes serve. @throws RaftError */
const groupsOf = (order: BackupOrder): Promise<readonly string[]> =>
  firstToGive(order, async (door) => {
    const { groups } = await door.json<{ readonly groups: readonly { readonly group: string }[] }>("/v1/groups");
    return groups.map(({ group }) => group);
  });
