import { type Checksum, CommandBatch, EntryType, LogBlock, StateMachine } from "@hexraft/core/ports";
import type { ContainerModule } from "inversify";
import { fingerprint, hashBytes } from "../fingerprint.js";
import { emptyContainer } from "../world/empty-container.js";
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
  const time = new SimulatedTime();
  const container = emptyContainer();
  container.load(new SimulatedHost(time, "replay", 1, checksum).module(), ...modules);
  const progress = { isOver: false };
  const replayed = replay(container.get(StateMachine), applies, accuse).finally(() => {
    progress.isOver = true;
  });
  // A state machine may take its time, on a clock of its own.
  while (!progress.isOver && time.now() < REPLAY_MS_MAX)
    await time.run(time.now() + REPLAY_LOOK_MS, () => progress.isOver);
  container.restore();
  if (progress.isOver) await replayed;
  else accuse("I13", `a replay of the log does not end within ${REPLAY_MS_MAX} ms`);
}

/** Longest time that a replay may take, virtual ms. */
const REPLAY_MS_MAX = 10_000_000;
/** How often it is looked at, virtual ms. */
const REPLAY_LOOK_MS = 1_000;

async function replay(machine: StateMachine, applies: Applies, accuse: Accuse): Promise<void> {
  await machine.open();
  let index = 0;
  for (const [at, known] of applies.states) {
    for (; index < at; index++) {
      const entry = applies.entries[index + 1];
      if (entry !== undefined && !(await saysTheSame(machine, entry)))
        return accuse(
          "I13",
          `the command at ${entry.index} returned something else to a replay than on ${entry.first}`,
        );
    }
    if ((await stateHash(machine)) !== known.hash)
      return accuse("I13", `the state after entry ${at}, ${known.how}, is not what a replay of the log makes`);
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
