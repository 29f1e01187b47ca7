import { createHash } from "node:crypto";
import { setTimeout as later } from "node:timers/promises";
import { type CommandBatch, Rejected, type StateMachine } from "@hexraft/core/ports";
import { get, increment, KvCodec, type KvCommand, type KvResult, KvStateMachine, put } from "@hexraft/statemachine-kv";
import { describe, expect, it } from "vitest";
import {
  DEFAULT_SESSION_OPTIONS,
  InSession,
  RESULT_KEPT_BYTES_MAX,
  SessionCodec,
  type SessionCommand,
  SessionOpened,
  SessionRefused,
  SessionStateMachine,
  sessionOptions,
} from "../src/index.js";
import { SessionTable } from "../src/session-table.js";
import { counted, named, nonce, ONE, opening, Replica, TWO } from "./support.js";

const sum = (value: number) => ({ type: "increment", value: BigInt(value) });
const refused = (refusal: string) => expect.objectContaining({ refusal });

/** A replica on which session `ONE` is open. */
async function open(options = {}): Promise<Replica> {
  const replica = new Replica(options);
  await replica.apply(opening(1));
  return replica;
}

async function saved(replica: Replica): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of replica.machine.snapshotSave()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Another replica that begins with a snapshot of this one. */
async function restored(from: Replica): Promise<Replica> {
  const to = new Replica();
  const { formatVersion } = await to.machine.open();
  const bytes = await saved(from);
  await to.machine.snapshotLoad(pieces(bytes), { id: { index: from.index, term: 1 }, formatVersion });
  [to.index, to.logTimeMs] = [from.index, from.logTimeMs];
  return to;
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 11) yield bytes.subarray(at, at + 11);
}

const valueOf = async (replica: Replica, key = "n") => {
  const { value } = (await replica.machine.read(get(key))) as { value: Uint8Array | null };
  return value === null ? null : Buffer.from(value).toString();
};

describe("exactly once", () => {
  it("C03 a repeated command executes once, and everyone hears the same", async () => {
    const replica = await open();
    expect(await replica.apply(counted(ONE, 1), counted(ONE, 2))).toEqual([sum(1), sum(2)]);
    expect(await replica.apply(counted(ONE, 1))).toEqual([sum(1)]);
    expect(await replica.apply(counted(ONE, 2), counted(ONE, 3), counted(ONE, 3), counted(ONE, 2))).toEqual(
      [2, 3, 3, 2].map(sum),
    );
    expect(await valueOf(replica)).toBe("3");
  });

  it("C03 numbers may come in any order, and of two sessions each has its own", async () => {
    const replica = await open();
    await replica.apply(opening(2));
    expect(await replica.apply(counted(ONE, 5), counted(TWO, 5), counted(ONE, 4), counted(TWO, 4))).toEqual(
      [1, 2, 3, 4].map(sum),
    );
  });

  it("C03 a command without a session executes as often as it is there", async () => {
    expect(await (await open()).apply(increment("n"), counted(ONE, 1), increment("n"))).toEqual([1, 2, 3].map(sum));
  });

  it("C03 what the state machine rejected is rejected once more, and not tried again", async () => {
    const replica = await open();
    await replica.apply(put("n", "no number"));
    const [first] = await replica.apply(counted(ONE, 1));
    expect(first).toMatchObject({ code: "NotAnInteger" });
    await replica.apply(put("n", "7"));
    expect(await replica.apply(counted(ONE, 1))).toEqual([first]);
    expect(await valueOf(replica)).toBe("7");
  });

  it("C03 below the lowest unanswered number results are dropped and nothing executes", async () => {
    const replica = await open();
    await replica.apply(counted(ONE, 1), counted(ONE, 2), counted(ONE, 3));
    const before = replica.machine.keptBytes;
    await replica.apply(counted(ONE, 4, 3));
    expect(replica.machine.keptBytes).toBeLessThan(before);
    expect(await replica.apply(counted(ONE, 2, 1), counted(ONE, 1))).toEqual([
      refused("AlreadyAcknowledged"),
      refused("AlreadyAcknowledged"),
    ]);
    expect(await replica.apply(counted(ONE, 3, 1), counted(ONE, 4, 3))).toEqual([sum(3), sum(4)]);
  });

  it("C03 a great step of the lowest unanswered number costs no more than what is kept", async () => {
    const replica = await open();
    await replica.apply(counted(ONE, 1), counted(ONE, 2 ** 52, 2 ** 52));
    expect(await replica.apply(counted(ONE, 2 ** 51))).toEqual([refused("AlreadyAcknowledged")]);
  });

  it("C03 registration is idempotent by its nonce", async () => {
    const replica = await open();
    expect(await replica.apply(opening(1), opening(2), opening(1))).toEqual([
      new SessionOpened(ONE, 300_000),
      new SessionOpened(named(2, 4), 300_000),
      new SessionOpened(ONE, 300_000),
    ]);
    expect(replica.machine.sessions).toBe(2);
  });

  it("C03 S01 the table is in the snapshot, results included", async () => {
    const origin = await open();
    await origin.apply(counted(ONE, 1), counted(ONE, 2), counted(ONE, 4, 2));
    const replica = await restored(origin);
    expect(await replica.apply(counted(ONE, 2, 2), counted(ONE, 4), counted(ONE, 1), opening(1))).toEqual([
      sum(2),
      sum(3),
      refused("AlreadyAcknowledged"),
      new SessionOpened(ONE, 300_000),
    ]);
    expect(await replica.apply(counted(ONE, 3, 2))).toEqual([sum(4)]);
  });

  it("C03 a state machine that answers later is called as often, and never twice at once", async () => {
    let under = 0;
    const kv = new KvStateMachine();
    const slow = Object.assign(Object.create(kv) as StateMachine, {
      apply: async (batch: CommandBatch) => {
        under++;
        const results = kv.apply(batch);
        await later(1);
        expect(under--).toBe(1);
        return results;
      },
    });
    const replica = new Replica();
    const codec = replica.codec as SessionCodec;
    Object.assign(replica, { machine: new SessionStateMachine(slow, codec) });
    expect(
      await replica.apply(
        opening(1),
        counted(ONE, 1),
        opening(2),
        counted(ONE, 1),
        counted(named(2, 4), 1),
        increment("n"),
      ),
    ).toEqual([
      new SessionOpened(ONE, 300_000),
      sum(1),
      new SessionOpened(named(2, 4), 300_000),
      sum(1),
      sum(2),
      sum(3),
    ]);
  });
});

