import { randomBytes, randomUUID } from "node:crypto";
import { writeFile } from "node:fs";
import { readFile } from "node:fs/promises";
import { performance as hostPerformance } from "node:perf_hooks";
import { setTimeout as hostSetTimeout } from "node:timers";
import { setTimeout as waited } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createNode } from "@hexraft/core";
import { CommandBatch, EntryType, LogBlock, type StateMachine } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  determinismWatch,
  JournalMachine,
  journalStateMachine,
  MemoryNetwork,
  memoryStorage,
  type Nondeterminism,
  type WatchDeterminismOptions,
  watchDeterminism,
} from "../../src/index.js";

const HERE = fileURLToPath(import.meta.url);
const batch = new CommandBatch([LogBlock.of(5, 1, 0, EntryType.command, [new Uint8Array(1), new Uint8Array(1)])], 5, 6);

/** A state machine of which only this matters. */
const machineOf = (apply: StateMachine["apply"]): StateMachine => ({
  open: () => ({ appliedIndex: 0, formatVersion: 1 }),
  apply,
  read: () => 0,
  async *snapshotSave() {},
  snapshotLoad: async () => {},
});

/** What is told of calls of `apply`. */
async function told(
  apply: StateMachine["apply"],
  { times = 1, ...options }: Partial<WatchDeterminismOptions> & { times?: number } = {},
): Promise<readonly Nondeterminism[]> {
  const found: Nondeterminism[] = [];
  const machine = watchDeterminism(machineOf(apply), { report: (each) => found.push(each), ...options });
  for (let i = 0; i < times; i++) await machine.apply(batch);
  return found;
}

/** An `apply` that does something on the way. */
const doing =
  (work: () => unknown): StateMachine["apply"] =>
  () => {
    work();
    return [];
  };

/** All that may be replaced, as it is now. */
const globals = (): readonly unknown[] => [
  Date,
  Date.now,
  Math.random,
  Object.getOwnPropertyDescriptor(performance, "now"),
  Object.getOwnPropertyDescriptor(crypto, "randomUUID"),
  process.hrtime,
  Object.getOwnPropertyDescriptor(process.hrtime, "bigint"),
  Object.getOwnPropertyDescriptor(process, "nextTick"),
  setTimeout,
  setInterval,
  setImmediate,
  queueMicrotask,
  fetch,
  randomUUID,
];

