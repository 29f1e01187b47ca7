import {
  type Clock,
  CommandBatch,
  EntryType,
  type Envelope,
  LogBlock,
  type LogStorage,
  NO_CONFIGURATION,
  StateMachine,
  Transport,
} from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import {
  byChance,
  damaged,
  doubled,
  drifting,
  failing,
  failingAfterwards,
  faulty,
  from,
  held,
  JournalMachine,
  journalCodec,
  lost,
  MemoryDisk,
  MemoryLogStorage,
  MemorySnapshotStorage,
  nth,
  SeededRandom,
  TestCluster,
  throwing,
  VirtualHost,
  VirtualTime,
  withFaults,
} from "../../src/index.js";

const block = (first: number): LogBlock =>
  LogBlock.of(first, 1, 0, EntryType.command, [journalCodec.encodeCommand(`entry ${first}`)]);

async function opened(storage: LogStorage): Promise<LogStorage> {
  await storage.open({ nodeId: "n1", groupId: "main", newDirectoryId: "d".repeat(16), newIncarnation: "a".repeat(16) });
  return storage;
}

/** All bytes. */
async function gathered(chunks: AsyncIterable<Uint8Array>): Promise<number[]> {
  const bytes: number[] = [];
  for await (const chunk of chunks) bytes.push(...chunk);
  return bytes;
}

/** What a promise came to. */
const outcome = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "resolved",
    (error: unknown) => String(error),
  );

describe("faults of each port", () => {
  it("L04 LogStorage: the third write fails and is not on the disk; one that fails afterwards is", async () => {
    const disk = new MemoryDisk();
    const storage = await opened(
      faulty(new MemoryLogStorage(disk), {
        write: failing(nth(3), new Error("EIO")),
        adopt: failing(from(1), new Error("ENOSPC")),
      }),
    );
    const outcomes: string[] = [];
    for (const first of [1, 2, 3]) outcomes.push(await outcome(storage.write({ blocks: [block(first)] })));
    expect(outcomes).toEqual(["resolved", "resolved", "Error: EIO"]);
    expect(disk.last.index).toBe(2);
    expect(await outcome(storage.adopt("c".repeat(32)))).toBe("Error: ENOSPC");
    const late = faulty(storage, { write: failingAfterwards(nth(1), new Error("fsync")) });
    await storage.write({});
    expect(await outcome(late.write({ blocks: [block(3)] }))).toBe("Error: fsync");
    expect(disk.last.index).toBe(3);
  });

  it("L01 LogStorage: a held write waits, and those of another method do not", async () => {
    const disk = new MemoryDisk();
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const storage = await opened(faulty(new MemoryLogStorage(disk), { write: held(nth(1), gate) }));
    const write = storage.write({ blocks: [block(1)] });
    await storage.adopt("c".repeat(32));
    expect(disk.last.index).toBe(0);
    release();
    await write;
    expect(disk.last.index).toBe(1);
  });

  it("S09 StateMachine: a snapshot that lost a bit differs in that bit alone", async () => {
    const machine = new JournalMachine();
    machine.apply(new CommandBatch([block(1)], 1, 1));
    const whole = await gathered(machine.snapshotSave());
    const spoiled = await gathered(faulty(machine, { snapshotSave: damaged(nth(1)) }).snapshotSave());
    expect(spoiled.flatMap((byte, at) => (byte === whole[at] ? [] : [byte ^ (whole[at] as number)]))).toEqual([1]);
  });

  it("S02 SnapshotStorage: one that has no room, and one whose bytes lost a bit", async () => {
    const honest = new MemorySnapshotStorage(new MemoryDisk());
    const storage = faulty(honest, { begin: failing(nth(1), new Error("ENOSPC")), read: damaged(nth(1)) });
    await storage.open();
    const id = { index: 3, term: 1 };
    const configuration = { id, configuration: NO_CONFIGURATION };
    const meta = { id, configuration, logTimeMs: 0, formatVersion: 1, sizeBytes: 0, checksum: 0 };
    expect(await outcome(storage.begin(meta, "local"))).toBe("Error: ENOSPC");
    const sink = await storage.begin(meta, "local");
    await sink.write(Uint8Array.of(1, 2, 3));
    const saved = await sink.commit();
    expect(await gathered(storage.read(saved, 0))).toEqual([1, 3, 3]);
    expect(await gathered(storage.read(saved, 0))).toEqual([1, 2, 3]);
  });

  it("R15 StateMachine: a fault in apply, as the machine itself would throw it", () => {
    const machine = faulty(new JournalMachine(), { apply: throwing(nth(2), new Error("out of memory")) });
    expect(machine.apply(new CommandBatch([block(1)], 1, 1))).toEqual([1]);
    expect(() => machine.apply(new CommandBatch([block(2)], 2, 2))).toThrow("out of memory");
    expect(machine.read("count")).toBe(1);
  });

  it("T05 Transport: sends are lost in silence, or done twice", () => {
    const sent: Envelope[] = [];
    const wire = { send: (envelope: Envelope) => sent.push(envelope) > 0 };
    const envelope = { from: "n1" } as Envelope;
    const losing = faulty(wire, { send: lost(nth(2), true) });
    expect([losing.send(envelope), losing.send(envelope), losing.send(envelope)]).toEqual([true, true, true]);
    expect(sent).toHaveLength(2);
    expect(faulty(wire, { send: doubled(from(1)) }).send(envelope)).toBe(true);
    expect(sent).toHaveLength(4);
  });

  it("E22 Clock: it drifts, or jumps, and the other reading stays true", () => {
    let now = 1_000;
    const honest: Clock = { monotonic: () => now, wall: () => now };
    const clock = faulty(honest, {
      monotonic: drifting(1.5),
      wall: ({ number, proceed }) => proceed() + number * 60_000,
    });
    expect([clock.monotonic(), clock.wall()]).toEqual([1_000, 61_000]);
    now += 100;
    expect([clock.monotonic(), clock.wall()]).toEqual([1_150, 121_100]);
  });

  it("E22 Scheduler: late timers", async () => {
    const time = new VirtualTime();
    const { scheduler } = new VirtualHost(time, "late");
    const late = faulty(scheduler, {
      schedule: ({ args: [work, delay = 0, ...rest], proceed }) => proceed(work, delay + 7, ...rest),
    });
    const at: number[] = [];
    late.schedule(() => at.push(late.now()), 5);
    await time.advance(20);
    expect(at).toEqual([12]);
  });
});

