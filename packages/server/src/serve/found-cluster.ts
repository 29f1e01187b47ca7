import { setTimeout as sleep } from "node:timers/promises";
import type { GroupId } from "@hexraft/core";
import { type Logger, RaftError } from "@hexraft/core/ports";
import type { KvNode } from "../kv/node-kv-service.js";

/** Pauses between two attempts, ms: the other nodes are often being started by the same script. */
const PAUSE_MS = { first: 100, longest: 2_000 } as const;

/** What is to be founded. */
export interface Founding {
  readonly group: GroupId;
  readonly node: KvNode;
  /** Whether that was done before, here or elsewhere. */
  readonly isFounded: (node: KvNode) => boolean;
}

/**
 * M13: founds the cluster, or one more group of it, if this node is the first one named and belongs to none yet; otherwise there is nothing to do:
 * the others are claimed when the founder's first message reaches them. So the same `--bootstrap` may stand in the start
 * scripts of all nodes for good. Goes on trying until all voters can be asked.
 */
export async function foundCluster(
  { node, group, isFounded }: Founding,
  voters: readonly { readonly id: string; readonly address: string }[],
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  if (voters[0]?.id !== node.id) return;
  let pauseMs: number = PAUSE_MS.first;
  let said = "";
  while (!signal.aborted && !isFounded(node)) {
    try {
      await node.bootstrap({ voters });
      logger.info(`${node.id} founded the cluster`, { group, voters: voters.map(({ id }) => id).join(",") });
      return;
    } catch (error) {
      if (!(error instanceof RaftError) || error.code !== "BootstrapRefused") throw error;
      if (error.message !== said) logger.warn(error.message, { next: "trying again until it can be done" });
      said = error.message;
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => {});
    pauseMs = Math.min(PAUSE_MS.longest, pauseMs * 2);
  }
}
