import type { CommandBatch, LogIndex } from "@hexraft/core/ports";
import { ownLineOf } from "./stack.js";

/**
 * F07: what makes a replica another one.
 *
 * - `asked`: the clock, chance or the network: every replica is told something else.
 * - `began`: work that comes back later, at another moment on every replica.
 * - `outlived`: work that was begun and still ran when `apply` had settled.
 */
export type NondeterminismKind = "asked" | "began" | "outlived";

/** F07: one thing that `apply` did and no state machine may do. */
export interface Nondeterminism {
  /** What is wrong with it. */
  readonly kind: NondeterminismKind;
  /** What was called, as it is written: `Date.now`, `setTimeout`; of what outlived `apply`, what waited: `await`, `FSREQCALLBACK`. */
  readonly call: string;
  /** First entry of the batch that was applied. */
  readonly first: LogIndex;
  /** Last entry of it. */
  readonly last: LogIndex;
  /** The line that did it, `apply (file:line:column)`: the nearest one that is not the host's own. Empty if the host does not tell. */
  readonly at: string;
  /** All lines on the way there, the nearest first, as the host tells them. */
  readonly stack: string;
  /** All of it in a sentence, without `stack`. */
  readonly text: string;
}

const SAID: Readonly<Record<NondeterminismKind, (call: string) => string>> = {
  asked: (call) => `${call} was asked`,
  began: (call) => `${call} began work that comes back later`,
  outlived: (call) => `work still ran (${call}) when it had settled, begun`,
};

/** Puts together what is told of it. */
export function nondeterminism(
  kind: NondeterminismKind,
  call: string,
  { first, last }: CommandBatch,
  stack: string,
): Nondeterminism {
  const at = ownLineOf(stack);
  const entries = first === last ? `entry ${first}` : `entries ${first}–${last}`;
  const text = `in apply of ${entries} ${SAID[kind](call)} at ${at === "" ? "an unknown line" : at}`;
  return { kind, call, first, last, at, stack, text };
}
