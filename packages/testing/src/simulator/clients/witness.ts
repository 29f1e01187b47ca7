import { fingerprint } from "../fingerprint.js";
import type { AppliedEntry } from "../invariants/applies.js";
import type { Accuse } from "../invariants/violation.js";
import { isStrict } from "./consistencies.js";
import type { Operation } from "./history.js";
import type { Model } from "./model.js";

/** What the check needs. */
export interface WitnessCase {
  /** What the service should do. */
  readonly model: Model;
  /** What clients did and heard. */
  readonly operations: readonly Operation[];
  /** What was applied, by index. */
  readonly applied: readonly (AppliedEntry | undefined)[];
  /** A command's bytes as the model takes it. */
  readonly decode: (payload: Uint8Array) => unknown;
  /** Hears what is wrong. */
  readonly accuse: Accuse;
}

/**
 * I14, I15: the order of the log is a witness. Every acknowledged command took effect at one index, every read at the
 * index that was applied when it was answered; the model, run once in that order, must say what the clients were told;
 * and what was answered before another call began must not stand behind it. O(n log n), and blind where the log itself
 * lies: that is what a search over the client history alone is for.
 */
export function checkWitness({ model, operations, applied, decode, accuse }: WitnessCase): void {
  const done = operations.filter(({ outcome }) => outcome === "ok");
  const same = (said: unknown, expected: unknown): boolean =>
    model.same?.(said, expected) ?? fingerprint(said) === fingerprint(expected);
  const commands = new Map<number, Operation>();
  const reads = new Map<number, Operation[]>();
  for (const operation of done) {
    const { index, act, id } = operation;
    if (index === undefined) return accuse("I15", `${nameOf(operation)} was answered, and took effect nowhere`);
    if (act.kind === "read") {
      const there = reads.get(index);
      if (there === undefined) reads.set(index, [operation]);
      else there.push(operation);
      continue;
    }
    const other = commands.get(index);
    if (other !== undefined) return accuse("I14", `calls ${other.id} and ${id} both took effect at ${index}`);
    commands.set(index, operation);
  }
  if (!inRealTime(done, accuse)) return;
  let state = model.initial();
  for (let index = 0; index < Math.max(applied.length, 1); index++) {
    const entry = applied[index];
    if (entry !== undefined) {
      const after = model.apply(state, decode(entry.payload), entry);
      state = after.state;
      const told = commands.get(index);
      if (!same(entry.result, after.result))
        return accuse("I15", `the command at ${index} returned ${show(entry.result)}, not ${show(after.result)}`);
      if (told !== undefined && !same(told.output, after.result))
        return accuse("I15", `${nameOf(told)} heard ${show(told.output)}, not ${show(after.result)}`);
    } else if (commands.has(index)) {
      return accuse(
        "I16",
        `${nameOf(commands.get(index) as Operation)} was acknowledged at ${index}, where nothing is`,
      );
    }
    for (const read of reads.get(index) ?? []) {
      if (read.act.kind !== "read") continue;
      const expected = model.read(state, read.act.query);
      if (!same(read.output, expected))
        return accuse("I15", `${nameOf(read)} at ${index} heard ${show(read.output)}, not ${show(expected)}`);
    }
  }
}

/** Whoever began after an answer was given stands at or behind it in the log, and a command strictly behind. */
function inRealTime(done: readonly Operation[], accuse: Accuse): boolean {
  const ends = done.toSorted((a, b) => a.returnedAt - b.returnedAt);
  let next = 0;
  let floor = -1;
  let last: Operation | undefined;
  for (const operation of done.filter(({ act }) => isStrict(act))) {
    for (; next < ends.length && (ends[next] as Operation).returnedAt < operation.invokedAt; next++) {
      const ended = ends[next] as Operation;
      if ((ended.index as number) <= floor) continue;
      floor = ended.index as number;
      last = ended;
    }
    const index = operation.index as number;
    const isBehind = operation.act.kind === "read" ? index >= floor : index > floor;
    if (isBehind) continue;
    accuse(
      "I15",
      `${nameOf(operation)} began after ${last === undefined ? "" : nameOf(last)} was answered, and took effect at ` +
        `${index}, before ${floor}`,
    );
    return false;
  }
  return true;
}

const nameOf = ({ id, client, act, via }: Operation): string =>
  `call ${id} (${act.kind} of client ${client} via ${via})`;

/** A value for people, cut to a line. */
export function show(value: unknown): string {
  const text = JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === "bigint") return `${item}n`;
    return item instanceof Uint8Array ? Array.from(item).join(" ") : item;
  });
  return (text ?? "nothing").slice(0, 200);
}
