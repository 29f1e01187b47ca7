import { describe, expect, it } from "vitest";
import { ClosureQueue } from "../../src/components/closure-queue.js";
import { FsmCaller } from "../../src/components/fsm-caller.js";
import type { LogManager } from "../../src/components/log-manager.js";
import { SnapshotExecutor } from "../../src/components/snapshot-executor.js";
import { snapshotStream, stateOf } from "../../src/components/snapshot-stream.js";
import { SnapshotTraffic } from "../../src/components/snapshot-traffic.js";
import { NO_CONFIGURATION, votersOnly } from "../../src/model/configuration.js";
import { LOG_START } from "../../src/model/log-id.js";
import type { SnapshotMeta } from "../../src/model/snapshot-meta.js";
import type { SnapshotSink, SnapshotStorage } from "../../src/ports/snapshot-storage.js";
import type { StateMachine } from "../../src/ports/state-machine.js";
import type { SnapshotStreamHeader, Transport } from "../../src/ports/transport.js";
import { commands, recordingLogger, settled } from "./support/entries.js";
import { ManualTime } from "./support/manual-time.js";
import { RecordingSink } from "./support/recording-sink.js";

const configuration = {
  id: { index: 1, term: 0 },
  configuration: votersOnly([{ id: "n1", incarnation: "a".repeat(16), address: "h:1" }]),
};
/** Before it there was none. */
const none = { id: LOG_START, configuration: NO_CONFIGURATION };
const meta = (index: number, sizeBytes = 0): SnapshotMeta => ({
  id: { index, term: 1 },
  configuration,
  logTimeMs: 0,
  formatVersion: 1,
  sizeBytes,
  checksum: 0,
});
async function* chunksOf(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text);
}
async function* broke(): AsyncGenerator<Uint8Array> {
  yield* chunksOf("abcd");
  throw new Error("connection reset");
}
async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of bytes) text += new TextDecoder().decode(chunk);
  return text;
}

/** Keeps what is written; a partial one can be gone on with. */
class Shelf {
  readonly kept = new Map<number, Uint8Array[]>();
  readonly aborted: boolean[] = [];
  partial: Uint8Array[] = [];
  commitFault = "";

  readonly storage: Pick<SnapshotStorage, "begin" | "read"> = {
    begin: async (about, kind): Promise<SnapshotSink> => {
      const chunks = kind === "received" ? [...this.partial] : [];
      const size = () => chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      return {
        offset: size(),
        write: async (chunk) => void chunks.push(chunk.slice()),
        commit: async () => {
          if (this.commitFault !== "") throw new Error(this.commitFault);
          this.kept.set(about.id.index, chunks);
          return { ...about, sizeBytes: size(), checksum: 77 };
        },
        abort: async (keepPartial) => {
          this.aborted.push(keepPartial);
          this.partial = keepPartial ? chunks : [];
        },
      };
    },
    read: (about, offset) => {
      const all = this.kept.get(about.id.index) ?? [];
      return (async function* () {
        let at = 0;
        for (const chunk of all) {
          if (at >= offset) yield chunk;
          at += chunk.length;
        }
      })();
    },
  };
}

const BOUNDS = { snapshotSendsMax: 2, snapshotReceivesMax: 2, snapshotBytesPerSecondMax: 0 };

