import type { NodeId } from "@hexraft/core/ports";
import { SeededRandom } from "../../time/seeded-random.js";
import { exponential, pick, scaled, shuffled } from "../chance.js";
import { type Fault, type FaultAct, type FaultKind, LOSSES } from "./fault.js";
import type { Plan, Profile } from "./plan.js";

/** Draws the plan of a seed: which kinds of faults, how often, how hard, when and where. */
export function planOf(seed: number, profile: Profile): Plan {
  const random = new SeededRandom(`${profile.name}/${seed}/plan`);
  const size = pick(random, profile.nodes);
  const nodes = Array.from({ length: size }, (_, i) => `n${i + 1}`);
  const electionTimeoutMs = pick(random, profile.electionTimeoutMs);
  const rates = profile.clockRates ?? CLOCK_RATES;
  const losers = losersOf(seed, profile, nodes);
  const witnesses = witnessesOf(seed, profile, losers.length > 0 ? losers : nodes);
  const usesSessions = isChosen("sessions", seed, profile, profile.sessionsEvery);
  const upgrades = !usesSessions && isChosen("upgrades", seed, profile, profile.upgradesEvery);
  const faults = profile.kinds.flatMap((kind) => {
    // Drawn for every kind, so that one kind more or less leaves the others' schedules as they are.
    const own = new SeededRandom(`${profile.name}/${seed}/${kind}`);
    if (!isOn(kind, seed, profile)) return [];
    const meanMs = meanOf(kind, profile);
    const everyMs = scaled(own, meanMs / 4, meanMs * 4);
    const found: Fault[] = [];
    for (let atMs = everyMs * exponential(own); atMs < profile.durationMs; atMs += everyMs * exponential(own))
      found.push(...draw(kind, atMs, own, { nodes, losers, t: electionTimeoutMs, rates }));
    return found;
  });
  // A log that is soon cut right behind a snapshot is what leaves a slow follower no choice but an install.
  const isTight = isOn("tight logs", seed, profile);
  const snapshots = isTight ? { snapshotEveryEntries: random.integer(4, 30) } : {};
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
    ...(profile.safetyOnly === true && { safetyOnly: true }),
    ...(profile.readsVary === true && { readsVary: true }),
    ...(witnesses.length > 0 && { witnesses }),
    ...(usesSessions && { usesSessions }),
    ...(upgrades && { upgrades }),
    encode: random.next() < 0.1,
    late: random.next() < 0.5 ? 0 : random.next(),
    faults: faults.toSorted((a, b) => a.atMs - b.atMs),
  };
}

/** Clocks that no protocol may rely on. */
const CLOCK_RATES = [0.5, 2] as const;
/** They come so many times more seldom than others: what is lost takes time to come back. */
const RARER = 2;

function meanOf(kind: FaultKind, { always, everyMs }: Profile): number {
  if (always?.kinds.includes(kind) === true) return always.everyMs;
  return LOSSES.includes(kind) ? everyMs * RARER : everyMs;
}

/** Who may lose data, ever: a minority, or everybody, where only safety is asked for. */
function losersOf(seed: number, profile: Profile, nodes: readonly NodeId[]): readonly NodeId[] {
  if (profile.safetyOnly === true) return nodes;
  const random = new SeededRandom(`${profile.name}/${seed}/losers`);
  const isAnyOn = profile.kinds.some((kind) => LOSSES.includes(kind) && isOn(kind, seed, profile));
  return isAnyOn ? shuffled(random, nodes).slice(0, (nodes.length - 1) >> 1) : [];
}

/**
 * M12: a witness may hold the only other copy of what is committed, and its copy has no payload: it is one of those who may lose
 * data, so that those who do not are enough without it.
 */
function witnessesOf(seed: number, profile: Profile, among: readonly NodeId[]): readonly NodeId[] {
  if (!isChosen("witness", seed, profile, profile.witnessEvery)) return [];
  return [pick(new SeededRandom(`${profile.name}/${seed}/witness`), among)];
}

/** Where faults are drawn for. */
interface Scene {
  readonly nodes: readonly NodeId[];
  /** Who may lose data. */
  readonly losers: readonly NodeId[];
  /** T, ms. */
  readonly t: number;
  /** How fast clocks go. */
  readonly rates: readonly [number, number];
}

