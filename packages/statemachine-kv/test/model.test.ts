import { Rejected } from "@hexraft/core/ports";
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  batch,
  compareAndSet,
  del,
  expire,
  get,
  increment,
  type KvCommand,
  type KvResult,
  type KvSimpleCommand,
  multiPut,
  persist,
  put,
  range,
  scan,
  size,
  ttl,
} from "../src/index.js";
import { collect, Replica, text } from "./support.js";

/** The naive twin: a plain map of strings, with nothing lazy in it. */
class Model {
  constructor(
    public entries = new Map<string, { value: string; deadline: number }>(),
    public now = 0,
  ) {}

  advance(now: number): void {
    this.now = Math.max(this.now, now);
    for (const [key, { deadline }] of this.entries) if (deadline <= this.now) this.entries.delete(key);
  }

  apply(command: KvCommand): unknown {
    if (command.type !== "batch") return this.simple(command);
    const before = new Map(this.entries);
    const results: unknown[] = [];
    for (const each of command.commands) {
      const result = this.simple(each) as { done?: boolean } | "rejected";
      const conditional = each.type === "put" || each.type === "compareAndSet";
      if (result === "rejected" || (conditional && !result.done)) {
        this.entries = before;
        return "rejected";
      }
      results.push(result);
    }
    return { type: "batch", results };
  }

  private simple(command: KvSimpleCommand): unknown {
    const key = "key" in command ? (text(command.key) as string) : "";
    const old = this.entries.get(key);
    const write = (value: string, { ttlMs, keepTtl }: { ttlMs?: number; keepTtl?: true }) =>
      this.entries.set(key, {
        value,
        deadline: ttlMs !== undefined ? this.now + ttlMs : ((keepTtl ? old?.deadline : undefined) ?? Infinity),
      });
    switch (command.type) {
      case "put": {
        const done = command.condition === undefined || (command.condition === "present") === (old !== undefined);
        if (done) write(text(command.value) as string, command);
        return { type: "put", done, ...(command.returnPrevious && { previous: old?.value ?? null }) };
      }
      case "multiPut":
        for (const entry of command.entries)
          this.entries.set(text(entry.key) as string, { value: text(entry.value) as string, deadline: Infinity });
        return { type: "multiPut", written: command.entries.length };
      case "delete":
        return {
          type: "delete",
          deleted: command.keys.filter((each) => this.entries.delete(text(each) as string)).length,
        };
      case "compareAndSet": {
        const done = (old?.value ?? null) === text(command.expected);
        if (done && command.value === null) this.entries.delete(key);
        else if (done) write(text(command.value) as string, command);
        return { type: "compareAndSet", done, actual: done ? null : (old?.value ?? null) };
      }
      case "increment": {
        if (!/^(0|-?[1-9]\d*)$/.test(old?.value ?? "0")) return "rejected";
        const value = BigInt(old?.value ?? "0") + command.by;
        if (BigInt.asIntN(64, value) !== value) return "rejected";
        write(String(value), { keepTtl: true });
        return { type: "increment", value };
      }
      case "expire":
        if (old !== undefined) write(old.value, command);
        return { type: "expire", done: old !== undefined };
      case "persist":
        if (old !== undefined) write(old.value, {});
        return { type: "persist", done: old !== undefined && old.deadline !== Infinity };
      default:
        throw new Error(`not modelled: ${JSON.stringify(command satisfies never)}`);
    }
  }
}

/** A result with text for bytes and one word for a rejection, as the model has it. */
function plain(result: KvResult): unknown {
  if (result instanceof Rejected) return "rejected";
  if (result.type === "batch") return { type: "batch", results: result.results.map(plain) };
  return Object.fromEntries(Object.entries(result).map(([name, value]) => [name, text(value as never) ?? value]));
}

const key = fc.constantFrom("", "a", "b", "c", "d");
// Short ones and long ones are held in different ways, and long ones are overwritten where they lie if they fit there.
const LONG = [127, 128, 129, 150, 200, 256, 300, 600].map((length) => `${length} `.repeat(length).slice(0, length));
const value = fc.constantFrom("", "0", "7", "-1", "9223372036854775807", "word", ...LONG);
const ttlMs = fc.integer({ min: 1, max: 30 });
const lifetime = fc.oneof(fc.constant({}), fc.record({ ttlMs }), fc.constant({ keepTtl: true }));
const simple: fc.Arbitrary<KvSimpleCommand> = fc.oneof(
  fc
    .tuple(key, value, lifetime, fc.constantFrom(undefined, "absent" as const, "present" as const), fc.boolean())
    .map(([k, v, life, condition, returnPrevious]) => put(k, v, { ...life, condition, returnPrevious })),
  fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 3 }).map(multiPut),
  fc.array(key, { minLength: 1, maxLength: 3 }).map((keys) => del(...keys)),
  fc
    .tuple(key, fc.option(value), fc.option(value), lifetime)
    .map(([k, expected, v, life]) => compareAndSet(k, expected, v, life)),
  fc.tuple(key, fc.constantFrom(1n, -1n, 2n ** 63n - 1n)).map(([k, by]) => increment(k, by)),
  fc.tuple(key, ttlMs).map(([k, ms]) => expire(k, ms)),
  key.map(persist),
);
const command: fc.Arbitrary<KvCommand> = fc.oneof(
  { weight: 5, arbitrary: simple },
  { weight: 1, arbitrary: fc.array(simple, { minLength: 1, maxLength: 4 }).map((commands) => batch(...commands)) },
);
const step = fc.tuple(command, fc.integer({ min: 0, max: 12 }));

it("F01 F07 any commands do what a plain map does, and a replica that restores midway stays equal", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), fc.nat(59), async (steps, restoreAt) => {
      const [model, replica] = [new Model(), new Replica()];
      let twin = await replica.twin();
      for (const [at, [each, pause]] of steps.entries()) {
        model.advance(model.now + pause);
        const expected = model.apply(each);
        const hash = replica.machine.stateHash();
        const result = replica.apply(each, model.now);
        expect(plain(result)).toEqual(expected);
        const leftTrace = expected === "rejected" && pause === 0 && replica.machine.stateHash() !== hash;
        expect(leftTrace).toBe(false);
        expect(plain(twin.apply(each, model.now))).toEqual(expected);
        expect(twin.machine.stateHash()).toBe(replica.machine.stateHash());
        if (at === restoreAt) twin = await replica.twin();
        const sorted = [...model.entries].toSorted(([a], [b]) => (a < b ? -1 : 1));
        const { entries } = replica.machine.read(range());
        expect(entries.map((entry) => [text(entry.key), text(entry.value)])).toEqual(
          sorted.map(([k, v]) => [k, v.value]),
        );
        expect(replica.machine.read(size()).keys).toBe(sorted.length);
        expect(replica.machine.read(scan()).keys).toHaveLength(sorted.length);
        for (const k of ["", "a", "b", "c", "d"]) {
          const held = model.entries.get(k);
          expect(text(replica.machine.read(get(k)).value)).toBe(held?.value ?? null);
          const left = held === undefined || held.deadline === Infinity ? null : held.deadline - model.now;
          expect(replica.machine.read(ttl(k))).toEqual({ type: "ttl", exists: held !== undefined, ttlMs: left });
        }
      }
      expect(await collect(twin.machine.snapshotSave())).toEqual(await collect(replica.machine.snapshotSave()));
    }),
    { numRuns: 200 },
  );
}, 60_000);
