import type { Consistency } from "@hexraft/core";
import type { LogIndex } from "@hexraft/core/ports";
import type { SeededRandom } from "../../time/seeded-random.js";

/**
 * What a service should do, told as simply as it can be: one state, one command after another. The simulator holds what
 * clients were told against it.
 */
export interface Model<State = unknown, Command = unknown, Query = unknown> {
  /** The state before the first command. */
  initial(): State;
  /** The state after a command, and its result; `at` is where it stands in the log. Must not change `state`. */
  apply(state: State, command: Command, at: Place): ModelStep<State>;
  /** The answer to a query. */
  read(state: State, query: Query): unknown;
  /** Whether what the service said is what the model says. Default: equal in all they hold. */
  same?(said: unknown, expected: unknown): boolean;
}

/** Where a command stands in the log. */
export interface Place {
  /** Its index. */
  readonly index: LogIndex;
  /** C03: its log time, ms. It never goes back. */
  readonly logTimeMs: number;
}

/** What a model says to one command. */
export interface ModelStep<State = unknown> {
  /** The state afterwards. */
  readonly state: State;
  /** What its caller hears. */
  readonly result: unknown;
}

/** What a client does next. */
export type ClientAct<Command = unknown, Query = unknown> =
  | {
      /** A change. */
      readonly kind: "apply";
      /** Which. */
      readonly command: Command;
    }
  | {
      /** A read. */
      readonly kind: "read";
      /** Of what. */
      readonly query: Query;
      /** How new the answer must be. Default: linearizable. */
      readonly consistency?: Consistency;
    };

/** Draws what a client does next; `next()` is uniform in [0, 1), `integer(low, high)` includes both. */
export type Workload<Command = unknown, Query = unknown> = (
  random: Pick<SeededRandom, "next" | "integer">,
  client: number,
  turn: number,
) => ClientAct<Command, Query>;
