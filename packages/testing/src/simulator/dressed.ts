import { SeededRandom } from "../time/seeded-random.js";
import type { Plan } from "./faults/plan.js";
import type { NodeParts } from "./world/simulated-node.js";
import type { World } from "./world/world.js";

/** C03, F05: with sessions around the service, or in its releases, if the plan asks for them and the world has any. */
export function dressed(
  { sessions, releases, ...world }: World,
  { usesSessions = false, upgrades = false }: Plan,
): World {
  if (usesSessions && sessions !== undefined)
    return { ...world, sessions, modules: sessions.modules, model: sessions.model };
  // Whoever replays the log reads all of it.
  return upgrades && releases !== undefined
    ? { ...world, releases, modules: () => releases.modules(releases.newest) }
    : world;
}

/** F05: half of the lives that are not of the newest release are of a newer one than the life before. */
export function upgradesOf({ releases }: World, seed: string, upgraded: () => void): Pick<NodeParts, "upgrades"> {
  if (releases === undefined) return {};
  const random = new SeededRandom(`${seed}/release`);
  const isDue = (): boolean => {
    if (random.next() < 0.5) return false;
    upgraded();
    return true;
  };
  return { upgrades: { newest: releases.newest, isDue } };
}