describe("the number of a session", () => {
  it("C03 F05 a registration of a release before format 2 names its session by its index, as ever, and others are above every index", async () => {
    const before = new Replica({}, 65_537);
    expect(await before.apply(opening(1), opening(2))).toEqual([
      new SessionOpened(2, 300_000),
      new SessionOpened(3, 300_000),
    ]);
    expect(await before.apply(counted(2, 1), counted(3, 1), counted(3, 1))).toEqual([1, 2, 2].map(sum));
    expect(ONE).toBeGreaterThanOrEqual(2 ** 52);
  });

  it("C03 M11 M12 none is opened at a witness: it cannot say whether all know more than the index", () => {
    const kv = new KvCodec();
    const codec = new SessionCodec(kv);
    expect(() => codec.encodeCommand(opening(1), 0)).toThrow(
      expect.objectContaining({ code: "NoStateHere", retryable: true }),
    );
    expect(codec.encodeCommand(put("k", "v"), 0)).toEqual(kv.encodeCommand(put("k", "v")));
  });

  it("C03 M11 F08 is another one for another nonce at the same index, and for the same nonce at another", () => {
    const numbers = new Set<number>();
    const [nonces, indices] = [20, [2, 3, 258, 2 ** 32 + 2, 2 ** 52 - 1]];
    for (let n = 0; n < nonces; n++) for (const index of indices) numbers.add(named(n, index));
    expect(numbers.size).toBe(nonces * indices.length);
    for (const number of numbers) expect(Number.isSafeInteger(number) && number >= 2 ** 52).toBe(true);
  });

  it("C03 is the next one that is free if it is taken", () => {
    const table = new SessionTable();
    const last = 2 ** 53 - 1;
    const ids = [1, 2, 3].map((n) => table.open(nonce(n), DEFAULT_SESSION_OPTIONS, last, 0).session);
    expect(ids).toEqual([last, 2 ** 52, 2 ** 52 + 1]);
    expect(table.open(nonce(2), DEFAULT_SESSION_OPTIONS, 7, 0).session).toBe(2 ** 52);
  });
});

describe("expiry", () => {
  it("C03 C04 a session that was silent for its time to live in log time is gone, and executes nothing", async () => {
    const replica = await open({ ttlMs: 10_000 });
    await replica.apply(counted(ONE, 1));
    replica.logTimeMs += 9_999;
    expect(await replica.apply(counted(ONE, 2))).toEqual([sum(2)]);
    replica.logTimeMs += 10_000;
    expect(await replica.apply(counted(ONE, 3), counted(ONE, 1))).toEqual([
      refused("SessionExpired"),
      refused("SessionExpired"),
    ]);
    expect(await valueOf(replica)).toBe("2");
    expect(replica.machine.keptBytes).toBe(0);
    expect(await replica.apply(opening(1))).toEqual([new SessionOpened(named(1, replica.index), 10_000)]);
  });

  it("C04 a session that never was is refused, and executes nothing", async () => {
    const replica = await open();
    expect(await replica.apply(counted(3, 1))).toEqual([refused("SessionExpired")]);
    expect(await valueOf(replica)).toBe(null);
  });

  it("C03 the time to live is the log's: a node with another option keeps to it", async () => {
    const [proposer, other] = [new Replica({ ttlMs: 2_000 }), new Replica()];
    const registration = proposer.codec.encodeCommand(opening(1));
    Object.assign(other.codec, { encodeCommand: () => registration });
    expect(await other.apply(opening(1))).toEqual([new SessionOpened(ONE, 2_000)]);
  });
});

