import { RaftError } from "../model/errors.js";
import type { NodeId } from "../model/node-id.js";

/** How far a node has come in its life. It is stopped for good: another life is another node's. */
export type LifeStage = "new" | "starting" | "running" | "halted" | "stopping" | "stopped";

/** Why a node answers nobody. `haltReason`: why it stopped in place, if it did. */
export function notRunning(id: NodeId, stage: LifeStage, haltReason: string): RaftError {
  switch (stage) {
    case "running":
      return new RaftError("NotStarted", "refused", `The cluster of ${id} is being founded; ask again shortly.`);
    case "halted":
      return new RaftError(
        "Halted",
        "refused",
        `${id} has stopped in place: ${haltReason}. Restart it, or ask another node.`,
      );
    case "new":
    case "starting":
      return new RaftError("NotStarted", "refused", `${id} is not started yet; await start() first.`);
    case "stopping":
    case "stopped":
      return new RaftError("Stopped", "refused", `${id} was stopped; ask another node.`);
    default:
      return stage satisfies never;
  }
}

/** A node is started once. */
export const startedBefore = (id: NodeId): RaftError =>
  new RaftError("Stopped", "refused", `${id} was started before; make a new node instead.`);

/** M11, F08: what works on the disk of a node wants one that does not run. */
export const mustNotRun = (id: NodeId): RaftError =>
  new RaftError("RecoveryRefused", "refused", `${id} was started; stop it, and make a new node for this.`);

/** It was never started, and there is nothing to describe. */
export const neverStarted = (id: NodeId): RaftError =>
  new RaftError("NotStarted", "refused", `${id} has not been started; call start() first.`);
