import { createReadStream } from "node:fs";
import { createNode, type Restored } from "@hexraft/core";
import { Checksum, isName, openBackup, RaftError } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { sessions } from "@hexraft/sessions";
import { kvStateMachine } from "@hexraft/statemachine-kv";
import { fileStorage } from "@hexraft/storage-file";
import { tcpTransport } from "@hexraft/transport-tcp";
import { Container } from "inversify";
import { badField } from "../serve/bad-field.js";
import { backupText } from "./backup-text.js";

/** What `hexraft restore` is told. */
export interface RestoreOrder {
  /** `-`: standard input. */
  readonly file: string;
  /** Only read it, and say what is in it. */
  readonly dryRun: boolean;
  readonly newCluster: boolean;
  readonly nodeId: string | undefined;
  readonly groupId: string;
  readonly dataDirectory: string | undefined;
}

/**
 * F08: makes the first replica of a new cluster out of a backup, in an empty data directory.
 *
 * @throws RaftError `BadOption`; `Damaged` or `FormatUnknown`, which name file and byte; `RecoveryRefused`.
 */
export async function runRestore(order: RestoreOrder, say: (line: string) => void): Promise<void> {
  const { file, dryRun, newCluster, nodeId, groupId, dataDirectory } = order;
  if (dryRun) return say(await naming(file, () => lookInto(file)));
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
  const node = await createNode({ nodeId, groupId }, [
    nodeRuntime(),
    tcpTransport({ host: "127.0.0.1", port: 0 }), // nobody listens: the node is not started
    fileStorage({ directory: dataDirectory, groupId }),
    sessions(kvStateMachine()),
  ]);
  say(restoredText(await naming(file, () => node.restore(bytesOf(file))), nodeId, dataDirectory));
}

function restoredText({ about, stateHash }: Restored, nodeId: string, dataDirectory: string): string {
  return [
    `${nodeId} holds the ${backupText(about)}; its hash is ${stateHash}.`,
    `Start the nodes of the new cluster with one and the same list, ${nodeId} first in it, the others with empty directories:`,
    `  hexraft serve --node-id ${nodeId} --data-directory ${dataDirectory} --bootstrap ${nodeId}=host:port,… …`,
    `The nodes of cluster ${about.clusterId} are no part of it, and are refused.`,
  ].join("\n");
}

async function lookInto(file: string): Promise<string> {
  const host = new Container();
  host.load(nodeRuntime());
  const { about, stream } = await openBackup(bytesOf(file), host.get(Checksum));
  for await (const _ of stream);
  return `${file} is whole: ${backupText(about)}`;
}

/** What is wrong with a file is told with its name. */
async function naming<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RaftError) || !("offset" in error.details)) throw error;
    const name = file === "-" ? "standard input" : file;
    throw new RaftError(error.code, error.outcome, `${name}: ${error.message}`, { ...error.details, file: name });
  }
}

async function* bytesOf(file: string): AsyncGenerator<Uint8Array> {
  const stream = file === "-" ? process.stdin : createReadStream(file);
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (error) {
    throw badField("<file>", file, `must be a file that can be read (${(error as Error).message})`);
  }
}