describe("bounds", () => {
  it("C03 one session too many makes the longest silent one expire", async () => {
    const replica = new Replica({ sessionsMax: 2 });
    await replica.apply(opening(1), opening(2), counted(ONE, 1), opening(3));
    expect(replica.machine.sessions).toBe(2);
    expect(await replica.apply(counted(TWO, 1), counted(ONE, 1), counted(named(3, 5), 1))).toEqual([
      refused("SessionExpired"),
      sum(1),
      sum(2),
    ]);
  });

  it("C03 too many bytes of results make the longest silent sessions expire", async () => {
    const replica = new Replica({ resultBytesMax: 2 ** 20 });
    await replica.apply(put("big", new Uint8Array(400_000)), opening(1), opening(2));
    const swap = (session: number, sequence: number) =>
      new InSession(session, sequence, 1, put("big", new Uint8Array(400_000), { returnPrevious: true }));
    const [first, second] = [named(1, 3), named(2, 4)];
    await replica.apply(swap(first, 1), swap(second, 1), swap(second, 2));
    expect(replica.machine.keptBytes).toBeLessThanOrEqual(2 ** 20);
    expect(await replica.apply(counted(first, 2), counted(second, 3))).toEqual([refused("SessionExpired"), sum(1)]);
  });

  it("C03 a result too long to keep is told once, and its command still executes once", async () => {
    const replica = await open();
    const value = new Uint8Array(RESULT_KEPT_BYTES_MAX);
    await replica.apply(put("big", value));
    const swap = new InSession(ONE, 1, 1, put("big", "small", { returnPrevious: true }));
    const [first, again] = await replica.apply(swap, swap);
    expect((first as { previous: Uint8Array }).previous.length).toBe(value.length);
    expect(again).toEqual(refused("ResultNotKept"));
    expect(await (await restored(replica)).apply(swap)).toEqual([refused("ResultNotKept")]);
  });

  it("C03 R14 how the log is cut into batches decides nothing, bounds included", async () => {
    const big = (session: number, sequence: number) =>
      new InSession(session, sequence, 1, put("big", new Uint8Array(90_000), { returnPrevious: true }));
    const log: (KvCommand | SessionCommand)[] = [opening(1), opening(2)];
    for (let i = 1; i <= 12; i++)
      log.push(big(ONE, i), increment("n"), big(i % 3 === 0 ? TWO : ONE, i), counted(TWO, 100 + i));
    const runs: unknown[] = [];
    for (const size of [1, 3, 7, log.length]) {
      const replica = new Replica({ resultBytesMax: 2 ** 20 });
      const results: unknown[] = [];
      for (let at = 0; at < log.length; at += size) results.push(...(await replica.apply(...log.slice(at, at + size))));
      const bytes = Buffer.concat(results.map((result) => replica.codec.encodeResult(result as KvResult)));
      runs.push({ bytes: createHash("sha256").update(bytes).digest("hex"), hash: replica.machine.stateHash?.() });
      expect(results.filter((result) => result instanceof SessionRefused).length).toBeGreaterThan(3);
    }
    for (const run of runs) expect(run).toEqual(runs[0]);
  });

  it("O05 an option out of its range is named", () => {
    expect(() => sessionOptions({ ttl: 10_000 } as never)).toThrow("ttl is 10000, but it is not an option of sessions");
    expect(() => sessionOptions({ ttlMs: 10 })).toThrow("ttlMs is 10, but it must be a whole number from 1000");
    expect(() => new SessionCodec(new KvCodec(), { sessionsMax: 0 })).toThrow("sessionsMax");
  });
});

