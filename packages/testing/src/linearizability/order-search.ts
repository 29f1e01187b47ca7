import { canonicalText } from "./canonical-text.js";
import type { CompletedOperation, PossibleOperation } from "./history.js";
import { SeenConfigurations } from "./seen-configurations.js";
import { ANY_RESULT, IMPOSSIBLE, type SequentialModel } from "./sequential-model.js";

/** Bounds of a search that was given none. */
export interface SearchBounds {
  readonly stepsMax: number;
  readonly configurationsMax: number;
  readonly isOverdue: () => boolean;
}

/** How far some order came that could not be continued. */
export interface LongestOrder {
  /** Positions of the operations, in that order. */
  readonly order: readonly number[];
  /** The model's text of the state it leads to. */
  readonly state: string;
}

export type SearchResult =
  | { readonly kind: "found"; readonly order: readonly number[] }
  /** `blocker`: the first operation whose answer no order explains. */
  | { readonly kind: "none"; readonly blocker: number; readonly longest: readonly LongestOrder[] }
  | { readonly kind: "undecided"; readonly reason: string };

/** Longest orders that are kept as evidence. */
const LONGEST_MAX = 4;
/** A set of operations done, the state they lead to, and what may come next. */
interface Configuration<State> {
  /** The operation that led here, or −1. */
  readonly by: number;
  readonly state: State;
  readonly key: string;
  /** What may come next, the most pressing first. */
  readonly candidates: readonly number[];
  tried: number;
}

/**
 * The search of Wing and Gong with Lowe's memory: an operation can come next if nobody who is still to come returned
 * before it was called. It is depth-first; a set of operations done that led to the same state once before is not tried
 * again. What keeps it short:
 *
 * - A read that fits now comes now: any order that has it later can have it here.
 * - Whoever returned first is tried first.
 * - Operations without an answer are tried last, since most of them never mattered; not at all where they would change
 *   nothing, nor what comes next, or while an equal one that was called earlier is still free. An order is complete
 *   without them.
 */
export class OrderSearch<State, Operation, Result> {
  private readonly completed: number[] = [];
  private readonly open: number[] = [];
  /** Of each open operation: the equal one that was called just before, or −1. */
  private readonly twinBefore = new Map<number, number>();
  /** Calls and returns of completed operations in time, as a list from which done ones are taken out. */
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly rank: Int32Array;
  private readonly head: number;
  private readonly isDone: Uint8Array;
  private readonly isReadOnly: Uint8Array;
  private readonly seen: SeenConfigurations;
  private readonly path: Configuration<State>[] = [];
  private left: number;
  private furthest = -1;
  private blocker = -1;
  private longest: LongestOrder[] = [];
  /** Times that the model was asked. */
  steps = 0;

  /** @param operations - by the time of their calls. */
  constructor(
    private readonly model: SequentialModel<State, Operation, Result>,
    private readonly operations: readonly PossibleOperation<Operation, Result>[],
    private readonly bounds: SearchBounds,
  ) {
    const count = operations.length;
    operations.forEach(({ outcome }, at) => (outcome === "ok" ? this.completed : this.open).push(at));
    this.left = this.completed.length;
    this.head = 2 * count;
    this.next = new Int32Array(2 * count + 1).fill(-1);
    this.previous = new Int32Array(2 * count + 1).fill(-1);
    this.rank = new Int32Array(2 * count + 1);
    this.isDone = new Uint8Array(count);
    this.isReadOnly = Uint8Array.from(operations, (each) =>
      Number(each.outcome === "ok" && model.isReadOnly?.(each.operation, each.result) === true),
    );
    this.seen = new SeenConfigurations(this.completed, this.open);
    this.linkEvents();
    this.findTwins();
  }

  /** Configurations remembered. */
  get configurations(): number {
    return this.seen.size;
  }

  run(): SearchResult {
    const initial = this.model.initial();
    this.enter(-1, initial, this.model.keyOf(initial));
    while (this.left > 0) {
      const here = this.path[this.path.length - 1];
      if (here === undefined) return { kind: "none", blocker: this.blocker, longest: this.longest };
      const candidate = here.candidates[here.tried++];
      if (candidate === undefined) {
        this.noteBlocked(here.key);
        this.path.pop();
        if (here.by >= 0) this.restore(here.by);
        continue;
      }
      const tired = this.whyStop();
      if (tired !== undefined) return { kind: "undecided", reason: tired };
      this.try(here, candidate);
    }
    return { kind: "found", order: this.order() };
  }

  private try(here: Configuration<State>, candidate: number): void {
    const after = this.ask(here.state, candidate);
    if (after === IMPOSSIBLE) return;
    const key = this.model.keyOf(after);
    if (key === here.key && this.isOpen(candidate)) return;
    if (this.isOpen(here.by) && !this.needs(candidate, key)) return;
    if (!this.seen.add(candidate, key)) return;
    this.take(candidate);
    this.enter(candidate, after, key);
  }