function draw(kind: FaultKind, atMs: number, random: SeededRandom, { nodes, losers, t, rates }: Scene): Fault[] {
  const node = pick(random, nodes);
  const others = nodes.filter((id) => id !== node);
  const other = pick(random, others);
  const forMs = scaled(random, t * 0.2, t * 12);
  const lasting = (act: FaultAct, ms = forMs): Fault[] => [{ atMs, forMs: ms, act }];
  switch (kind) {
    case "crash":
    case "crash-in-io":
      return lasting({ kind, node }, scaled(random, t * 0.02, t * 6));
    case "crash-all":
      return lasting({ kind }, scaled(random, t * 0.05, t * 2));
    case "pause":
      return lasting({ kind, node }, scaled(random, t * 0.1, t * 10));
    case "clock-rate":
      return lasting({ kind, node, rate: scaled(random, ...rates) }, t * 0.1);
    case "clock-freeze":
      return lasting({ kind, node }, scaled(random, t * 0.1, t * 5));
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
      const share = (most: number): number => most * random.next() * random.next();
      const act: FaultAct = { kind, drop: share(0.3), duplicate: share(0.5), reorder: share(0.5), late: share(0.9) };
      return lasting(act, forMs * 2);
    }
    case "slow-link":
      return lasting({ kind, from: node, to: other, slowMs: scaled(random, t * 0.05, t * 3) });
    case "reset":
      return lasting({ kind, node, peer: other }, 0);
    case "slow-disk": {
      const low = scaled(random, 1, 1_000);
      return lasting({ kind, node, rangeMs: [low, Math.min(30_000, scaled(random, low, low * 30))] });
    }
    case "disk-fault":
      return lasting(
        { kind, node, fault: pick(random, ["EIO", "ENOSPC", "failed-sync", "short-write"] as const) },
        scaled(random, t * 0.1, t * 3),
      );
    case "wipe":
      return lasting({ kind, node: pick(random, losers) }, scaled(random, t * 0.02, t * 6));
    case "rot": {
      const how = pick(random, ["bit-rot", "zeroed-block", "misdirected-write", "lost-write"] as const);
      return lasting({ kind, node: pick(random, losers), how }, 0);
    }
    case "restore":
      return lasting({ kind, node: pick(random, losers) }, t);
    case "snapshot":
      return lasting({ kind, node }, 0);
    case "transfer":
      return lasting({ kind, to: node }, 0);
    case "orphaned-change":
      // Long enough for others to elect somebody.
      return lasting({ kind, node }, scaled(random, t * 4, t * 12));
    case "graceful-restart":
      return lasting({ kind, node }, scaled(random, t * 0.1, t));
    case "change": {
      const mixed = shuffled(random, nodes);
      let count = random.integer(Math.min(2, nodes.length), nodes.length);
      // Whoever may lose data is a minority of the voters, too.
      const isSafe = (): boolean => 2 * mixed.slice(0, count).filter((id) => losers.includes(id)).length < count;
      while (!isSafe() && count < mixed.length) count++;
      const learners = mixed.slice(count).filter(() => random.next() < 0.5);
      return lasting({ kind, voters: mixed.slice(0, count).toSorted(), learners: learners.toSorted() }, 0);
    }
    default:
      return kind satisfies never;
  }
}

/** Half of all kinds are on, and what is off in one seed is on in its neighbour: two seeds show them all. */
function isOn(kind: FaultKind | "tight logs", seed: number, profile: Profile): boolean {
  if (profile.always?.kinds.some((other) => other === kind) === true) return true;
  const isOnInEven = new SeededRandom(`${profile.name}/${seed >> 1}/${kind}/on`).next() < 0.5;
  return isOnInEven === (seed % 2 === 0);
}

/** One of `every` neighbouring seeds, by a chance of its own: nothing else that a seed means depends on it. */
function isChosen(what: "witness" | "sessions" | "upgrades", seed: number, { name }: Profile, every = 0): boolean {
  if (every === 0) return false;
  const chosen = new SeededRandom(`${name}/${Math.floor(seed / every)}/${what}/of ${every}`).integer(0, every - 1);
  return seed % every === chosen;
}
