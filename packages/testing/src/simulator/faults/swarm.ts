import type { NodeId } from "@hexraft/core/ports";
import { SeededRandom } from "../../time/seeded-random.js";
import type { Fault, FaultAct, FaultKind } from "./fault.js";
import type { Plan, Profile } from "./plan.js";

/** Draws the plan of a seed: which kinds of faults, how often, how hard, when and where. */
export function planOf(seed: number, profile: Profile): Plan {
  const random = new SeededRandom(`${profile.name}/${seed}/plan`);
  const size = pick(random, profile.nodes);
  const nodes = Array.from({ length: size }, (_, i) => `n${i + 1}`);
  const electionTimeoutMs = pick(random, profile.electionTimeoutMs);
  const faults = profile.kinds.flatMap((kind) => {
    // Drawn for every kind, so that one kind more or less leaves the others' schedules as they are.
    const own = new SeededRandom(`${profile.name}/${seed}/${kind}`);
    if (own.next() < 0.5) return [];
    const everyMs = profile.everyMs * 4 ** (own.next() * 2 - 1);
    const found: Fault[] = [];
    for (let atMs = everyMs * exponential(own); atMs < profile.durationMs; atMs += everyMs * exponential(own))
      found.push(...draw(kind, atMs, own, nodes, electionTimeoutMs));
    return found;
  });
  // A log that is soon cut right behind a snapshot is what leaves a slow follower no choice but an install.
  const isTight = random.next() < 0.6;
  const snapshots = isTight ? { snapshotEveryEntries: random.integer(10, 80) } : {};
  const margin = isTight || random.next() < 0.5 ? { compactionMarginEntries: random.integer(0, isTight ? 5 : 50) } : {};
  const batch =
    random.next() < 0.3 ? { batchEntriesMax: random.integer(1, 8), windowMessagesMax: random.integer(1, 4) } : {};
  return {
    seed,
    nodes,
    clients: profile.clients,
    callsPerSecond: profile.callsPerSecond,
    durationMs: profile.durationMs,
    options: { electionTimeoutMs, ...snapshots, ...margin, ...batch, ...profile.options },
    encode: random.next() < 0.1,
    faults: faults.toSorted((a, b) => a.atMs - b.atMs),
  };
}

function draw(kind: FaultKind, atMs: number, random: SeededRandom, nodes: readonly NodeId[], t: number): Fault[] {
  const node = pick(random, nodes);
  const others = nodes.filter((id) => id !== node);
  const other = pick(random, others);
  const forMs = t * 0.2 * 60 ** random.next();
  const lasting = (act: FaultAct, ms = forMs): Fault[] => [{ atMs, forMs: ms, act }];
  switch (kind) {
    case "crash":
    case "crash-in-io":
      return lasting({ kind, node }, t * 0.02 * 300 ** random.next());
    case "crash-all":
      return lasting({ kind }, t * 0.05 * 40 ** random.next());
    case "pause":
      return lasting({ kind, node }, t * 0.1 * 100 ** random.next());
    case "clock-rate":
      return lasting({ kind, node, rate: 0.5 * 4 ** random.next() }, t * 0.1);
    case "wall-jump":
      return lasting({ kind, node, jumpMs: random.integer(-3_600_000, 3_600_000) }, 0);
    case "cut":
    case "half-open":
      return lasting({ kind, from: node, to: other });
    case "isolate":
      return lasting({ kind, node });
    case "split":
      return lasting({ kind, side: nodes.filter(() => random.next() < 0.5) });
    case "bridge":
      return lasting({ kind, node, side: others.filter(() => random.next() < 0.5) });
    case "ring":
      return lasting({ kind });
    case "noise": {
      const [drop, duplicate, reorder, late] = [0.3, 0.5, 0.5, 0.5].map((most) => most * random.next() ** 2);
      return lasting({ kind, drop, duplicate, reorder, late } as FaultAct, forMs * 2);
    }
    case "slow-link":
      return lasting({ kind, from: node, to: other, slowMs: t * 0.05 * 60 ** random.next() });
    case "reset":
      return lasting({ kind, node, peer: other }, 0);
    case "slow-disk": {
      const low = 1 * 1_000 ** random.next();
      return lasting({ kind, node, rangeMs: [low, Math.min(30_000, low * 30 ** random.next())] });
    }
    case "disk-fault":
      return lasting(
        { kind, node, fault: pick(random, ["EIO", "ENOSPC", "failed-sync", "short-write"] as const) },
        t * 0.1 * 30 ** random.next(),
      );
    case "snapshot":
      return lasting({ kind, node }, 0);
    case "transfer":
      return lasting({ kind, to: node }, 0);
    case "graceful-restart":
      return lasting({ kind, node }, t * 0.1 * 10 ** random.next());
    case "change": {
      const mixed = shuffled(random, nodes);
      const count = random.integer(Math.min(2, nodes.length), nodes.length);
      const learners = mixed.slice(count).filter(() => random.next() < 0.5);
      return lasting({ kind, voters: mixed.slice(0, count).toSorted(), learners: learners.toSorted() }, 0);
    }
    default:
      return kind satisfies never;
  }
}

function pick<T>(random: SeededRandom, from: readonly T[]): T {
  return from[random.integer(0, from.length - 1)] as T;
}

function shuffled<T>(random: SeededRandom, items: readonly T[]): T[] {
  const mixed = items.slice();
  for (let at = mixed.length - 1; at > 0; at--) {
    const other = random.integer(0, at);
    [mixed[at], mixed[other]] = [mixed[other] as T, mixed[at] as T];
  }
  return mixed;
}

const exponential = (random: SeededRandom): number => -Math.log(1 - random.next());
