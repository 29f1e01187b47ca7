import { GroupStorage, RaftError, RandomSource } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { sharedFileStorage } from "@hexraft/storage-file";
import { Container } from "inversify";
import { badField } from "../serve/bad-field.js";
import type { Voice } from "./admin-flags.js";
import { forgettableText, forgottenText, type ToForget } from "./admin-text.js";
import { tell } from "./run-admin.js";
import { groupOf, lookInto } from "./stopped-directory.js";

/** What `hexraft admin forget-group` is told. */
export interface ForgetFlags {
  readonly dataDirectory: string;
  readonly groupId: string;
  /** What the first step said; without it nothing is changed. */
  readonly confirm?: string;
  readonly json?: true;
}

/**
 * M13: erases what a stopped node holds of one group, in a directory that groups share; emptying the directory would do so for all of them. In
 * two steps. Its member must not come back as it was: it joins again as a newcomer.
 *
 * @returns the exit code. @throws RaftError `BadOption`, `DirectoryLocked` while the node runs, or of a directory that cannot be read.
 */
export async function runForgetGroup(flags: ForgetFlags, voice: Voice): Promise<number> {
  const { dataDirectory: directory, groupId, confirm } = flags;
  const { nodeId, sharedLog } = await lookInto(directory);
  if (sharedLog === null)
    throw badField("--data-directory", directory, "must be one that groups share; of any other, empty the directory");
  const host = new Container();
  host.load(nodeRuntime(), sharedFileStorage({ directory }));
  const storage = host.get(GroupStorage);
  await storage.open({ nodeId, newDirectoryId: host.get(RandomSource).hex(8), onFailed: () => {} });
  try {
    // Nobody writes to it from here on.
    const { last, incarnation } = groupOf(await lookInto(directory), groupId);
    const confirmation = `${nodeId}: forget ${groupId} up to ${last.index}@${last.term}`;
    const value: ToForget = { nodeId, groupId, incarnation, last, confirmation };
    if (confirm === undefined) return tell({ outcome: "ok", value }, flags.json === true, voice, forgettableText);
    if (confirm !== confirmation) {
      const error = new RaftError(
        "RecoveryRefused",
        "refused",
        `Nothing was erased: the confirmation must be "${confirmation}".`,
      );
      return tell({ outcome: "refused", error }, flags.json === true, voice, forgottenText);
    }
    await storage.remove(groupId);
    return tell({ outcome: "ok", value }, flags.json === true, voice, forgottenText);
  } finally {
    await storage.close();
  }
}