describe("a whole node over faulty adapters", () => {
  const T = 150;

  it("T05 R10 a cluster whose transports lose and double one message in ten agrees all the same", async () => {
    const random = new SeededRandom("one in ten");
    const unlucky = byChance(random, 0.1);
    const cluster = new TestCluster({
      seed: "faulty transports",
      modules: [
        withFaults(Transport, {
          send: (call) =>
            unlucky(call.number) ? true : unlucky(call.number) ? (call.proceed(), call.proceed()) : call.proceed(),
        }),
      ],
    });
    await cluster.start();
    await cluster.settled();
    for (let i = 0; i < 10; i++) await cluster.applied(`command ${i}`);
    await cluster.converged();
    cluster.dispose();
  });

  it("R15 a state machine that faults takes its own node's service down, and no other's", async () => {
    let victim: unknown;
    const cluster = new TestCluster({
      modules: [
        withFaults(StateMachine, {
          apply: ({ number, proceed, args: [batch] }) => {
            victim ??= batch;
            if (victim === batch && number === 1) throw new Error("the first to apply");
            return proceed();
          },
        }),
      ],
    });
    await cluster.start();
    await cluster.settled();
    cluster.propose("a");
    await cluster.until(() => cluster.members.some((member) => member.describe().faulted !== ""), 40 * T);
    await cluster.until(() => cluster.members.filter((member) => member.lines.includes("a")).length === 2, 40 * T);
    const [faulted, ...more] = cluster.members.filter((member) => member.describe().faulted !== "");
    expect([faulted?.lines, more]).toEqual([[], []]);
    cluster.dispose();
  });
});
