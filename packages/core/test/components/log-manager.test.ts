import { describe, expect, it } from "vitest";
import { LogManager } from "../../src/components/log-manager.js";
import { MERGED_WRITE_BYTES_MAX } from "../../src/components/merged-write.js";
import { TimerService } from "../../src/components/timer-service.js";
import { FRESH_HARD_STATE } from "../../src/model/hard-state.js";
import { EntryType, LogBlock } from "../../src/model/log-block.js";
import { holeError } from "../../src/model/log-hole.js";
import type { LogStorage, LogWrite } from "../../src/ports/log-storage.js";
import type { AfterPersist, Persist } from "../../src/protocol/effect.js";
import { commands, settled } from "./support/entries.js";
import { drawing, ManualTime } from "./support/manual-time.js";
import { RecordingSink } from "./support/recording-sink.js";

/** A storage whose writes end when the test says so. */
function heldStorage() {
  const writes: LogWrite[] = [];
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const reads: { from: number; resolve: (blocks: readonly LogBlock[]) => void; reject: (error: Error) => void }[] = [];
  const storage: Pick<LogStorage, "write" | "read"> = {
    write: (write) =>
      new Promise((resolve, reject) => {
        writes.push(write);
        ends.push({ resolve, reject });
      }),
    read: (from) => new Promise((resolve, reject) => void reads.push({ from, resolve, reject })),
  };
  const end = async (): Promise<void> => {
    ends.shift()?.resolve();
    await settled();
  };
  const fail = async (error: Error): Promise<void> => {
    ends.shift()?.reject(error);
    await settled();
  };
  return { storage: storage as LogStorage, writes, reads, end, fail };
}

function manager() {
  const held = heldStorage();
  const sink = new RecordingSink();
  const said: string[] = [];
  const say = (order: AfterPersist): void => void said.push(order.type === "Send" ? order.to : order.event.type);
  return { ...held, sink, said, log: new LogManager(held.storage, { say }, sink) };
}

const send = (to: string): AfterPersist => ({
  type: "Send",
  to,
  toIncarnation: "0".repeat(16),
  message: { type: "VoteResponse", term: 1, granted: true },
});
const persist = (number: number, order: Omit<Persist, "type" | "number" | "then">, ...to: string[]): Persist => ({
  type: "Persist",
  number,
  ...order,
  then: to.map(send),
});
const numbers = (sink: RecordingSink): number[] => sink.of("LogPersisted").map(({ number }) => number);

