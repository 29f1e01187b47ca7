import type { ContainerModule } from "inversify";
import type { SeededRandom } from "../../time/seeded-random.js";
import type { SimulatedHost } from "./simulated-host.js";
import type { SimulatedTime } from "./simulated-time.js";

/** What a disk can be made to do wrong, once. */
export type DiskFault = "EIO" | "ENOSPC" | "failed-sync" | "short-write";

/**
 * How bytes that are durable, and that a later write sealed (L02), become others: one bit; a sector of zeros; a sector that was meant
 * for elsewhere; or a write that was acknowledged, synced, and never reached the platter.
 */
export type Rot = "bit-rot" | "zeroed-block" | "misdirected-write" | "lost-write";

/** The disk of one node over all its lives, whatever is bound on top of it. */
export interface SimulatedDisk {
  /** Modules that bind LogStorage and SnapshotStorage, for the next life. */
  open(host: SimulatedHost): readonly ContainerModule[];
  /** Power is cut: chance decides what of the writes under way is there afterwards. */
  crash(): void;
  /** Calls `crashed` inside one of the next I/O steps, drawn by chance; from then on nothing of that life is written any more. */
  crashInside(crashed: () => void): void;
  /** From now on making something durable takes so long, ms, drawn anew each time. */
  slow(range: readonly [from: number, to: number]): void;
  /** One of the next calls fails like this. @returns whether this disk can do that. */
  fail(fault: DiskFault): boolean;
  /** No fault any more; what already failed stays failed until the next life. */
  heal(): void;
  /** The longest that a call now under way may still take, ms. */
  readonly longestMs: number;
  /** I12: modules over a copy of what a power cut at this instant would leave at worst: all that is not synced is lost. */
  shadow?(host: SimulatedHost): readonly ContainerModule[];
  /** Changes bytes that are durable and sealed. @returns what was changed, for the trace; empty if nothing could be. */
  rot?(how: Rot): string;
  /** Everything on it is gone, as with a new disk; only while its node is down. */
  wipe?(): void;
  /** Keeps a copy of what is durable now; what is returned puts it back, only while its node is down. */
  copy?(): () => void;
  /** Files still open: none is after a graceful stop (I17). */
  readonly openHandles?: number;
}

/** Makes the disk of one node. */
export type DiskKit = (place: {
  /** The node's name. */
  readonly nodeId: string;
  /** The one clock. */
  readonly time: SimulatedTime;
  /** Chance of this disk alone. */
  readonly random: SeededRandom;
}) => SimulatedDisk;