describe("around a state machine", () => {
  it("F06 one that keeps its own durable state is refused: its session table would be older than it", async () => {
    const kv = new KvStateMachine();
    const durable = Object.assign(Object.create(kv) as StateMachine, {
      open: () => ({ appliedIndex: 7, formatVersion: 1 }),
    });
    const machine = new SessionStateMachine(durable, new SessionCodec(new KvCodec()));
    await expect(machine.open()).rejects.toMatchObject({ code: "BadOption", details: { appliedIndex: 7 } });
  });

  it("F05 formats are counted behind those of sessions, and the state machine and its codec hear of their own", async () => {
    const heard: number[] = [];
    const asked: unknown[] = [];
    const own = Object.assign(Object.create(new KvStateMachine()) as StateMachine, {
      open: () => ({ appliedIndex: 0, formatVersion: 3, firstFormat: 2 }),
      formatOpened: (formatVersion: number) => void heard.push(formatVersion),
    });
    const inner = new KvCodec();
    const codec = new SessionCodec(inner);
    const machine = new SessionStateMachine(own, codec);
    expect(await machine.open()).toEqual({ appliedIndex: 0, formatVersion: 131_075, firstFormat: 65_538 });
    machine.formatOpened?.(65_539);
    machine.formatOpened?.(131_075);
    expect(heard).toEqual([3, 3]);
    // Newer around and older inside: its number is higher, and it is no newer release.
    expect(() => machine.formatOpened?.(65_540)).toThrow(
      "Format 4 of the state machine is open, and the one here knows 3",
    );
    const encode = inner.encodeCommand.bind(inner);
    Object.assign(inner, {
      encodeCommand: (command: KvCommand, format?: number) => (asked.push(format), encode(command)),
    });
    codec.encodeCommand(put("k", "v"), 65_539);
    codec.encodeCommand(new InSession(1, 1, 1, put("k", "v")), 65_538);
    codec.encodeCommand(put("k", "v"), 131_075);
    codec.encodeCommand(put("k", "v"));
    expect(asked).toEqual([3, 2, 3, undefined]);
    // What does not hear of formats is upgraded with all nodes down, as before.
    expect(new SessionStateMachine(new KvStateMachine(), codec).formatOpened).toBeUndefined();
  });

  it("F05 a snapshot of a time before sessions is loaded, with an empty table", async () => {
    const replica = await open();
    const before = new KvStateMachine();
    await replica.machine.snapshotLoad(before.snapshotSave(), { id: { index: 9, term: 1 }, formatVersion: 1 });
    expect(await replica.apply(counted(ONE, 1))).toEqual([refused("SessionExpired")]);
  });

  it("F05 a snapshot that is cut off, or of another format, is refused and changes nothing", async () => {
    const replica = await open();
    await replica.apply(counted(ONE, 1));
    const bytes = await saved(replica);
    const about = { id: { index: 9, term: 1 }, formatVersion: 131_073 };
    for (const length of [0, 7, 30, bytes.length - 1])
      await expect(replica.machine.snapshotLoad(pieces(bytes.subarray(0, length)), about)).rejects.toMatchObject({
        code: "Damaged",
      });
    const newer = { ...about, formatVersion: 196_609 };
    await expect(replica.machine.snapshotLoad(pieces(bytes), newer)).rejects.toMatchObject({ code: "FormatUnknown" });
    expect(await replica.apply(counted(ONE, 1))).toEqual([sum(1)]);
  });

  it("F01 bytes in the log that are no session command are rejected, and a newer version's are a fault", async () => {
    const replica = await open();
    const raw = (...bytes: number[]) => {
      Object.assign(replica.codec, { encodeCommand: () => Uint8Array.from(bytes) });
      return replica.apply(increment("n"));
    };
    expect(await raw(0xf5, 2, 1)).toEqual([expect.any(Rejected)]);
    expect(await raw(0xf5, 1, 1)).toEqual([expect.any(Rejected)]);
    await expect(raw(0xf5, 9)).rejects.toMatchObject({ code: "FormatUnknown" });
  });

  it("C03 commands and results of the state machine that begin like a session's are told apart", async () => {
    const kv = new KvCodec();
    const shifted = (bytes: Uint8Array) => Uint8Array.from([0xf5, ...bytes]);
    const codec = new SessionCodec<KvCommand, KvResult>({
      encodeCommand: (command) => shifted(kv.encodeCommand(command)),
      decodeCommand: (bytes) => kv.decodeCommand(bytes.subarray(1)),
      encodeResult: (result) => shifted(kv.encodeResult(result)),
      decodeResult: (bytes) => kv.decodeResult(bytes.subarray(1)),
    });
    const command = increment("n");
    expect(codec.decodeCommand(codec.encodeCommand(command))).toEqual(command);
    expect(codec.decodeResult(codec.encodeResult({ type: "increment", value: 3n }))).toEqual(sum(3));
    const replica = new Replica();
    Object.assign(replica, { codec });
    // The state machine saw its own bytes: this is its way to say that it knows no format f5.
    await expect(replica.apply(command)).rejects.toThrow("The command has an unknown format 245");
  });
});
