import { type Codec, isName, RaftError, type StateMachine } from "@hexraft/core/ports";

/** One of several state machines of a group. */
export interface Part<Command = unknown, Result = unknown, Query = unknown, Answer = unknown> {
  /** Makes one, for one node. */
  readonly stateMachine: () => StateMachine<Query, Answer>;
  /** Lays out what its users say and hear. It holds no state, and serves all nodes. */
  readonly codec: Codec<Command, Result>;
}

/** State machines by their names, which are in the log and in snapshots: a name stays for ever. */
export type Parts = Readonly<Record<string, Part>>;

/** What one of the parts is told. */
export type CommandOf<P> = P extends Part<infer Command> ? Command : never;
/** What one of the parts returns. */
export type ResultOf<P> = P extends Part<unknown, infer Result> ? Result : never;
/** What one of the parts is asked. */
export type QueryOf<P> = P extends Part<unknown, unknown, infer Query> ? Query : never;
/** What one of the parts answers. */
export type AnswerOf<P> = P extends Part<unknown, unknown, unknown, infer Answer> ? Answer : never;

/** F04: a command, and whose it is. */
export type ComposedCommand<P extends Parts> = {
  readonly [Name in keyof P & string]: {
    /** Name of the part. */
    readonly to: Name;
    /** What it is told. */
    readonly command: CommandOf<P[Name]>;
  };
}[keyof P & string];

/** F04: a query, and whose it is. */
export type ComposedQuery<P extends Parts> = {
  readonly [Name in keyof P & string]: {
    /** Name of the part. */
    readonly to: Name;
    /** What it is asked. */
    readonly query: QueryOf<P[Name]>;
  };
}[keyof P & string];

/** What a part's command resulted in, and which part it was. A `Rejected` comes without. */
export class PartResult<P extends Parts = Parts> {
  /** Equal on every replica. */
  constructor(
    /** Name of the part. */
    readonly from: keyof P & string,
    /** As the part returned it. */
    readonly result: ResultOf<P[keyof P & string]>,
  ) {}
}

/** Most state machines in one group. */
export const PARTS_MAX = 255;

/** Says what makes a part, so that its types are known. */
export const part = <Command, Result, Query, Answer>(
  stateMachine: () => StateMachine<Query, Answer>,
  codec: Codec<Command, Result>,
): Part<Command, Result, Query, Answer> => ({ stateMachine, codec });

/** O05. @throws RaftError `BadOption` if there is no part, there are too many, or a name is none. */
export function checkParts(parts: Parts): void {
  const names = Object.keys(parts);
  if (names.length === 0 || names.length > PARTS_MAX)
    throw bad("parts", names.length, `must be from 1 to ${PARTS_MAX} state machines`);
  const wrong = names.find((name) => !isName(name));
  if (wrong !== undefined) throw bad("name", wrong, "must be 1–64 characters of A–Z a–z 0–9 . _ -");
}

/** The part that a command or query names. @throws RaftError `BadCommand`. */
export function partNamed(parts: Parts, name: unknown): Part {
  const found = typeof name === "string" && Object.hasOwn(parts, name) ? parts[name] : undefined;
  if (found !== undefined) return found;
  const known = Object.keys(parts).join(", ");
  throw new RaftError(
    "BadCommand",
    "refused",
    `There is no state machine ${JSON.stringify(name)} here; known are ${known}.`,
  );
}

/** An option that cannot be. */
export function bad(field: string, value: unknown, rule: string): RaftError {
  const message = `option ${field} of composed is ${JSON.stringify(value)}, but it ${rule}`;
  return new RaftError("BadOption", "refused", message, { field, value, rule });
}
