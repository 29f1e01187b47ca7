/** One thing that every adapter of a port must do, as data: no test runner is needed to state it. */
export interface Law {
  /** Begins with the ids of the rules it holds, and says what must be seen: the title of its test. */
  readonly id: string;
  /** What would go wrong in a cluster if an adapter broke it. */
  readonly why: string;
  /** Passes, or throws a `BrokenLaw`. Leaves nothing behind. */
  readonly run: () => Promise<void>;
}
