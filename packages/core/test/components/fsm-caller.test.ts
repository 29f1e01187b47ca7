import { describe, expect, it } from "vitest";
import { ClosureQueue } from "../../src/components/closure-queue.js";
import { CALLS_PER_TURN_MAX, FsmCaller } from "../../src/components/fsm-caller.js";
import { LogManager } from "../../src/components/log-manager.js";
import { ProposalGroup } from "../../src/components/proposal-group.js";
import { NO_CONFIGURATION } from "../../src/model/configuration.js";
import { RaftError } from "../../src/model/errors.js";
import { EntryType, LogBlock } from "../../src/model/log-block.js";
import { holeError } from "../../src/model/log-hole.js";
import type { SnapshotMeta } from "../../src/model/snapshot-meta.js";
import type { LogStorage } from "../../src/ports/log-storage.js";
import type { CommandBatch, StateMachine } from "../../src/ports/state-machine.js";
import { commands, emptyEntry, gate, recordingLogger, settled } from "./support/entries.js";
import { RecordingSink } from "./support/recording-sink.js";

/** A state machine that writes down its calls, and answers at once unless the test holds it. */
class Machine implements StateMachine<string, string> {
  readonly calls: string[] = [];
  hold: Promise<void> | undefined;
  faultAt = 0;
  short = false;

  open = () => ({ appliedIndex: 0, formatVersion: 1 });
  apply(batch: CommandBatch): readonly unknown[] | Promise<readonly unknown[]> {
    if (batch.first <= this.faultAt && this.faultAt <= batch.last) throw new Error(`cannot do entry ${this.faultAt}`);
    this.calls.push(`apply ${batch.first}-${batch.last} (${batch.count})`);
    const results = batch.map((_, index) => `r${index}`);
    if (this.short) results.pop();
    return this.hold === undefined ? results : this.hold.then(() => results);
  }
  read = (query: string): string => {
    this.calls.push(`read ${query}`);
    return query;
  };
  async *snapshotSave(): AsyncGenerator<Uint8Array> {}
  async snapshotLoad(): Promise<void> {}
  leaderStart = (term: number) => void this.calls.push(`leaderStart ${term}`);
  leaderStop = () => {
    throw new Error("leaderStop is broken");
  };
  startFollowing = (leader: string, term: number) => void this.calls.push(`startFollowing ${leader} ${term}`);
  stopFollowing = (leader: string, term: number) => void this.calls.push(`stopFollowing ${leader} ${term}`);
  formatOpened = (formatVersion: number) => void this.calls.push(`format ${formatVersion}`);
  configurationCommitted = (_: unknown, index: number) => void this.calls.push(`configurationCommitted ${index}`);
}

function caller(
  stored: readonly LogBlock[] = [],
  bounds = { batchEntriesMax: 1_000, batchBytesMax: 1_000_000 },
  blocksPerRead = 1,
) {
  const sink = new RecordingSink();
  const machine = new Machine();
  const logger = recordingLogger();
  const closures = new ClosureQueue(logger);
  const reads: number[] = [];
  const log: Pick<LogManager, "read" | "readAgain"> = {
    readAgain: () => {},
    read: async (from) => {
      reads.push(from);
      const at = stored.findIndex((block) => block.last >= from);
      if (at < 0) throw new Error(`entry ${from} is gone`);
      const block = stored[at] as LogBlock;
      return [block.slice(from, block.last), ...stored.slice(at + 1, at + blocksPerRead)];
    },
  };
  const fsm = new FsmCaller(machine, log as LogManager, closures, sink, bounds, logger, { index: 0, term: 0 }, 0, {
    known: 2,
    open: 1,
  });
  const apply = (upTo: number, ...blocks: LogBlock[]) => fsm.apply({ type: "Apply", upTo, blocks });
  const applied = () => sink.of("Applied").map(({ upTo }) => upTo);
  return { sink, machine, closures, fsm, apply, applied, logger, reads };
}
const meta = (index: number): SnapshotMeta => ({
  id: { index, term: 1 },
  configuration: { id: { index: 0, term: 0 }, configuration: NO_CONFIGURATION },
  logTimeMs: index * 10,
  formatVersion: 1,
  sizeBytes: 0,
  checksum: 0,
});
const never = (error: Error): never => {
  throw error;
};

