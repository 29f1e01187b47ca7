import { checkLooseReads, isStrict } from "./clients/consistencies.js";
import { checkEffects } from "./clients/effects.js";
import type { History } from "./clients/history.js";
import { checkWitness } from "./clients/witness.js";
import type { Referee } from "./invariants/referee.js";
import { checkReplay } from "./invariants/replay.js";
import type { Counters } from "./trace/counters.js";
import type { TapPlaces } from "./world/taps.js";
import type { World } from "./world/world.js";

/** What is left of a run. */
interface Remains {
  readonly world: World;
  readonly history: History;
  readonly places: TapPlaces;
  readonly referee: Referee;
  readonly counters: Counters;
}

/** I13, I14, I15: what clients were told, held against the log, the model and each other; "undecided" if a search gave up. */
export async function judgeHistory({
  world,
  history,
  places,
  referee,
  counters,
}: Remains): Promise<"undecided" | undefined> {
  const { operations } = history;
  const { entries } = referee.applies;
  const accuse = (invariant: string, what: string): void => referee.accuse(invariant, what);
  const repeated = checkEffects(operations, entries, accuse);
  if (world.sessions !== undefined && repeated > 0) counters.add("sessions.repeated", repeated);
  checkWitness({ model: world.model, operations, applied: entries, decode: places.decode, accuse });
  const served = operations.find(
    ({ act, via, outcome }) => act.kind === "read" && outcome === "ok" && referee.record(via).isWitness,
  );
  if (served !== undefined) accuse("M12", `${served.via} is a witness, and answered read ${served.id}`);
  checkLooseReads(operations, entries, accuse);
  await checkReplay(world.modules(), world.checksum, referee.applies, accuse);
  const found = world.search?.(
    world.model,
    operations.filter(({ act }) => isStrict(act)),
  );
  if (typeof found === "object") accuse("I15", found.fault);
  return found === "undecided" ? found : undefined;
}
