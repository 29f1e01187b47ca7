import { type Checksum, CommandBatch, EntryType, LogBlock, StateMachine } from "@hexraft/core/ports";
import { Container, type ContainerModule } from "inversify";
import { fingerprint, hashBytes } from "../fingerprint.js";
import { SimulatedHost } from "../world/simulated-host.js";
import { SimulatedTime } from "../world/simulated-time.js";
import type { AppliedEntry, Applies } from "./applies.js";
import type { Accuse } from "./violation.js";

/**
 * I13: a state machine of nobody's, given the committed commands from the first one on, says what the replicas said, and is what
 * they were wherever one of them was saved, loaded or looked at. All of them could be wrong alike; this one was never
 * restored from a snapshot, never batched, and never crashed.
 */
export async function checkReplay(
  modules: readonly ContainerModule[],
  checksum: Checksum | undefined,
  applies: Applies,
  accuse: Accuse,
): Promise<void> {
  const container = new Container({ defaultScope: "Singleton" });
  container.load(new SimulatedHost(new SimulatedTime(), "replay", 1, checksum).module(), ...modules);
  const machine = container.get(StateMachine);
  await machine.open();
  let index = 0;
  for (const [at, known] of applies.states) {
    for (; index < at; index++) {
      const entry = applies.entries[index + 1];
      if (entry !== undefined && !(await saysTheSame(machine, entry))) {
        accuse("I13", `the command at ${entry.index} returned something else to a replay than on ${entry.first}`);
        return;
      }
    }
    if ((await stateHash(machine)) === known.hash) continue;
    accuse("I13", `the state after entry ${at}, ${known.how}, is not what a replay of the log makes`);
    return;
  }
}

async function saysTheSame(machine: StateMachine, entry: AppliedEntry): Promise<boolean> {
  const { index, term, logTimeMs, payload } = entry;
  const block = LogBlock.of(index, term, logTimeMs, EntryType.command, [payload.slice()]);
  const [result] = await machine.apply(new CommandBatch([block], index, index));
  return fingerprint(result) === entry.resultHash;
}

/** The hash of a state machine's snapshot. */
export async function stateHash(machine: StateMachine): Promise<number> {
  let hash = 0x811c9dc5;
  for await (const chunk of machine.snapshotSave()) hash = hashBytes(chunk, hash);
  return hash;
}
