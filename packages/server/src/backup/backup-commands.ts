import type { Command } from "commander";
import { ExitCode } from "../exit-codes.js";
import { parseDoors } from "../operator/http-door.js";
import { takeWhoAsks, type WhoAsksFlags, whoAsks } from "../operator/who-asks.js";

interface BackupFlags extends WhoAsksFlags {
  readonly from: string;
  readonly consistency: string;
  readonly group?: string;
  readonly leader?: true;
  readonly force?: true;
  readonly quiet?: true;
}

interface RestoreFlags {
  readonly dryRun?: true;
  readonly newCluster?: true;
  readonly nodeId?: string;
  readonly groupId?: string;
  readonly dataDirectory?: string;
}

/** F08: `hexraft backup` and `hexraft restore`. What they need is loaded when they are called. */
export function backupCommands(program: Command): void {
  const backup = program
    .command("backup <file>")
    .description(
      "Takes a consistent backup of a running cluster, into a file, or to standard output (-); of nodes that serve several groups into a folder.",
    )
    .requiredOption(
      "--from <url,…>",
      "HTTP doors of nodes, e.g. http://127.0.0.1:8001; the first one that can gives it",
    )
    .option("--group <id>", "of this group alone (of all that they serve)")
    .option("--leader", "ask the leader, and nobody else")
    .option(
      "--consistency <which>",
      "linearizable: all that was acknowledged; local: what a node has, also without a quorum",
      "linearizable",
    );
  takeWhoAsks(backup, "a user with role admin")
    .option("--force", "replace a backup that is there")
    .option("--quiet", "tell no progress")
    .addHelpText(
      "after",
      `
Progress goes to standard error. The file, or the folder, bears its name once it is whole.
Exit codes: ${ExitCode.usage} bad flag, ${ExitCode.unreadable} what came was damaged, ${ExitCode.halted} it could not be written, ${ExitCode.failed} anything else.

  hexraft backup monday.backup --from http://10.0.0.1:8001,http://10.0.0.2:8001
  hexraft backup - --from http://10.0.0.1:8001 | zstd > monday.backup.zst
  hexraft backup monday-g..n.backup --group g..n --from http://10.0.0.1:8001`,
    )
    .action(async (file: string, flags: BackupFlags) => {
      const { runBackup } = await import("./run-backup.js");
      const { from, group, consistency, leader, force, quiet } = flags;
      const who = whoAsks(flags);
      await runBackup({
        file,
        doors: parseDoors(from, who),
        who,
        group,
        consistency,
        leader: leader === true,
        overwrite: force === true,
        quiet: quiet === true,
      });
    });
  program
    .command("restore <file>")
    .description(
      "Makes the first node of a new cluster out of a backup: from a file, standard input (-), or the folder of a service.",
    )
    .option("--new-cluster", "to be said: it never goes back into the cluster that it is from")
    .option("--node-id <id>", "the node that is to found the new cluster")
    .option("--data-directory <path>", "its data directory, empty or not there yet")
    .option("--group-id <id>", "of a file: the group, which the backup must be of (main)")
    .option("--dry-run", "read all of it, and only say what it is and whether it is whole")
    .addHelpText(
      "after",
      `
Exit codes: ${ExitCode.usage} bad flag, ${ExitCode.unreadable} the backup is damaged, cut, or none, ${ExitCode.identityMismatch} the directory is another node's, ${ExitCode.failed} anything else.

  hexraft restore monday.backup --new-cluster --node-id n1 --data-directory ./n1
  hexraft serve --node-id n1 --data-directory ./n1 --bootstrap n1=10.0.1.1:7001,n2=10.0.1.2:7001,n3=10.0.1.3:7001 …`,
    )
    .action(async (file: string, flags: RestoreFlags) => {
      const { runRestore } = await import("./run-restore.js");
      const { dryRun, newCluster, nodeId, groupId, dataDirectory } = flags;
      const order = { file, dryRun: dryRun === true, newCluster: newCluster === true, nodeId, groupId, dataDirectory };
      await runRestore(order, (line) => void process.stdout.write(`${line}\n`));
    });
}
