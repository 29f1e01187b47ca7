import type { Configuration } from "../model/configuration.js";
import type { LogBlock } from "../model/log-block.js";
import { EntryType } from "../model/log-block.js";
import type { LogId, LogIndex, Millis, Term } from "../model/log-id.js";
import type { NodeId } from "../model/node-id.js";
import { token } from "./token.js";

/**
 * The replicated state of a group: what a team writes (sofa-jraft: StateMachine). All calls come one after another, never
 * two at once. `apply` must be deterministic: no clock, no chance, no I/O whose result matters; time is the batch's log time.
 * Nothing it started may still run when `apply` settles. Proved by the StateMachine laws of `@hexraft/testing/conformance`.
 */
export interface StateMachine<Query = unknown, Answer = unknown> {
  /** Called once, first. `appliedIndex` 0: the state is volatile and is rebuilt from snapshot and log (F06). */
  open(): OpenedState | Promise<OpenedState>;
  /**
   * Applies commands in order, each once per start (R14), and returns one result per command: any value, or a
   * {@link Rejected} (F01). A throw is a *fault*: it stops this node's apply at that point (R15).
   */
  apply(batch: CommandBatch): readonly unknown[] | Promise<readonly unknown[]>;
  /** Answers a query from the state as it is; must not change it. */
  read(query: Query): Answer | Promise<Answer>;
  /**
   * S01: begins a snapshot of the state *at the instant of the call*; its bytes may be produced later, while commands are
   * applied, and must not show them.
   */
  snapshotSave(): AsyncIterable<Uint8Array>;
  /** Replaces the whole state by the one that was saved. `formatVersion` is the one it was saved with. A chunk belongs to it. */
  snapshotLoad(
    bytes: AsyncIterable<Uint8Array>,
    about: { readonly id: LogId; readonly formatVersion: number },
  ): Promise<void>;
  /**
   * S04: if given, `snapshotLoad` looks at no more than the last so many bytes of what it took once it asks for more, and what stood before
   * them may be overwritten; 0 for one that takes a chunk apart before it asks for the next. A large state loads faster: its
   * bytes come in the same memory again and again, and the collector has nothing to do.
   */
  readonly snapshotBytesHeldMax?: number;
  /**
   * F05: every member knows this format now, and from here on in the log it may be used; also called before the first command if it is
   * newer than what a group begins with. A state machine that has this method writes no newer format than the one opened last, in
   * commands, results and snapshots alike, and so can be upgraded node by node. One that has not may only be upgraded with all nodes down.
   */
  formatOpened?(formatVersion: number): void;
  /** O06: a hash of the state; equal states give equal hashes, on every replica. */
  stateHash?(): string;
  /** This node leads from now on, and its state is complete up to its own first entry. */
  leaderStart?(term: Term): void;
  /** This node no longer leads. */
  leaderStop?(): void;
  /** This node follows `leader`. */
  startFollowing?(leader: NodeId, term: Term): void;
  /** It no longer does. */
  stopFollowing?(leader: NodeId, term: Term): void;
  /** M01: a configuration was committed (not: appended). */
  configurationCommitted?(configuration: Configuration, index: LogIndex): void;
  /** The node cannot go on. */
  error?(error: Error): void;
  /** The node stopped; nothing is called afterwards. */
  shutdown?(): void | Promise<void>;
}
/** DI token of the port. */
export const StateMachine = token<StateMachine>("StateMachine");

/** What a state machine says when it is opened. */
export interface OpenedState {
  /** F06: the last index its own durable state holds; 0 if it keeps none. */
  readonly appliedIndex: LogIndex;
  /** F05: the newest format of commands and snapshots that it reads and writes; whole number, 1 … 2³² − 1. */
  readonly formatVersion: number;
  /** F05: the one that a new group begins with, if it hears of others by `formatOpened`: the oldest that it still writes. Default 1. */
  readonly firstFormat?: number;
  /** F05, F06: of a durable state: the one that was open at `appliedIndex`, as `formatOpened` said. Default: `firstFormat`. */
  readonly openFormat?: number;
}

/** F01: a command that cannot be done, the same on every replica; the state did not change. Returned, never thrown. */
export class Rejected {
  /** Equal on every replica. */
  constructor(
    /** Short and stable, for programs. */
    readonly code: string,
    /** For people. */
    readonly reason: string,
  ) {}
}

/**
 * Committed commands, in order, as one call gets them (R14). A view over log blocks: payloads are shared with the log and
 * must not be changed; copy what is kept beyond the call if the whole block must not stay in memory with it.
 */
export class CommandBatch {
  /** Commands in it. */
  readonly count: number;

  /** Over the entries `first … last` of these blocks. */
  constructor(
    private readonly blocks: readonly LogBlock[],
    /** Index of the first entry, command or not. */
    readonly first: LogIndex,
    /** Index of the last entry, command or not. */
    readonly last: LogIndex,
  ) {
    let count = 0;
    for (const block of blocks) {
      const end = Math.min(block.last, last);
      for (let index = Math.max(block.first, first); index <= end; index++)
        if (block.typeAt(index) === EntryType.command) count++;
    }
    this.count = count;
  }

  /**
   * Calls `visit` for each command in order.
   *
   * @param visit - gets the payload, the entry's index, its term and its log time in ms (equal on every replica, never falling).
   */
  each(visit: (payload: Uint8Array, index: LogIndex, term: Term, logTimeMs: Millis) => void): void {
    for (const block of this.blocks) {
      const end = Math.min(block.last, this.last);
      for (let index = Math.max(block.first, this.first); index <= end; index++) {
        if (block.typeAt(index) === EntryType.command)
          visit(block.payloadAt(index), index, block.term, block.logTimeMs);
      }
    }
  }

  /** Whether any command begins with this byte, 0 … 255; makes no views, so that asking costs little. */
  someBeginWith(byte: number): boolean {
    for (const block of this.blocks) {
      const end = Math.min(block.last, this.last);
      for (let index = Math.max(block.first, this.first); index <= end; index++)
        if (block.typeAt(index) === EntryType.command && block.firstByteAt(index) === byte) return true;
    }
    return false;
  }

  /** Maps each command to its result, in order: the usual body of `apply`. */
  map<R>(apply: (payload: Uint8Array, index: LogIndex, term: Term, logTimeMs: Millis) => R): R[] {
    const results: R[] = [];
    this.each((payload, index, term, logTimeMs) => results.push(apply(payload, index, term, logTimeMs)));
    return results;
  }
}
