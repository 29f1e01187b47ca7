import { readFileSync } from "node:fs";
import { createNode, type Node, type Survivor } from "@hexraft/core";
import { Logger, RaftError } from "@hexraft/core/ports";
import { jointMembership } from "@hexraft/membership";
import { nodeRuntime } from "@hexraft/runtime-node";
import { sessions } from "@hexraft/sessions";
import { kvStateMachine } from "@hexraft/statemachine-kv";
import { fileStorage, oneOfSharedFileStorage } from "@hexraft/storage-file";
import { tcpTransport } from "@hexraft/transport-tcp";
import { ContainerModule } from "inversify";
import { makeLogger } from "../log/log.js";
import { badField } from "../serve/bad-field.js";
import type { Voice } from "./admin-flags.js";
import { resetText, survivorText } from "./admin-text.js";
import { tell } from "./run-admin.js";
import { groupOf, lookInto } from "./stopped-directory.js";

/** What `hexraft admin reset-peers` is told. */
export interface ResetFlags {
  readonly dataDirectory: string;
  /** Default: `main`, which is the only one unless groups share the directory. */
  readonly groupId?: string;
  /** T of the cluster, ms: it waits for twice as long, so that no leader is left that somebody still hears. */
  readonly electionTimeout: number;
  /** Files with what the first step printed on the other survivors. */
  readonly others?: string;
  /** What the first step said; without it nothing is changed. */
  readonly confirm?: string;
  readonly json?: true;
}

/**
 * M11: what is left of a group goes on after a majority was lost for good: in two steps, on the directory of a stopped node.
 * No door offers it: a node that serves is no survivor, and a password must not be enough to throw acknowledged writes away.
 *
 * @returns the exit code. @throws RaftError `BadOption`, `DirectoryLocked` while the node runs, or of a directory that cannot be read.
 */
export async function runResetPeers(flags: ResetFlags, voice: Voice): Promise<number> {
  const replica = await replicaIn(flags.dataDirectory, flags.groupId);
  const stopped = () => stoppedNode(replica, flags.electionTimeout);
  try {
    const survivor = await (await stopped()).survey();
    const { confirm } = flags;
    if (confirm === undefined)
      return tell({ outcome: "ok", value: survivor }, flags.json === true, voice, survivorText);
    const others = (flags.others ?? "")
      .split(",")
      .filter((file) => file !== "")
      .map(survivorIn);
    await (await stopped()).resetPeers({ confirmation: confirm, others });
    return tell({ outcome: "ok", value: survivor }, flags.json === true, voice, resetText);
  } catch (error) {
    if (!(error instanceof RaftError) || error.code !== "RecoveryRefused") throw error;
    return tell({ outcome: error.outcome, error }, flags.json === true, voice, resetText);
  }
}

/** Whose log it is, and how it is opened. */
interface StoppedReplica {
  readonly nodeId: string;
  readonly groupId: string;
  readonly storage: ContainerModule;
}

async function replicaIn(directory: string, group: string | undefined): Promise<StoppedReplica> {
  const stopped = await lookInto(directory);
  const { nodeId } = stopped;
  if (stopped.sharedLog !== null) {
    const { groupId } = groupOf(stopped, group);
    return { nodeId, groupId, storage: oneOfSharedFileStorage({ directory, groupId }) };
  }
  const groupId = group ?? "main";
  return { nodeId, groupId, storage: fileStorage({ directory, groupId }) };
}

/** A node that is not started: used up by one step. */
function stoppedNode({ nodeId, groupId, storage }: StoppedReplica, electionTimeoutMs: number): Promise<Node> {
  const logger = makeLogger("text", nodeId, process.stderr);
  return createNode({ nodeId, groupId, electionTimeoutMs }, [
    nodeRuntime(),
    tcpTransport({ host: "127.0.0.1", port: 0 }),
    storage,
    sessions(kvStateMachine()),
    jointMembership(),
    new ContainerModule(({ bind }) => void bind(Logger).toConstantValue(logger)),
  ]);
}

/** What the first step printed with --json on another survivor. @throws RaftError `BadOption` */
function survivorIn(file: string): Survivor {
  const rule = "must list files with what this command printed with --json on the other survivors";
  let said: { readonly value?: Partial<Survivor> };
  try {
    said = JSON.parse(readFileSync(file, "utf8")) as typeof said;
  } catch (error) {
    throw badField("--others", file, `${rule} (${(error as Error).message})`);
  }
  const { value } = said;
  if (typeof value?.nodeId !== "string" || typeof value.last?.index !== "number" || typeof value.last.term !== "number")
    throw badField("--others", file, rule);
  return value as Survivor;
}