describe("FsmCaller", () => {
  it("R14 a batch reaches the state machine in one call, at once if it answers at once", () => {
    const { machine, apply, applied, fsm } = caller();
    apply(5, commands(1, 2), commands(3, 3));
    expect(machine.calls).toEqual(["apply 1-5 (5)"]);
    expect(applied()).toEqual([5]);
    expect(fsm.appliedId).toEqual({ index: 5, term: 1 });
  });

  it("R14 entries are applied in order, each once, also when a block reaches beyond what is committed", () => {
    const { machine, apply, applied } = caller();
    const block = commands(1, 10);
    apply(4, block);
    apply(4, block);
    apply(10, block);
    expect(machine.calls).toEqual(["apply 1-4 (4)", "apply 5-10 (6)"]);
    expect(applied()).toEqual([4, 10]);
  });

  it("R14 a leader's empty entry and a configuration count as applied, and are not shown to the state machine", () => {
    const { machine, apply, applied } = caller();
    apply(1, emptyEntry(1));
    apply(4, commands(2, 1), emptyEntry(3), commands(4, 1));
    expect(machine.calls).toEqual(["apply 2-4 (2)"]);
    expect(applied()).toEqual([1, 4]);
  });

  it("R14 a call is bounded in entries and bytes; one block always goes", () => {
    const { machine, apply } = caller([], { batchEntriesMax: 4, batchBytesMax: 1_000_000 });
    apply(12, commands(1, 6), commands(7, 2), commands(9, 2), commands(11, 2));
    expect(machine.calls).toEqual(["apply 1-6 (6)", "apply 7-10 (4)", "apply 11-12 (2)"]);
  });

  it("F05 what a gate opens is told between the commands before it and those behind it, once, and snapshots say so", () => {
    const { machine, apply, applied, sink, fsm } = caller();
    apply(3, commands(1, 2), gate(3, 2));
    apply(7, commands(4, 1), gate(5, 2), commands(6, 2));
    expect(machine.calls).toEqual(["apply 1-2 (2)", "format 2", "apply 4-4 (1)", "apply 6-7 (2)"]);
    expect(applied()).toEqual([2, 3, 4, 5, 7]);
    expect(sink.of("FormatOpened").map(({ formatVersion, index }) => [formatVersion, index])).toEqual([
      [2, 3],
      [2, 5],
    ]);
    expect(fsm.openFormat).toBe(2);
  });

  it("F05 a gate is passed as well where it is read back from the log, among many blocks", async () => {
    const { machine, apply } = caller([commands(1, 2), gate(3, 2), commands(4, 1)], undefined, 3);
    apply(5, commands(5, 1));
    await settled();
    expect(machine.calls).toEqual(["apply 1-2 (2)", "format 2", "apply 4-4 (1)", "apply 5-5 (1)"]);
  });

  it("F05 R15 nothing behind a gate is applied by who does not know its format, or cannot read it", () => {
    for (const [entry, reason] of [
      [gate(2, 3), /uses format 3 from here on, and this state machine knows 2; install the newer release/],
      [LogBlock.of(2, 1, 0, EntryType.versionGate, [new Uint8Array(3)]), /gate of 3 bytes opens no format/],
    ] as const) {
      const { machine, apply, applied, sink } = caller();
      apply(3, commands(1, 1), entry, commands(3, 1));
      expect([machine.calls, applied()]).toEqual([["apply 1-1 (1)"], [1]]);
      expect(sink.of("StateMachineFaulted")).toMatchObject([{ index: 2, reason: expect.stringMatching(reason) }]);
    }
  });

  it("F05 a snapshot that is loaded brings its format with it", async () => {
    const { machine, fsm } = caller();
    fsm.load({ ...meta(5), formatVersion: 2 }, async () => {});
    await settled();
    expect([machine.calls, fsm.openFormat]).toEqual([["format 2"], 2]);
  });

  it("R16 what left the memory is read back from the log, without a gap", async () => {
    const { machine, apply, applied, reads } = caller([commands(1, 3), commands(4, 3)]);
    apply(8, commands(7, 2));
    await settled();
    expect(reads).toEqual([1, 4]);
    expect(machine.calls).toEqual(["apply 1-3 (3)", "apply 4-6 (3)", "apply 7-8 (2)"]);
    expect(applied()).toEqual([3, 6, 8]);
  });

  it("R16 what one read brought is not read again for each batch of it", async () => {
    const stored = Array.from({ length: 10 }, (_, i) => commands(2 * i + 1, 2));
    const { machine, apply, applied, reads } = caller(stored, { batchEntriesMax: 4, batchBytesMax: 1_000_000 }, 5);
    apply(21, commands(21, 1));
    await settled();
    expect(reads).toEqual([1, 11]);
    expect(machine.calls).toHaveLength(7);
    expect(applied()).toEqual([4, 8, 10, 14, 18, 20, 21]);
  });

  it("S08 a long replay gives timers and sockets a turn", async () => {
    const blocks = Array.from({ length: 3 * CALLS_PER_TURN_MAX }, (_, i) => commands(i + 1, 1));
    const { machine, apply, sink, fsm } = caller([], { batchEntriesMax: 1, batchBytesMax: 1_000_000 });
    apply(blocks.length, ...blocks);
    expect(machine.calls).toHaveLength(CALLS_PER_TURN_MAX);
    fsm.turnBegan();
    sink.turn();
    expect(machine.calls).toHaveLength(2 * CALLS_PER_TURN_MAX);
  });

  it("the calls are one FIFO: nothing overtakes a state machine that takes its time", async () => {
    const { machine, apply, fsm, applied } = caller();
    let release: () => void = () => {};
    machine.hold = new Promise((resolve) => {
      release = resolve;
    });
    apply(1, commands(1, 1));
    fsm.tell({ type: "TellStateMachine", what: { call: "leaderStart", term: 3 } });
    fsm.call(() => void machine.calls.push("between"), never);
    machine.hold = undefined;
    apply(2, commands(2, 1));
    expect(machine.calls).toEqual(["apply 1-1 (1)"]);
    release();
    await settled();
    expect(machine.calls).toEqual(["apply 1-1 (1)", "leaderStart 3", "between", "apply 2-2 (1)"]);
    expect(applied()).toEqual([1, 2]);
  });

  it("the state machine is told of leaders and configurations; what it throws then is logged and the node goes on", () => {
    const { machine, fsm, logger, apply } = caller();
    const tell = (what: Parameters<FsmCaller["tell"]>[0]["what"]) => fsm.tell({ type: "TellStateMachine", what });
    tell({ call: "startFollowing", leader: "n2", term: 4 });
    tell({ call: "leaderStop" });
    tell({ call: "stopFollowing", leader: "n2", term: 4 });
    tell({ call: "configurationCommitted", configuration: NO_CONFIGURATION, index: 9 });
    apply(1, commands(1, 1));
    expect(machine.calls).toEqual([
      "startFollowing n2 4",
      "stopFollowing n2 4",
      "configurationCommitted 9",
      "apply 1-1 (1)",
    ]);
    expect(logger.lines.join()).toContain("leaderStop is broken");
  });

  it("Q01 a read waits until everything up to its index is applied", () => {
    const { machine, fsm, apply } = caller();
    fsm.readAt(5, () => void machine.read("late"), never);
    fsm.readAt(0, () => void machine.read("now"), never);
    apply(4, commands(1, 4));
    expect(machine.calls).toEqual(["read now", "apply 1-4 (4)"]);
    apply(6, commands(5, 2));
    expect(machine.calls.at(-1)).toBe("read late");
  });

  it("R15 F01 a throw stops apply at that batch for good: nothing later is applied, read or answered with a result", () => {
    const { machine, fsm, apply, applied, closures, sink } = caller();
    const heard: string[] = [];
    const group = new ProposalGroup(undefined);
    for (let i = 0; i < 3; i++)
      group.add(Uint8Array.of(1), null, (error) => {
        heard.push(error instanceof RaftError ? `${error.code} ${error.outcome}` : "ok");
      });
    closures.submit(group);
    closures.accepted({ type: "ProposalsAccepted", first: 1, term: 1, count: 3 });
    machine.faultAt = 2;
    apply(1, commands(1, 1));
    apply(2, commands(2, 1));
    apply(3, commands(3, 1));
    const failures: string[] = [];
    fsm.readAt(
      0,
      () => void machine.read("after"),
      (error) => failures.push(error.code),
    );
    closures.deliver();
    expect(machine.calls).toEqual(["apply 1-1 (1)"]);
    expect(applied()).toEqual([1]);
    expect(sink.of("StateMachineFaulted")).toEqual([
      { type: "StateMachineFaulted", index: 2, reason: "cannot do entry 2" },
    ]);
    expect(heard.toSorted()).toEqual(["StateMachineFaulted unknown", "StateMachineFaulted unknown", "ok"]);
    expect(failures).toEqual(["StateMachineFaulted"]);
    expect(fsm.describe()["fault"]).toContain("entry 2");
  });

  it("R15 a rejected promise and a wrong number of results are faults too", async () => {
    const rejecting = caller();
    rejecting.machine.hold = Promise.reject(new Error("lost its disk"));
    rejecting.apply(2, commands(1, 2));
    await settled();
    expect(rejecting.sink.of("StateMachineFaulted")).toMatchObject([{ index: 1, reason: "lost its disk" }]);
    const short = caller();
    short.machine.short = true;
    short.apply(2, commands(1, 2));
    expect(short.sink.of("StateMachineFaulted")[0]?.reason).toContain("1 results for 2 commands");
  });

  it("S05 a snapshot is loaded in its turn; what was queued before it and is in it is left out", async () => {
    const { machine, fsm, apply, applied, sink } = caller();
    let release: () => void = () => {};
    machine.hold = new Promise((resolve) => {
      release = resolve;
    });
    apply(1, commands(1, 1));
    machine.hold = undefined;
    // Its entries are gone with the log that the snapshot replaced: reading them would find nothing.
    apply(5);
    fsm.load(meta(9), async () => void machine.calls.push("load 9"));
    apply(11, commands(10, 2));
    release();
    await settled();
    expect(machine.calls).toEqual(["apply 1-1 (1)", "load 9", "apply 10-11 (2)"]);
    expect(applied()).toEqual([1, 11]);
    expect(sink.of("SnapshotLoaded")).toMatchObject([{ meta: { id: { index: 9 } } }]);
    expect(fsm.logTimeMs).toBe(100);
  });

  it("S11 L03 a snapshot is loaded although the commands that it replaces wait at a hole of the log", async () => {
    const sink = new RecordingSink();
    const machine = new Machine();
    const hole = holeError({ first: 2, last: 3, file: "0001.seg", offset: 192, length: 512 });
    const storage: Pick<LogStorage, "read"> = {
      read: (from) => (from < 2 ? Promise.resolve([commands(1, 1)]) : Promise.reject(hole)),
    };
    const log = new LogManager(storage as LogStorage, { say: () => {} }, sink);
    const logger = recordingLogger();
    const bounds = { batchEntriesMax: 1_000, batchBytesMax: 1_000_000 };
    const formats = { known: 1, open: 1 };
    const start = { index: 0, term: 0 };
    const fsm = new FsmCaller(machine, log, new ClosureQueue(logger), sink, bounds, logger, start, 0, formats);
    fsm.apply({ type: "Apply", upTo: 5, blocks: [] });
    await settled();
    expect(machine.calls).toEqual(["apply 1-1 (1)"]);
    fsm.load(meta(5), async () => void machine.calls.push("load 5"));
    await settled();
    expect(machine.calls).toEqual(["apply 1-1 (1)", "load 5"]);
    expect(sink.events).toMatchObject([{ type: "Applied", upTo: 1 }, { type: "SnapshotLoaded" }]);
  });

  it("R15 a snapshot that cannot be loaded is a fault", async () => {
    const { fsm, sink } = caller();
    fsm.load(meta(9), () => Promise.reject(new Error("format 7 is unknown")));
    await settled();
    expect(sink.of("StateMachineFaulted")).toMatchObject([{ reason: "format 7 is unknown" }]);
    expect(sink.of("SnapshotLoaded")).toEqual([]);
  });

  it("O04 close waits for the call under way, and answers what waits", async () => {
    const { machine, fsm, apply, sink } = caller();
    let release: () => void = () => {};
    machine.hold = new Promise((resolve) => {
      release = resolve;
    });
    apply(1, commands(1, 1));
    const failures: string[] = [];
    fsm.readAt(
      7,
      () => undefined,
      (error) => failures.push(error.code),
    );
    let closed = false;
    const closing = (async () => {
      await fsm.close();
      closed = true;
    })();
    await settled();
    expect(failures).toEqual(["Stopped"]);
    expect(closed).toBe(false);
    release();
    await closing;
    expect(sink.of("Applied")).toEqual([]);
  });
});
