import { ContainerModule, type ServiceIdentifier } from "inversify";

/** One call of a port, before it is done. */
export interface FaultyCall<Args extends readonly unknown[], Result> {
  /** Which call of this method it is, counted from 1 on. */
  readonly number: number;
  /** What it was called with. */
  readonly args: Args;
  /** Does it, with other arguments if some are given. May be called never, once or twice. */
  readonly proceed: (...args: Args | []) => Result;
}

/** What becomes of the calls of one method. */
export type Fault<Args extends readonly unknown[], Result> = (call: FaultyCall<Args, Result>) => Result;

/** For each method of a port that shall misbehave: how. The others work as they are. */
export type FaultPlan<Port> = {
  readonly [Name in keyof Port]?: NonNullable<Port[Name]> extends (...args: infer Args) => infer Result
    ? Fault<Args, Result>
    : never;
};

/**
 * The adapter of any port, with faults: each method in the plan is called through its fault, which may fail, hold, lose,
 * double or change the call. {@link failing} and its neighbours are the usual ones.
 *
 * @example
 * ```ts
 * const storage = faulty(new MemoryLogStorage(disk), { write: failing(nth(3), new Error("EIO")) });
 * const clock = faulty(host.clock, { wall: ({ proceed }) => proceed() + 3_600_000 });
 * ```
 */
export function faulty<Port extends object>(port: Port, plan: FaultPlan<Port>): Port {
  const calls = new Map<PropertyKey, number>();
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      // The adapter's own `this`: private fields live there, and calls among its own methods are none of the plan's.
      const proceed = (args: readonly unknown[]): unknown => Reflect.apply(member, target, args);
      const fault = plan[name as keyof Port] as Fault<readonly unknown[], unknown> | undefined;
      if (fault === undefined) return (...args: readonly unknown[]) => proceed(args);
      return (...args: readonly unknown[]) => {
        const number = (calls.get(name) ?? 0) + 1;
        calls.set(name, number);
        return fault({ number, args, proceed: (...others) => proceed(others.length === 0 ? args : others) });
      };
    },
  });
}

/**
 * Gives the adapter that a node's other modules bind to this port these faults: no line of theirs changes.
 *
 * @example
 * ```ts
 * await createNode(options, [..., fileStorage(...), withFaults(LogStorage, { write: failing(nth(3), new Error("EIO")) })]);
 * ```
 */
export function withFaults<Port extends object>(port: ServiceIdentifier<Port>, plan: FaultPlan<Port>): ContainerModule {
  return new ContainerModule(({ onActivation }) => {
    onActivation(port, (_context, adapter) => faulty(adapter, plan));
  });
}
