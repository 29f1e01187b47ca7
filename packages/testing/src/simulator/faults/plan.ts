import type { NodeOptions } from "@hexraft/core";
import type { NodeId } from "@hexraft/core/ports";
import type { Fault, FaultKind } from "./fault.js";

/** Everything about a run that is drawn from its seed before it begins: the same plan gives the same run. */
export interface Plan {
  /** What it was drawn from; further chance of the run is drawn from it, too. */
  readonly seed: number;
  /** Names of the nodes. */
  readonly nodes: readonly NodeId[];
  /** How many clients, each with one call at a time. */
  readonly clients: number;
  /** Calls of all clients together in a virtual second. */
  readonly callsPerSecond: number;
  /** The time under faults, virtual ms; the healing comes on top. */
  readonly durationMs: number;
  /** Options of every node. */
  readonly options: Omit<Partial<NodeOptions>, "nodeId" | "groupId">;
  /** Whether every message is laid out as bytes and read again. */
  readonly encode: boolean;
  /** Share of what was said into a connection that breaks, or is dead already, that arrives all the same, late, 0 … 1. Default 0. */
  readonly late?: number;
  /**
   * Whether data may be lost on so many nodes at once that no quorum is left: nobody rejoins, and after the faults only
   * safety is asked for, no sign of life. Default false.
   */
  readonly safetyOnly?: boolean;
  /** Whether clients read in every consistency: leases want clocks that differ no more than nodes were told. Default false. */
  readonly readsVary?: boolean;
  /** M12: nodes that vote and hold no state. They become members after the founding, as operators add them. Default none. */
  readonly witnesses?: readonly NodeId[];
  /** C03: whether clients use sessions, if their world has any. Default false. */
  readonly usesSessions?: boolean;
  /** F05: whether nodes come back with a newer release now and then, if their world has one. Default false. */
  readonly upgrades?: boolean;
  /** The schedule, by time. */
  readonly faults: readonly Fault[];
}

/** What plans are drawn from. */
export interface Profile {
  /** For `--profile`, and to name the seeds' origin. */
  readonly name: string;
  /** Cluster sizes, one drawn. */
  readonly nodes: readonly number[];
  /** How many clients, each with one call at a time. */
  readonly clients: number;
  /** Calls of all clients together in a virtual second. */
  readonly callsPerSecond: number;
  /** Virtual ms under faults. */
  readonly durationMs: number;
  /** T, one drawn, ms. */
  readonly electionTimeoutMs: readonly number[];
  /** Options of every node, beside T. */
  readonly options?: Plan["options"];
  /** What may go wrong: each seed switches on a random subset. */
  readonly kinds: readonly FaultKind[];
  /** Mean time between two faults of a kind that is switched on, virtual ms; each seed draws its own intensity around it. */
  readonly everyMs: number;
  /** Kinds that every seed switches on, and how often they come, virtual ms; faults of the other kinds come beside them. Default none. */
  readonly always?: {
    /** Of {@link Profile.kinds}. */
    readonly kinds: readonly FaultKind[];
    /** Mean time between two of a kind; each seed draws its own around it. */
    readonly everyMs: number;
  };
  /** {@link Plan.safetyOnly}; otherwise a minority of the nodes is all that ever loses data. Default false. */
  readonly safetyOnly?: boolean;
  /** How fast clocks go, as milliseconds of theirs per true one, where they are not right. Default 0.5 … 2. */
  readonly clockRates?: readonly [slowest: number, fastest: number];
  /** {@link Plan.readsVary}. Default false. */
  readonly readsVary?: boolean;
  /** One of so many neighbouring seeds has a witness ({@link Plan.witnesses}). Default: none has. */
  readonly witnessEvery?: number;
  /** Clients of one of so many neighbouring seeds use sessions ({@link Plan.usesSessions}). Default: of none. */
  readonly sessionsEvery?: number;
  /** Nodes of one of so many neighbouring seeds are upgraded ({@link Plan.upgrades}), unless its clients use sessions. Default: of none. */
  readonly upgradesEvery?: number;
  /** What its seeds together must show, by name of a counter: zero of any fails the run. */
  readonly mustShow?: readonly string[];
}
