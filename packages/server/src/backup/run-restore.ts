import { statSync } from "node:fs";
import { createNode } from "@hexraft/core";
import { isName } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { sessions } from "@hexraft/sessions";
import { kvStateMachine } from "@hexraft/statemachine-kv";
import { fileStorage } from "@hexraft/storage-file";
import { tcpTransport } from "@hexraft/transport-tcp";
import { badField } from "../serve/bad-field.js";
import { bytesOf, lookInto, naming } from "./backup-file.js";
import { backupText, howToStart, serviceText, splitFlag } from "./backup-text.js";
import { lookIntoService, restoreService } from "./restore-service.js";

/** What `hexraft restore` is told. */
export interface RestoreOrder {
  /** A file, or the folder of a whole service; `-`: standard input. */
  readonly file: string;
  /** Only read it, and say what is in it. */
  readonly dryRun: boolean;
  readonly newCluster: boolean;
  readonly nodeId: string | undefined;
  /** Of a file: which group it is of; absent: `main`. */
  readonly groupId: string | undefined;
  readonly dataDirectory: string | undefined;
}

/**
 * F08: makes the first replica of a new cluster out of a backup, in an empty data directory.
 *
 * @throws RaftError `BadOption`; `Damaged` or `FormatUnknown`, which name file and byte; `RecoveryRefused`.
 */
export async function runRestore(order: RestoreOrder, say: (line: string) => void): Promise<void> {
  const { file, dryRun, newCluster, nodeId, groupId = "main", dataDirectory } = order;
  const isService = file !== "-" && (statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false);
  if (isService && order.groupId !== undefined)
    throw badField(
      "--group-id",
      order.groupId,
      "must not be given with a folder; name the file in it that holds the group",
    );
  if (dryRun && isService) return say(`${file} is whole: ${serviceText(await lookIntoService(file))}`);
  if (dryRun) return say(`${file} is whole: ${backupText(await lookInto(file))}`);
  if (!newCluster)
    throw badField(
      "--new-cluster",
      false,
      "must be said: a backup never goes into the cluster that it is from, whose other nodes would go on from another state",
    );
  if (!isName(nodeId)) throw badField("--node-id", nodeId, "must be 1–64 characters of A–Z a–z 0–9 . _ -");
  if (!isName(groupId)) throw badField("--group-id", groupId, "must be 1–64 characters of A–Z a–z 0–9 . _ -");
  if (dataDirectory === undefined || dataDirectory === "")
    throw badField("--data-directory", dataDirectory, "must be the path of a directory that is empty or not there yet");
  const founder = { nodeId, dataDirectory };
  if (isService) {
    const { splitAt, parts } = await restoreService(file, nodeId, dataDirectory, say);
    return say(howToStart(founder, parts[0]?.clusterId ?? "", splitFlag(splitAt)));
  }
  const node = await createNode({ nodeId, groupId }, [
    nodeRuntime(),
    tcpTransport({ host: "127.0.0.1", port: 0 }), // nobody listens: the node is not started
    fileStorage({ directory: dataDirectory, groupId }),
    sessions(kvStateMachine()),
  ]);
  const { about, stateHash } = await naming(file, () => node.restore(bytesOf(file)));
  say(`${nodeId} holds the ${backupText(about)}; its hash is ${stateHash}.`);
  say(howToStart(founder, about.clusterId, `--group-id ${groupId}`));
}
