import { RaftError } from "../model/errors.js";
import type { CommandBatch, OpenedState, StateMachine } from "../ports/state-machine.js";

/** M12: what a witness's snapshots say in place of the format of a state; a real state's format is 1 or more (F05). */
export const NO_STATE_FORMAT = 0;

/**
 * M12: stands where a witness has no state machine. It takes what is applied and keeps nothing of it; its snapshots are empty,
 * and carry what the protocol needs of one: where the log begins, and under which configuration.
 */
export class WitnessState implements StateMachine {
  open(): OpenedState {
    return { appliedIndex: 0, formatVersion: NO_STATE_FORMAT };
  }

  apply(batch: CommandBatch): readonly undefined[] {
    return batch.map(() => undefined);
  }

  read(): never {
    throw noState("read");
  }

  stateHash(): never {
    throw noState("hash");
  }

  async *snapshotSave(): AsyncGenerator<Uint8Array> {
    yield* [];
  }

  snapshotLoad(): Promise<void> {
    return Promise.resolve();
  }
}

/** M12: what a witness answers to those who want something of its state. */
export const noState = (what: string): RaftError =>
  new RaftError("NoStateHere", "refused", `This node is a witness and holds no state to ${what}; ask another one.`);

/** M12: why a replica does not start over what a witness left: its log has no payloads, and its snapshots no state. */
export const wasWitness = (): RaftError =>
  new RaftError(
    "IdentityMismatch",
    "refused",
    "This directory is a witness's: its log holds no payloads. Start it with the option witness, or remove the member, " +
      "empty the directory, and add it anew.",
  );