  /** Whether the open operation that led here matters to this one. If not, the same comes of it without. */
  private needs(candidate: number, key: string): boolean {
    const before = this.path[this.path.length - 2] as Configuration<State>;
    const without = this.ask(before.state, candidate);
    return without === IMPOSSIBLE || this.model.keyOf(without) !== key;
  }

  private enter(by: number, state: State, key: string): void {
    this.path.push({ by, state, key, candidates: this.left > 0 ? this.candidates(state) : [], tried: 0 });
  }

  /** What was called before the first return, is not done, and may come next: a read that fits, or else all others. */
  private candidates(state: State): number[] {
    const count = this.operations.length;
    const answered: number[] = [];
    let at = this.next[this.head] as number;
    for (; at < count; at = this.next[at] as number) {
      if (this.isReadOnly[at] === 0) answered.push(at);
      else if (this.ask(state, at) !== IMPOSSIBLE) return [at];
    }
    answered.sort((a, b) => (this.rank[a + count] as number) - (this.rank[b + count] as number));
    const limit = (this.operations[at - count] as CompletedOperation<unknown, unknown>).returnedAt;
    for (const each of this.open) {
      if ((this.operations[each] as PossibleOperation<Operation, Result>).calledAt > limit) break;
      const twin = this.twinBefore.get(each) ?? -1;
      if (this.isDone[each] === 0 && (twin < 0 || this.isDone[twin] === 1)) answered.push(each);
    }
    return answered;
  }

  private order(): number[] {
    return this.path.flatMap(({ by }) => (by < 0 ? [] : [by]));
  }

  private isOpen(operation: number): boolean {
    return this.operations[operation]?.outcome === "unknown";
  }

  private ask(state: State, at: number): State | typeof IMPOSSIBLE {
    this.steps++;
    const operation = this.operations[at] as PossibleOperation<Operation, Result>;
    return this.model.step(state, operation.operation, operation.outcome === "ok" ? operation.result : ANY_RESULT);
  }

  private whyStop(): string | undefined {
    if (this.steps > this.bounds.stepsMax) return `stepsMax, ${this.bounds.stepsMax} steps of the model, is used up`;
    if (this.seen.size >= this.bounds.configurationsMax)
      return `configurationsMax, ${this.bounds.configurationsMax} configurations remembered, is used up`;
    if (this.bounds.isOverdue()) return "timeoutMs has passed";
    return undefined;
  }

  /** Nothing more can come before the first return: remembers the orders that came furthest. */
  private noteBlocked(key: string): void {
    let at = this.next[this.head] as number;
    while (at < this.operations.length) at = this.next[at] as number;
    const rank = this.rank[at] as number;
    if (rank < this.furthest) return;
    const known = this.longest[0]?.order.length ?? -1;
    const length = this.path.length - 1;
    if (rank > this.furthest || length > known) this.longest = [];
    else if (length < known || this.longest.length >= LONGEST_MAX) return;
    this.furthest = rank;
    this.blocker = at - this.operations.length;
    if (!this.longest.some(({ state }) => state === key)) this.longest.push({ order: this.order(), state: key });
  }

  private take(operation: number): void {
    this.isDone[operation] = 1;
    this.seen.toggle(operation);
    if (this.isOpen(operation)) return;
    this.left--;
    this.unlink(operation);
    this.unlink(operation + this.operations.length);
  }

  private restore(operation: number): void {
    this.isDone[operation] = 0;
    this.seen.toggle(operation);
    if (this.isOpen(operation)) return;
    this.left++;
    this.relink(operation + this.operations.length);
    this.relink(operation);
  }

  private unlink(at: number): void {
    const before = this.previous[at] as number;
    const after = this.next[at] as number;
    this.next[before] = after;
    if (after >= 0) this.previous[after] = before;
  }

  private relink(at: number): void {
    const before = this.previous[at] as number;
    const after = this.next[at] as number;
    this.next[before] = at;
    if (after >= 0) this.previous[after] = at;
  }

  /** A call is event `position`, its return `position + count`. At one instant calls come first: that is overlapping. */
  private linkEvents(): void {
    const count = this.operations.length;
    const events = this.completed.flatMap((at) => {
      const { calledAt, returnedAt } = this.operations[at] as CompletedOperation<Operation, Result>;
      return [
        { event: at, time: calledAt },
        { event: at + count, time: returnedAt },
      ];
    });
    events.sort((a, b) => a.time - b.time || Number(a.event >= count) - Number(b.event >= count) || a.event - b.event);
    let before = this.head;
    events.forEach(({ event }, position) => {
      this.next[before] = event;
      this.previous[event] = before;
      this.rank[event] = position;
      before = event;
    });
  }

  private findTwins(): void {
    const newest = new Map<string, number>();
    for (const at of this.open) {
      const text = canonicalText(this.operations[at]?.operation);
      this.twinBefore.set(at, newest.get(text) ?? -1);
      newest.set(text, at);
    }
  }
}