function executor(traffic = new SnapshotTraffic(BOUNDS, new ManualTime())) {
  const sink = new RecordingSink();
  const shelf = new Shelf();
  const loaded: string[] = [];
  let state = "";
  let saves = 0;
  const machine: StateMachine = {
    open: () => ({ appliedIndex: 0, formatVersion: 1 }),
    apply: (batch) =>
      batch.map((_, index) => {
        state += `${index};`;
      }),
    read: () => state,
    snapshotSave: () => {
      saves++;
      return chunksOf(...state.split(/(?<=;)/));
    },
    snapshotLoad: async (bytes, { id }) => void loaded.push(`${id.index}: ${await textOf(bytes)}`),
  };
  const logger = recordingLogger();
  const log = { read: () => Promise.reject(new Error("no log here")), readAgain: () => {} } as unknown as LogManager;
  const bounds = { batchEntriesMax: 100, batchBytesMax: 1_000_000 };
  const start = { index: 0, term: 0 };
  const fsm = new FsmCaller(machine, log, new ClosureQueue(logger), sink, bounds, logger, start, 0, {
    known: 1,
    open: 1,
  });
  const sent: { header: SnapshotStreamHeader; text: string }[] = [];
  const wire = { stall: false };
  const transport: Pick<Transport, "sendSnapshot"> = {
    sendSnapshot: async (header, _to, bytes) => {
      if (wire.stall) await new Promise(() => {});
      sent.push({ header, text: await textOf(bytes) });
    },
  };
  let now = 0;
  const made = new SnapshotExecutor(
    {
      storage: shelf.storage as SnapshotStorage,
      stateMachine: machine,
      transport: transport as Transport,
      fsm,
      events: sink,
      identity: {
        id: "n1",
        incarnation: "a".repeat(16),
        clusterId: "c".repeat(32),
        groupId: "main",
        directoryId: "d".repeat(16),
        startNumber: 1,
        recoveryNumber: 0,
      },
      configurationAt: (index) => (index >= configuration.id.index ? configuration : none),
      addressOf: (id) => (id === "n9" ? undefined : { id, address: "h:2", incarnation: "b".repeat(16) }),
      now: () => now,
      stallMs: 300,
      traffic,
    },
    null,
    { atMost: () => {} },
  );
  /** Turns until nothing moves any more. */
  const turns = async (): Promise<void> => {
    for (let i = 0; i < 40; i++) {
      await settled();
      sink.turn();
    }
  };
  const apply = (first: number, count: number) =>
    fsm.apply({ type: "Apply", upTo: first + count - 1, blocks: [commands(first, count)] });
  const receive = (transfer: number, about = meta(9)) =>
    made.receive({ type: "ReceiveSnapshot", from: "n2", fromIncarnation: "b".repeat(16), transfer, meta: about });
  const header = (transfer: number, offset = 0): SnapshotStreamHeader => ({
    group: "main",
    from: "n2",
    fromIncarnation: "b".repeat(16),
    toIncarnation: "a".repeat(16),
    transfer,
    offset,
  });
  const send = (transfer: number, to = "n2") =>
    made.send({ type: "SendSnapshot", to, toIncarnation: "b".repeat(16), transfer, meta: meta(2), offset: 0 });
  return {
    made,
    sink,
    shelf,
    loaded,
    turns,
    apply,
    receive,
    header,
    send,
    sent,
    wire,
    saves: () => saves,
    pass: (ms: number) => {
      now += ms;
    },
  };
}
const textIn = (chunks: readonly Uint8Array[] | undefined): Promise<string> =>
  textOf(
    stateOf(
      (async function* () {
        yield* chunks ?? [];
      })(),
    ),
  );

