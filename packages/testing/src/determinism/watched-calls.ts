import { builtin } from "./builtin.js";
import type { NondeterminismKind } from "./nondeterminism.js";

/**
 * Hears of every call, by whomever, and makes it.
 *
 * @param caller - the function that it came through: a stack is told from there on.
 * @param proceed - makes the call.
 */
export type CallHeard = (kind: NondeterminismKind, call: string, caller: Callable, proceed: () => unknown) => unknown;

type Callable = (...args: readonly never[]) => unknown;

/** A function that has another answer each time, where it is found. */
interface Place {
  readonly holder: object;
  readonly name: string;
  readonly call: string;
  readonly kind: NondeterminismKind;
}

const TIMERS = ["setTimeout", "setInterval", "setImmediate"];

function places(): readonly Place[] {
  const all = (
    kind: NondeterminismKind,
    holder: object | undefined,
    prefix: string,
    names: readonly string[],
  ): readonly Place[] =>
    names.flatMap((name) =>
      holder !== undefined && typeof Reflect.get(holder, name) === "function"
        ? [{ holder, name, call: `${prefix}${name}`, kind }]
        : [],
    );
  const { process, performance, crypto } = globalThis;
  return [
    ...all("asked", Date, "Date.", ["now"]),
    ...all("asked", globalThis, "", ["Date", "fetch"]),
    ...all("asked", performance, "performance.", ["now"]),
    ...all("asked", process?.hrtime, "process.hrtime.", ["bigint"]),
    ...all("asked", process, "process.", ["hrtime"]),
    ...all("asked", Math, "Math.", ["random"]),
    ...all("asked", crypto, "crypto.", ["randomUUID", "getRandomValues"]),
    ...all("asked", builtin("node:crypto"), "crypto.", ["randomUUID", "randomBytes", "randomInt", "randomFillSync"]),
    ...all("began", globalThis, "", ["queueMicrotask", ...TIMERS]),
    ...all("began", builtin("node:timers"), "", TIMERS),
    ...all("began", builtin("node:timers/promises"), "", TIMERS),
    ...all("began", process, "process.", ["nextTick"]),
  ];
}

/**
 * The functions whose answers differ between replicas, each replaced by one that does the same and is heard of: as long as somebody
 * holds them. Who imported one of Node.js by its name calls the replaced one, too.
 */
export class WatchedCalls {
  private holders = 0;
  private restores: readonly (() => void)[] = [];

  constructor(private readonly heard: CallHeard) {}

  /** Replaces them, unless they are. @returns to be called once: the last one puts all of them back. */
  hold(): () => void {
    if (this.holders++ === 0) this.replaceAll();
    return () => {
      if (--this.holders === 0) this.restoreAll();
    };
  }

  private replaceAll(): void {
    this.restores = places().map((place) => this.replace(place));
    builtin("node:module")?.syncBuiltinESMExports();
  }

  private restoreAll(): void {
    for (const restore of this.restores.toReversed()) restore();
    this.restores = [];
    builtin("node:module")?.syncBuiltinESMExports();
  }

  private replace({ holder, name, call, kind }: Place): () => void {
    const original = Reflect.get(holder, name) as Callable;
    const own = Reflect.getOwnPropertyDescriptor(holder, name);
    const { heard } = this;
    const isDate = original === (Date as unknown);
    const apply = (target: Callable, self: unknown, args: readonly unknown[]): unknown =>
      heard(kind, isDate ? "Date()" : call, apply, () => Reflect.apply(target, self, args));
    const construct = (target: Callable, args: readonly unknown[], newTarget: Callable): object => {
      const made = (): object => Reflect.construct(target, args, newTarget) as object;
      // A date that somebody says is the same everywhere.
      return args.length > 0 ? made() : (heard(kind, `new ${call}()`, construct, made) as object);
    };
    const value = new Proxy(original, { apply, construct });
    Reflect.defineProperty(holder, name, {
      value,
      configurable: true,
      enumerable: own?.enumerable ?? true,
      writable: true,
    });
    return () => {
      if (own === undefined) Reflect.deleteProperty(holder, name);
      else Reflect.defineProperty(holder, name, own);
    };
  }
}