describe("watchDeterminism", () => {
  it.each([
    { call: "Date.now", work: () => Date.now() },
    { call: "new Date()", work: () => new Date() },
    { call: "Date()", work: () => Date() },
    { call: "performance.now", work: () => performance.now() },
    { call: "performance.now", work: () => hostPerformance.now() },
    { call: "process.hrtime", work: () => process.hrtime() },
    { call: "process.hrtime.bigint", work: () => process.hrtime.bigint() },
    { call: "Math.random", work: () => Math.random() },
    { call: "crypto.randomUUID", work: () => crypto.randomUUID() },
    { call: "crypto.getRandomValues", work: () => crypto.getRandomValues(new Uint8Array(1)) },
    { call: "crypto.randomUUID", work: () => randomUUID() },
    { call: "crypto.randomBytes", work: () => randomBytes(4) },
  ])("F07 $call asked in apply is told, with the line that asked, and answers as ever", async ({ call, work }) => {
    const answers: unknown[] = [];
    const found = await told(doing(() => answers.push(work())));
    expect(found).toMatchObject([{ kind: "asked", call, first: 5, last: 6 }]);
    expect(found[0]?.at).toContain(`${HERE}:`);
    expect(found[0]?.stack).toContain(HERE);
    expect(found[0]?.text).toContain(`in apply of entries 5–6 ${call} was asked at `);
    expect(typeof answers[0]).toBe(typeof work());
  });

  it.each([
    { call: "setTimeout", work: (done: () => void) => setTimeout(done, 0) },
    { call: "setTimeout", work: (done: () => void) => hostSetTimeout(done, 0) },
    { call: "setImmediate", work: (done: () => void) => setImmediate(done) },
    { call: "queueMicrotask", work: (done: () => void) => queueMicrotask(done) },
    { call: "process.nextTick", work: (done: () => void) => process.nextTick(done) },
    {
      call: "setInterval",
      work: (done: () => void) => {
        const interval = setInterval(() => {
          clearInterval(interval);
          done();
        }, 1);
      },
    },
  ])("F07 $call begun in apply is told, and comes back as ever", async ({ call, work }) => {
    const { promise, resolve } = withResolvers();
    const found = await told(doing(() => work(resolve)));
    expect(found).toMatchObject([{ kind: "began", call, at: expect.stringContaining(HERE) as unknown }]);
    await promise;
  });

  it("F07 a pause is told, though apply waits for it", async () => {
    const found = await told(async () => [await waited(0)]);
    expect(found).toMatchObject([{ kind: "began", call: "setTimeout", at: expect.stringContaining(HERE) as unknown }]);
  });

  it("F07 the clock is noticed behind an await, too, and what others ask meanwhile is not taken for it", async () => {
    const gate = withResolvers();
    const asked = told(async () => {
      await gate.promise;
      Date.now();
      return [];
    });
    expect(Date.now()).toBeGreaterThan(0);
    setImmediate(gate.resolve);
    expect(await asked).toMatchObject([{ kind: "asked", call: "Date.now" }]);
  });

  it("F07 work that still runs when apply has settled is told, with the line that began it", async () => {
    const gate = withResolvers();
    const later = async (): Promise<void> => {
      await gate.promise;
    };
    for (const apply of [doing(() => void later()), async () => (void later(), [])]) {
      const [found, ...others] = await told(apply);
      expect(others).toEqual([]);
      expect(found).toMatchObject({ kind: "outlived", call: "await", at: expect.stringContaining(HERE) as unknown });
      expect(found?.text).toContain("work still ran (await) when it had settled");
    }
    gate.resolve();
    const { promise, resolve } = withResolvers();
    const [asked] = await told(doing(() => writeFile("/dev/null", "", resolve)));
    expect(asked).toMatchObject({ kind: "outlived", call: "FSREQCALLBACK" });
    await promise;
  });

  it("F07 of an apply that waits for all that it began nothing is told", async () => {
    const found = await told(async () => {
      await Promise.all([readFile(HERE), Promise.resolve().then(() => 1), turnlessly()]);
      for await (const _ of machineOf(() => []).snapshotSave());
      return [];
    });
    expect(found).toEqual([]);
  });

  it("F07 a date that is said, a promise that nobody waits for and what is written to the console are nobody's business", async () => {
    const found = await told(
      doing(() => {
        expect(new Date(1_000).getTime()).toBe(1_000);
        expect(new Date(2_000)).toBeInstanceOf(Date);
        void new Promise<void>(() => {});
        console.debug("");
      }),
    );
    expect(found).toEqual([]);
  });

  it("F07 all is as it was when apply has returned, settled, thrown or rejected, however they overlap", async () => {
    const before = globals();
    const during: boolean[] = [];
    const look = (): void => void during.push(globals().every((each, i) => each !== before[i] || each === undefined));
    const same = (): void => expect(globals()).toEqual(before);
    const report = (): void => same();
    await told(doing(look), { report });
    same();
    expect(() =>
      watchDeterminism(
        machineOf(() => {
          look();
          Date.now();
          throw new Error("a fault");
        }),
        { report },
      ).apply(batch),
    ).toThrow("a fault");
    same();
    const gates = [withResolvers(), withResolvers()];
    const two = gates.map(({ promise }) => told(() => promise.then(() => [])));
    gates[0]?.resolve();
    await two[0];
    look();
    gates[1]?.resolve();
    await two[1];
    same();
    await expect(told(() => Promise.reject(new Error("a fault")))).rejects.toThrow("a fault");
    same();
    expect(during).toEqual([true, true, true]);
  });

  it("F07 what a report throws apply throws, and all is as it was", async () => {
    const before = globals();
    const report = (): void => {
      throw new Error("nobody asks the clock here");
    };
    for (const apply of [
      doing(() => Date.now()),
      async () => [Date.now()],
      async () => [await turnlessly(), Date.now()],
    ])
      await expect(told(apply, { report })).rejects.toThrow("nobody asks the clock here");
    expect(globals()).toEqual(before);
  });

  it("F07 each place is told once, and of all places no more than may be", async () => {
    const asks = [() => Date.now(), () => Date.now(), () => Date.now(), () => Math.random()];
    const apply = doing(() => asks.map((ask) => ask()));
    expect(await told(apply, { times: 3 })).toHaveLength(4);
    expect(await told(apply, { times: 3, reportsMax: 2 })).toHaveLength(2);
  });

  it("F07 a module watches what others bind, and a machine of ours is told of by nobody", async () => {
    class Careless extends JournalMachine {
      override apply(commands: CommandBatch): readonly unknown[] {
        if (commands.count > 0) Math.random();
        return super.apply(commands);
      }
    }
    const foundWith = async (machine: JournalMachine): Promise<readonly Nondeterminism[]> => {
      const found: Nondeterminism[] = [];
      const network = new MemoryNetwork();
      const node = await createNode<string>({ nodeId: "n1", electionTimeoutMs: 200 }, [
        nodeRuntime(),
        network.transport(),
        memoryStorage(),
        journalStateMachine(machine),
        determinismWatch({ report: (each) => found.push(each) }),
      ]);
      onTestFinished(() => node.stop());
      await node.start();
      await node.bootstrap({ voters: [{ id: "n1", address: "memory:n1" }] });
      await expect.poll(() => node.describe().role).toBe("leader");
      await node.apply("a command");
      expect(machine.lines).toHaveLength(1);
      return found;
    };
    expect(await foundWith(new Careless())).toMatchObject([{ call: "Math.random" }]);
    expect(await foundWith(new JournalMachine())).toEqual([]);
  });
});

async function turnlessly(): Promise<void> {
  await Promise.resolve();
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
