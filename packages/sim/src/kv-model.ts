import { Rejected } from "@hexraft/core";
import { compareAndSet, del, get, increment, type KvCommand, type KvQuery, put } from "@hexraft/statemachine-kv";
import type { Model, Workload } from "@hexraft/testing/simulator";

/** Keys that are only ever added to. */
export const COUNTERS = ["n0", "n1"] as const;

/** Keys and values as text: as simple as a key-value service can be told. */
export type KvState = ReadonlyMap<string, string>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const text = (bytes: Uint8Array): string => decoder.decode(bytes);
const bytesOrNull = (value: string | undefined): Uint8Array | null =>
  value === undefined ? null : encoder.encode(value);

/** What the key-value service should do with the commands of {@link kvWorkload}. */
export const kvModel: Model<KvState, KvCommand, KvQuery> = {
  initial: () => new Map(),
  apply(state, command) {
    const set = (key: string, value: string | undefined): KvState => {
      const next = new Map(state);
      if (value === undefined) next.delete(key);
      else next.set(key, value);
      return next;
    };
    switch (command.type) {
      case "put":
        return { state: set(text(command.key), text(command.value)), result: { type: "put", done: true } };
      case "delete": {
        const keys = command.keys.map(text);
        const deleted = keys.filter((key) => state.has(key)).length;
        const next = new Map([...state].filter(([key]) => !keys.includes(key)));
        return { state: next, result: { type: "delete", deleted } };
      }
      case "increment": {
        const key = text(command.key);
        const old = state.get(key) ?? "0";
        if (!/^-?\d+$/.test(old))
          return { state, result: new Rejected("NotAnInteger", "the value is not a signed 64-bit integer in decimal") };
        const value = BigInt(old) + command.by;
        return { state: set(key, String(value)), result: { type: "increment", value } };
      }
      case "compareAndSet": {
        const key = text(command.key);
        const held = state.get(key);
        const expected = command.expected === null ? undefined : text(command.expected);
        if (held !== expected)
          return { state, result: { type: "compareAndSet", done: false, actual: bytesOrNull(held) } };
        const value = command.value === null ? undefined : text(command.value);
        return { state: set(key, value), result: { type: "compareAndSet", done: true, actual: null } };
      }
      default:
        throw new Error(`the workload makes no ${command.type}`);
    }
  },
  read(state, query) {
    if (query.type !== "get") throw new Error(`the workload makes no ${query.type}`);
    return { type: "get", value: bytesOrNull(state.get(text(query.key))) };
  },
};

/** A few keys that everybody wants: reads, writes, counters, compare-and-set and removals. */
export const kvWorkload: Workload<KvCommand, KvQuery> = (random, client, turn) => {
  const key = `k${random.integer(0, 4)}`;
  const value = `${client}.${turn}`;
  const dice = random.next();
  if (dice < 0.35) return { kind: "read", query: get(key) };
  if (dice < 0.6) return { kind: "apply", command: put(key, value) };
  if (dice < 0.8)
    return { kind: "apply", command: increment(COUNTERS[random.integer(0, 1)] as string, random.integer(1, 9)) };
  if (dice < 0.83) return { kind: "apply", command: increment(key, 1) };
  if (dice < 0.93)
    return { kind: "apply", command: compareAndSet(key, random.next() < 0.5 ? null : `${client}.${turn - 1}`, value) };
  return { kind: "apply", command: del(key) };
};
