import {
  EntryType,
  FRESH_HARD_STATE,
  type HardState,
  LOG_START,
  type LogBlock,
  type LogId,
  type LogIndex,
  type OpenLog,
  type Term,
  type TermRun,
} from "@hexraft/core/ports";

/** The layout of database and records. */
export const FORMAT = 1;

/** Who the replica is, and where its log begins and ends: the record `replica`, part of every transaction. */
export interface Replica {
  readonly format: number;
  readonly nodeId: string;
  readonly groupId: string;
  readonly directoryId: string;
  readonly incarnation: string;
  /** Empty until adopted. */
  readonly clusterId: string;
  /** T11. */
  readonly startNumber: number;
  readonly hardState: HardState;
  readonly commitHint: LogIndex;
  readonly base: LogId;
  readonly last: LogId;
}

/** What of the log must be known before its blocks are read: the record `shape`, written when it changes. */
export interface Shape {
  /** Terms of base + 1 … last. */
  readonly runs: readonly TermRun[];
  /** Configuration entries in base + 1 … last, ascending. */
  readonly configurationIndices: readonly LogIndex[];
}

/** Both: everything about a replica but its entries. A value; each change makes a new one. */
export interface LogState {
  readonly replica: Replica;
  readonly shape: Shape;
}

const EMPTY: Shape = { runs: [], configurationIndices: [] };

/** E01: a replica that has never run. */
export function newborn({ nodeId, groupId, newDirectoryId, newIncarnation }: OpenLog): LogState {
  const who = { format: FORMAT, nodeId, groupId, directoryId: newDirectoryId, incarnation: newIncarnation };
  const log = { hardState: FRESH_HARD_STATE, commitHint: 0, base: LOG_START, last: LOG_START };
  return { replica: { ...who, clusterId: "", startNumber: 0, ...log }, shape: EMPTY };
}

/** Other facts, same entries. */
export const withFacts = ({ replica, shape }: LogState, facts: Partial<Replica>): LogState => ({
  replica: { ...replica, ...facts },
  shape,
});

/** S05: the log begins anew after `base`. */
export const reset = (state: LogState, base: LogId): LogState => ({
  replica: { ...state.replica, base, last: base },
  shape: EMPTY,
});

/** Entries from `from` on are gone. */
export function truncated(state: LogState, from: LogIndex): LogState {
  const { replica, shape } = state;
  return {
    replica: { ...replica, last: { index: from - 1, term: termAt(state, from - 1) } },
    shape: {
      runs: shape.runs.filter(({ first }) => first < from),
      configurationIndices: shape.configurationIndices.filter((index) => index < from),
    },
  };
}

/** One block more. The shape stays the same object unless it changed. */
export function appended({ replica, shape }: LogState, block: LogBlock): LogState {
  if (block.first !== replica.last.index + 1)
    throw new Error(`a block that begins at ${block.first} does not continue a log that ends at ${replica.last.index}`);
  const isNewTerm = shape.runs.at(-1)?.term !== block.term;
  const found: LogIndex[] = [];
  for (let index = block.first; index <= block.last; index++)
    if (block.typeAt(index) === EntryType.configuration) found.push(index);
  const runs = isNewTerm ? [...shape.runs, { first: block.first, term: block.term }] : shape.runs;
  const isSame = !isNewTerm && found.length === 0;
  const next = isSame ? shape : { runs, configurationIndices: [...shape.configurationIndices, ...found] };
  return { replica: { ...replica, last: block.lastId }, shape: next };
}

/** L08: entries up to `index` are gone; it is below the end of the log, or is it. */
export function compacted(state: LogState, index: LogIndex): LogState {
  const { replica, shape } = state;
  const next = { first: index + 1, term: termAt(state, index + 1) };
  const later = shape.runs.filter(({ first }) => first > index + 1);
  return {
    replica: { ...replica, base: { index, term: termAt(state, index) } },
    shape: {
      runs: index < replica.last.index ? [next, ...later] : [],
      configurationIndices: shape.configurationIndices.filter((each) => each > index),
    },
  };
}

/** Term of an entry from the base to the last one. */
function termAt({ replica, shape }: LogState, index: LogIndex): Term {
  return shape.runs.findLast(({ first }) => first <= index)?.term ?? replica.base.term;
}