describe("SnapshotExecutor", () => {
  it("S01 a snapshot is the state of its save point, with the configuration and log time of that entry", async () => {
    const { made, apply, turns, shelf, sink } = executor();
    apply(1, 2);
    made.saver.take();
    apply(3, 2);
    await turns();
    expect(await textIn(shelf.kept.get(2))).toBe("1;2;");
    expect(sink.of("SnapshotSaved")).toMatchObject([
      { meta: { id: { index: 2, term: 1 }, configuration, logTimeMs: 10, checksum: 77 } },
    ]);
  });

  it("S07 concurrent demands share one run, and one at the same index needs none", async () => {
    const { made, apply, turns, sink, saves } = executor();
    apply(1, 2);
    made.saver.take();
    made.saver.take();
    await turns();
    made.saver.take();
    await turns();
    expect(saves()).toBe(1);
    expect(sink.of("SnapshotSaved").map(({ meta: { id } }) => id.index)).toEqual([2, 2]);
  });

  it("S02 a save that fails removes what it wrote, says so, and the next one works", async () => {
    const { made, apply, turns, shelf, sink } = executor();
    apply(1, 2);
    shelf.commitFault = "no space left";
    made.saver.take();
    await turns();
    expect(sink.of("SnapshotSaveFailed")).toEqual([{ type: "SnapshotSaveFailed", reason: "no space left" }]);
    expect(shelf.aborted).toEqual([false]);
    shelf.commitFault = "";
    made.saver.take();
    await turns();
    expect(sink.of("SnapshotSaved")).toHaveLength(1);
  });

  it("S08 between two chunks timers and sockets have a turn", async () => {
    const { made, apply, sink, shelf } = executor();
    apply(1, 3);
    made.saver.take();
    await settled();
    await settled();
    expect(shelf.kept.size).toBe(0);
    expect(sink.waiting).toBe(1);
  });

  it("S08 a transfer that comes in leaves timers and sockets a turn after each MiB, and takes no turn for less", async () => {
    const { made, receive, header, turns, sink, shelf } = executor();
    receive(3);
    await turns();
    const piece = new Uint8Array(256 * 1024);
    const pieces = async function* () {
      for (let i = 0; i < 6; i++) yield piece;
    };
    const stream = made.received(header(3), pieces());
    for (let i = 0; i < 10; i++) await settled();
    expect([made.describe()["receiving"], sink.waiting]).toEqual([[{ transfer: 3, bytes: 4 * piece.length }], 1]);
    await turns();
    await stream;
    expect(shelf.kept.get(9)).toHaveLength(6);
  });

  it("S04 a snapshot is streamed to a peer, and the end of it is told", async () => {
    const { made, apply, turns, send, sent, sink } = executor();
    apply(1, 2);
    made.saver.take();
    await turns();
    send(5);
    await turns();
    expect(sent.map(({ header }) => header)).toMatchObject([{ transfer: 5, from: "n1", offset: 0 }]);
    expect(sent[0]?.text.endsWith("1;2;")).toBe(true);
    expect(sink.of("SnapshotSent")).toEqual([{ type: "SnapshotSent", to: "n2", transfer: 5, ok: true }]);
  });

  it("S04 concurrent sends are bounded for all groups together, and nobody unknown is sent anything", async () => {
    const traffic = new SnapshotTraffic(BOUNDS, new ManualTime());
    const [one, other] = [executor(traffic), executor(traffic)];
    for (const { wire } of [one, other]) wire.stall = true;
    one.send(1);
    other.send(2);
    other.send(3);
    one.send(99, "n9");
    await one.turns();
    await other.turns();
    expect(other.sink.of("SnapshotSent")).toMatchObject([{ transfer: 3, ok: false }]);
    expect(one.sink.of("SnapshotSent")).toMatchObject([{ transfer: 99, ok: false }]);
    one.made.cancel(1);
    await one.turns();
    other.send(4);
    await other.turns();
    expect(other.sink.of("SnapshotSent").map(({ transfer }) => transfer)).toEqual([3]);
  });

  it("S04 snapshots that come in are bounded for all groups together, and each end of one makes room", async () => {
    const traffic = new SnapshotTraffic(BOUNDS, new ManualTime());
    const [one, other] = [executor(traffic), executor(traffic)];
    const opened = () => [one, other].flatMap(({ sink }) => sink.of("SnapshotSinkOpened").map((told) => told.transfer));
    const full = async (transfer: number) => {
      other.receive(transfer);
      await other.turns();
      expect(other.sink.of("SnapshotReceiveFailed").at(-1)).toMatchObject({
        transfer,
        reason: expect.stringContaining("snapshotReceivesMax"),
      });
      expect(opened()).not.toContain(transfer);
    };
    one.receive(1);
    one.receive(2);
    await one.turns();
    await full(3);
    // It is taken whole.
    const taken = one.made.received(one.header(1), snapshotStream(chunksOf("abc")));
    await one.turns();
    await taken;
    other.receive(4);
    await other.turns();
    await full(5);
    // It breaks.
    const broken = one.made.received(one.header(2), broke()).catch((error: Error) => error.message);
    await one.turns();
    expect(await broken).toBe("connection reset");
    other.receive(6);
    await other.turns();
    await full(7);
    // It is called off.
    other.made.cancel(6);
    one.receive(8);
    await one.turns();
    expect(opened()).toEqual([1, 2, 8, 4, 6]);
  });

  it("R19 a transfer without a byte for too long is given up, in either direction", async () => {
    const { made, send, receive, sink, wire, turns, pass } = executor();
    wire.stall = true;
    send(1);
    receive(2);
    await turns();
    pass(299);
    made.sweep(299);
    await turns();
    expect(sink.of("SnapshotSent")).toEqual([]);
    pass(1);
    made.sweep(300);
    await turns();
    expect(sink.of("SnapshotSent")).toMatchObject([{ transfer: 1, ok: false }]);
    expect(sink.of("SnapshotReceiveFailed")).toMatchObject([{ transfer: 2 }]);
  });

  it("S04 a transfer of ours and one of another with the same number do not disturb each other", async () => {
    const { made, receive, send, header, turns, sink } = executor();
    receive(3);
    send(3);
    await turns();
    expect(sink.of("SnapshotSent")).toMatchObject([{ transfer: 3, ok: true }]);
    const stream = made.received(header(3), snapshotStream(chunksOf("abc")));
    await turns();
    await stream;
    expect(sink.of("SnapshotReceived")).toMatchObject([{ transfer: 3 }]);
  });

  it("S04 a transfer that is called off while its sink is being opened is never told, and what it held is kept", async () => {
    const { made, receive, turns, sink, shelf } = executor();
    const { begin } = shelf.storage;
    shelf.storage.begin = (about, kind) => {
      made.cancel(3);
      return begin(about, kind);
    };
    receive(3);
    await turns();
    expect(sink.events).toEqual([]);
    expect(shelf.aborted).toEqual([true]);
  });

  it("S04 a transfer that is called off under way is cut, and says nothing any more", async () => {
    const { made, receive, header, turns, sink } = executor();
    receive(3);
    await turns();
    const open = (async function* () {
      yield* chunksOf("a");
      await new Promise<never>(() => {});
    })();
    const stream = made.received(header(3), open).catch((error: Error) => error.message);
    await settled();
    made.cancel(3);
    expect(await stream).toBe("called off");
    await turns();
    expect(sink.events.map(({ type }) => type)).toEqual(["SnapshotSinkOpened"]);
  });

  it("S05 received bytes are told only when the last one is verified and durable", async () => {
    const { made, receive, header, turns, sink, shelf } = executor();
    receive(3);
    await turns();
    expect(sink.of("SnapshotSinkOpened")).toEqual([{ type: "SnapshotSinkOpened", transfer: 3, offset: 0 }]);
    const stream = made.received(header(3), snapshotStream(chunksOf("abc", "def")));
    await turns();
    await stream;
    expect(sink.of("SnapshotReceived")).toMatchObject([{ transfer: 3, meta: { id: { index: 9 }, checksum: 77 } }]);
    expect(await textIn(shelf.kept.get(9))).toBe("abcdef");
  });

  it("S05 bytes that do not match change nothing", async () => {
    const { made, receive, header, turns, sink, shelf } = executor();
    shelf.commitFault = "checksum mismatch";
    receive(3);
    await turns();
    const stream = made.received(header(3), snapshotStream(chunksOf("abc")));
    await turns();
    await stream;
    expect(sink.of("SnapshotReceived")).toEqual([]);
    expect(sink.of("SnapshotReceiveFailed")).toMatchObject([{ transfer: 3, reason: "checksum mismatch" }]);
  });

  it("S04 a broken stream is gone on with where it ended", async () => {
    const { made, receive, header, turns, sink } = executor();
    receive(3);
    await turns();
    const broken = made.received(header(3), broke());
    const told = broken.catch((error: Error) => error.message);
    await turns();
    expect(await told).toBe("connection reset");
    expect(sink.of("SnapshotReceiveFailed")).toMatchObject([{ transfer: 3, reason: "connection reset" }]);
    receive(4);
    await turns();
    expect(sink.of("SnapshotSinkOpened").at(-1)).toEqual({ type: "SnapshotSinkOpened", transfer: 4, offset: 4 });
  });

  it("S04 R19 an offer that comes before the old stream is known to be cut goes on where that one stands", async () => {
    const { made, receive, header, turns, sink } = executor();
    receive(3);
    await turns();
    const open = (async function* () {
      yield* chunksOf("abcd");
      await new Promise<never>((_, reject) => {
        cut = () => reject(new Error("connection reset"));
      });
    })();
    let cut = () => {};
    const stream = made.received(header(3), open).catch((error: Error) => error.message);
    await turns();
    made.cancel(3);
    receive(4);
    await turns();
    expect(await stream).toBe("called off");
    cut();
    await turns();
    expect(sink.of("SnapshotSinkOpened").at(-1)).toEqual({ type: "SnapshotSinkOpened", transfer: 4, offset: 4 });
  });

  it("S04 a stream that nobody offered, or that begins elsewhere, is cut", async () => {
    const { made, receive, header, turns } = executor();
    await expect(made.received(header(8), chunksOf("x"))).rejects.toThrow("expects no snapshot stream 8 from n2");
    receive(3);
    await turns();
    await expect(made.received(header(3, 10), chunksOf("x"))).rejects.toThrow("expects no snapshot stream");
    await expect(made.received({ ...header(3), from: "n7" }, chunksOf("x"))).rejects.toThrow("from n7");
  });

  it("S05 loading hands the state machine exactly the state that was saved", async () => {
    const { made, apply, turns, loaded, sink } = executor();
    apply(1, 3);
    made.saver.take();
    await turns();
    made.load({ type: "LoadSnapshot", meta: { ...meta(3), id: { index: 3, term: 1 } } });
    await turns();
    expect(loaded).toEqual(["3: 1;2;3;"]);
    expect(sink.of("SnapshotLoaded")).toHaveLength(1);
  });

  it("O04 close calls off what is under way, and waits until it has let go", async () => {
    const { made, apply, send, receive, wire, turns, shelf, sink } = executor();
    apply(1, 3);
    wire.stall = true;
    made.saver.take();
    send(1);
    receive(2);
    await settled();
    const closing = made.close();
    await turns();
    await closing;
    expect(shelf.kept.size).toBe(0);
    expect(shelf.aborted.length).toBeGreaterThanOrEqual(1);
    expect(sink.of("SnapshotSent")).toEqual([]);
  });
});

describe("the snapshot stream", () => {
  it("S01 has room for sessions in front of the state, wherever the chunks are cut", async () => {
    const bytes = Uint8Array.of(3, 0, 0, 0, 9, 9, 9, 65, 66);
    for (let cut = 0; cut <= bytes.length; cut++)
      expect(
        await textOf(
          stateOf(
            (async function* () {
              yield bytes.subarray(0, cut);
              yield bytes.subarray(cut);
            })(),
          ),
        ),
      ).toBe("AB");
  });

  it("S05 one that ends inside its session table is damaged", async () => {
    for (const bytes of [Uint8Array.of(1, 0), Uint8Array.of(3, 0, 0, 0, 9)])
      await expect(
        textOf(
          stateOf(
            (async function* () {
              yield bytes;
            })(),
          ),
        ),
      ).rejects.toThrow("ends inside its session table");
  });
});