describe("LogManager", () => {
  it("R06 one write is under way at a time, and what arrives meanwhile is the next one", async () => {
    const { log, writes, sink, end } = manager();
    log.persist(persist(1, { blocks: [commands(1, 2)] }));
    log.flush();
    for (const number of [2, 3, 4]) log.persist(persist(number, { blocks: [commands(number + 1, 1)] }));
    log.flush();
    expect(writes.map(({ blocks }) => blocks?.length)).toEqual([1]);
    await end();
    expect(writes.map(({ blocks }) => blocks?.map(({ first }) => first))).toEqual([[1], [3, 4, 5]]);
    await end();
    expect(numbers(sink)).toEqual([1, 4]);
  });

  it("L01 E02 one turn's orders are one write, with the newest hard state and hint", async () => {
    const { log, writes } = manager();
    log.persist(persist(1, { hardState: { ...FRESH_HARD_STATE, term: 1 }, commitHint: 3 }));
    log.persist(persist(2, { hardState: { ...FRESH_HARD_STATE, term: 2 }, blocks: [commands(5, 1)], commitHint: 4 }));
    log.flush();
    expect(writes).toHaveLength(1);
    expect(writes[0]).toMatchObject({ hardState: { term: 2 }, commitHint: 4 });
    expect(writes[0]?.blocks?.map(({ first }) => first)).toEqual([5]);
  });

  it("L01 a truncation, a reset and a compaction each begin a write of their own", async () => {
    const { log, writes, end } = manager();
    log.persist(persist(1, { blocks: [commands(1, 3)] }));
    log.persist(persist(2, { truncateFrom: 2, blocks: [commands(2, 1, 2)] }));
    log.persist(persist(3, { blocks: [commands(3, 1, 2)] }));
    log.persist(persist(4, { compactTo: { index: 1, term: 1 } }));
    log.persist(persist(5, { resetTo: { index: 9, term: 2 } }));
    log.flush();
    for (let i = 0; i < 4; i++) await end();
    expect(writes.map((write) => Object.keys(write).toSorted())).toEqual([
      ["blocks"],
      ["blocks", "truncateFrom"],
      ["compactTo"],
      ["resetTo"],
    ]);
    expect(writes[1]?.blocks?.map(({ first }) => first)).toEqual([2, 3]);
  });

  it("E02 R07 what a write lets be said is said in order, only once it is durable and its number was told", async () => {
    const { log, said, sink, end } = manager();
    log.persist(persist(1, { hardState: FRESH_HARD_STATE }, "a", "b"));
    log.persist(persist(2, { blocks: [commands(1, 1)] }, "c"));
    log.flush();
    await settled();
    sink.turn();
    expect(said).toEqual([]);
    await end();
    expect(numbers(sink)).toEqual([2]);
    expect(said).toEqual([]);
    sink.turn();
    expect(said).toEqual(["a", "b", "c"]);
  });

  it("E02 a barrier without content waits for the writes before it, and needs no storage", async () => {
    const { log, writes, said, sink, end } = manager();
    log.persist(persist(1, { hardState: FRESH_HARD_STATE }));
    log.flush();
    log.persist(persist(2, {}, "after"));
    log.flush();
    sink.turn();
    expect(said).toEqual([]);
    await end();
    sink.turn();
    expect(said).toEqual(["after"]);
    expect(numbers(sink)).toEqual([1, 2]);
    expect(writes).toHaveLength(1);
  });

  it("R08 a commit hint is never a write of its own", async () => {
    const { log, writes, sink } = manager();
    log.persist(persist(1, { commitHint: 7 }));
    log.flush();
    expect(writes).toEqual([]);
    expect(numbers(sink)).toEqual([1]);
  });

  it("L04 a failed write is final: nothing more is written, said or tried again", async () => {
    const { log, writes, said, sink, fail } = manager();
    log.persist(persist(1, { hardState: FRESH_HARD_STATE }, "a"));
    log.flush();
    log.persist(persist(2, { blocks: [commands(1, 1)] }, "b"));
    await fail(new Error("EIO on segment 3"));
    log.persist(persist(3, { blocks: [commands(2, 1)] }, "c"));
    log.flush();
    await settled();
    sink.turn();
    expect(sink.events).toEqual([{ type: "StorageFailed", reason: "EIO on segment 3" }]);
    expect(writes).toHaveLength(1);
    expect(said).toEqual([]);
  });

  it("L01 a merged write stops growing at its bound", async () => {
    const { log, writes, end } = manager();
    const large = (index: number) =>
      LogBlock.of(index, 1, 0, EntryType.command, [new Uint8Array(MERGED_WRITE_BYTES_MAX - 100)]);
    for (const number of [1, 2, 3]) log.persist(persist(number, { blocks: [large(number)] }));
    log.flush();
    await end();
    expect(writes.map(({ blocks }) => blocks?.length)).toEqual([2, 1]);
  });

  it("R13 entries are read back one request per peer at a time; the newest waiting one counts", async () => {
    const { log, reads, sink } = manager();
    const fetch = (to: string, from: number) => log.fetch({ type: "FetchEntries", to, from, bytesMax: 1_000, term: 3 });
    fetch("n2", 1);
    fetch("n2", 5);
    fetch("n2", 9);
    fetch("n3", 2);
    expect(reads.map(({ from }) => from)).toEqual([1, 2]);
    reads[0]?.resolve([commands(1, 4)]);
    await settled();
    expect(reads.map(({ from }) => from)).toEqual([1, 2, 9]);
    expect(sink.of("EntriesFetched")).toMatchObject([{ to: "n2", term: 3, from: 1, blocks: [{ first: 1, count: 4 }] }]);
  });

  it("R13 what was compacted meanwhile comes back empty, and is no damage", async () => {
    const { log, reads, sink } = manager();
    log.persist(persist(1, { compactTo: { index: 50, term: 1 } }));
    log.flush();
    log.fetch({ type: "FetchEntries", to: "n2", from: 50, bytesMax: 1_000, term: 3 });
    await settled();
    expect(reads).toEqual([]);
    expect(sink.of("EntriesFetched")).toMatchObject([{ to: "n2", from: 50, blocks: [] }]);
  });

  it("L03 entries that cannot be read although they should be there stop the node", async () => {
    const { log, reads, sink } = manager();
    log.fetch({ type: "FetchEntries", to: "n2", from: 50, bytesMax: 1_000, term: 3 });
    reads[0]?.reject(new Error("checksum mismatch in segment 2 at 4096"));
    await settled();
    expect(sink.events).toEqual([{ type: "StorageFailed", reason: "checksum mismatch in segment 2 at 4096" }]);
  });

  it("L03 the state machine's entries are waited for where they can be put back", async () => {
    const { log, reads, sink } = manager();
    const hole = { first: 7, last: 9, file: "0001.seg", offset: 192, length: 512 };
    const wanted = log.read(7, 1_000, () => true);
    reads[0]?.reject(holeError(hole));
    await settled();
    expect([reads.length, sink.events]).toEqual([1, []]);
    log.readAgain();
    await settled();
    reads[1]?.resolve([commands(7, 3)]);
    expect(await wanted).toMatchObject([{ first: 7, last: 9 }]);
    // A peer's are not: whoever finds a hole leads no longer.
    log.fetch({ type: "FetchEntries", to: "n2", from: 7, bytesMax: 1_000, term: 3 });
    reads[2]?.reject(holeError(hole));
    await settled();
    expect(sink.events).toEqual([]);
  });

  it("L03 S11 nobody waits for the repair of what is not wanted any more, whether it met the hole before or does so later", async () => {
    const { log, reads } = manager();
    const hole = { first: 7, last: 9, file: "0001.seg", offset: 192, length: 512 };
    let isWanted = true;
    const [held, underWay] = [log.read(7, 1_000, () => isWanted), log.read(8, 1_000, () => isWanted)];
    reads[0]?.reject(holeError(hole));
    await settled();
    isWanted = false;
    log.readAgain();
    reads[1]?.reject(holeError(hole));
    await expect(underWay).rejects.toMatchObject({ code: "Damaged" });
    reads[2]?.reject(holeError(hole));
    await expect(held).rejects.toMatchObject({ code: "Damaged" });
  });

  it("L03 O04 nobody waits for a repair beyond the end, nor for what cannot be repaired", async () => {
    const { log, reads } = manager();
    const hopeless = log.read(7, 1_000, () => true);
    reads[0]?.reject(new Error("checksum mismatch"));
    await expect(hopeless).rejects.toThrow("checksum mismatch");
    const held = log.read(7, 1_000, () => true);
    reads[1]?.reject(holeError({ first: 7, last: 9, file: "0001.seg", offset: 192, length: 512 }));
    await settled();
    log.stopWaiting();
    await expect(held).rejects.toMatchObject({ code: "Damaged" });
  });

  it("O04 close waits for the write under way, and says nothing of it", async () => {
    const { log, said, sink, end } = manager();
    log.persist(persist(1, { hardState: FRESH_HARD_STATE }, "a"));
    log.flush();
    let closed = false;
    const closing = (async () => {
      await log.close();
      closed = true;
    })();
    await settled();
    expect(closed).toBe(false);
    await end();
    await closing;
    sink.turn();
    expect(said).toEqual([]);
    expect(sink.events).toEqual([]);
  });
});

describe("E24 a write that takes too long", () => {
  it("E24 is said while it is under way, with how long by now, and not where writes end in time", async () => {
    const { log, sink, end } = manager();
    const time = new ManualTime();
    const timers = new TimerService(time, drawing(0), 10, sink, { alarmRang: () => log.checkOverdue() });
    log.use({ timers, options: { writeOverdueMs: 300 }, ports: { clock: { monotonic: () => time.now() } } });
    for (const number of [1, 2]) {
      log.persist(persist(number, { hardState: FRESH_HARD_STATE }));
      log.flush();
      time.advance(200);
      await end();
    }
    expect(sink.of("WriteOverdue")).toEqual([]);
    log.persist(persist(3, { hardState: FRESH_HARD_STATE }));
    log.flush();
    time.advance(310);
    expect(sink.of("WriteOverdue")).toHaveLength(1);
    expect(sink.of("WriteOverdue")[0]?.forMs).toBeGreaterThanOrEqual(300);
    await end();
    time.advance(1_000);
    expect(sink.of("WriteOverdue")).toHaveLength(1);
  });
});
