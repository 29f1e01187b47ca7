import { RaftError } from "../model/errors.js";
import type { Millis } from "../model/log-id.js";
import type { LocalIdentity } from "../model/node-id.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import type { SnapshotSink } from "../ports/snapshot-storage.js";
import type { PeerAddress, SnapshotStreamHeader, Transport } from "../ports/transport.js";
import type { LoadSnapshot, ReceiveSnapshot, SendSnapshot } from "../protocol/effect.js";
import { Cancellation } from "./cancellation.js";
import { messageOf } from "./message-of.js";
import { type SavingSurroundings, SnapshotSaver } from "./snapshot-saver.js";
import { paced, stateOf } from "./snapshot-stream.js";
import type { Alarm } from "./timer-service.js";

/** S04: snapshots sent at once; a further one is given up and asked for again. */
export const SNAPSHOT_SENDS_MAX = 4;

/** What the executor works with. */
export interface SnapshotSurroundings extends SavingSurroundings {
  readonly transport: Transport;
  readonly identity: LocalIdentity;
  readonly addressOf: (id: string) => PeerAddress | undefined;
  readonly now: () => Millis;
  /** R19: a transfer without a byte for this long is given up. ms. */
  readonly stallMs: Millis;
}

/** A transfer under way, in either direction. */
interface Transfer {
  readonly kind: "sent" | "received";
  readonly cancellation: Cancellation;
  /** Of a received one: who sends, what, and where it goes; the stream may come once. */
  readonly expected?: { readonly order: ReceiveSnapshot; readonly sink: SnapshotSink; streaming: boolean };
  progressMs: Millis;
  bytes: number;
}

/**
 * Moves snapshots between nodes and into the state machine (sofa-jraft: SnapshotExecutor), beside the log traffic, with a
 * turn between chunks (S08). When to do which of it is the protocol's business.
 */
export class SnapshotExecutor {
  /** Saves this node's own ones. */
  readonly saver: SnapshotSaver;
  private readonly transfers = new Map<number, Transfer>();
  private closed = false;
  private readonly work = new Set<Promise<void>>();
  private alarm: Alarm | undefined;

  constructor(
    private readonly around: SnapshotSurroundings,
    newest: SnapshotMeta | null,
  ) {
    this.saver = new SnapshotSaver(around, newest);
  }

  /** The deadline that wakes {@link sweep}. */
  use(alarm: Alarm): void {
    this.alarm = alarm;
  }

  /** Replaces the state machine's state, in its turn (S05). */
  load({ meta }: LoadSnapshot): void {
    const { fsm, storage, stateMachine } = this.around;
    fsm.load(meta, () =>
      stateMachine.snapshotLoad(stateOf(this.paced(storage.read(meta, 0))), {
        id: meta.id,
        formatVersion: meta.formatVersion,
      }),
    );
  }

  /** Streams a snapshot to a peer that asked for its bytes. */
  send(order: SendSnapshot): void {
    const { transport, storage, identity, addressOf, now } = this.around;
    const { to, transfer, meta, offset, toIncarnation } = order;
    const address = addressOf(to);
    const sends = [...this.transfers.values()].filter((each) => each.kind === "sent").length;
    if (this.closed || address === undefined || sends >= SNAPSHOT_SENDS_MAX) return this.sent(order, false);
    const { groupId: group, id: from, incarnation: fromIncarnation } = identity;
    const header: SnapshotStreamHeader = { group, from, fromIncarnation, toIncarnation, transfer, offset };
    const running: Transfer = { kind: "sent", cancellation: new Cancellation(), progressMs: now(), bytes: offset };
    this.transfers.set(transfer, running);
    this.watch();
    const { signal, cancelled } = running.cancellation;
    const sending = transport.sendSnapshot(header, address, this.paced(storage.read(meta, offset), running), signal);
    this.follow(
      Promise.race([sending, cancelled]).then(
        () => this.sent(order, true),
        () => this.sent(order, false),
      ),
    );
  }

  /** Opens a sink for a transfer that was offered; goes on where an earlier one broke. */
  receive(order: ReceiveSnapshot): void {
    this.follow(this.openSink(order));
  }

  /** Stops a transfer; what was received is kept for the next one. */
  cancel(transfer: number): void {
    const running = this.transfers.get(transfer);
    if (running === undefined) return;
    this.transfers.delete(transfer);
    running.cancellation.cancel();
    if (running.expected?.streaming === false) this.follow(this.abort(running.expected.sink));
  }

  /** The bytes of a transfer come in. Rejecting cuts the stream. */
  async received(header: SnapshotStreamHeader, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const running = this.transfers.get(header.transfer);
    const expected = running?.expected;
    const { id, incarnation } = this.around.identity;
    if (
      running === undefined ||
      expected === undefined ||
      expected.streaming ||
      expected.order.from !== header.from ||
      expected.order.fromIncarnation !== header.fromIncarnation ||
      header.toIncarnation !== incarnation ||
      header.offset !== expected.sink.offset
    )
      throw new RaftError(
        "SnapshotFailed",
        "refused",
        `${id} expects no snapshot stream ${header.transfer} from ${header.from}`,
      );
    expected.streaming = true;
    const taking = this.takeBytes(expected.order, expected.sink, bytes, running);
    await Promise.race([taking, running.cancellation.cancelled]);
  }

  /** Gives up transfers that have not moved for too long (R19). */
  sweep(nowMs: Millis): void {
    for (const [transfer, { progressMs, kind, expected }] of this.transfers) {
      if (nowMs - progressMs < this.around.stallMs) continue;
      this.cancel(transfer);
      if (kind === "received" && expected !== undefined) this.receiveFailed(transfer, "no byte came for too long");
    }
    if (this.transfers.size > 0) this.watch();
  }

  /** Nothing is sent, received or saved any more. Resolves when what was under way has let go. */
  async close(): Promise<void> {
    this.closed = true;
    for (const transfer of this.transfers.keys()) this.cancel(transfer);
    await Promise.all([this.saver.close(), ...this.work]);
  }

  /** O01. */
  describe(): Readonly<Record<string, unknown>> {
    const transfers = [...this.transfers].map(([transfer, { kind, bytes }]) => ({ transfer, kind, bytes }));
    return { saving: this.saver.isSaving, newest: this.saver.newestIndex, transfers };
  }

  private sent({ to, transfer }: SendSnapshot, ok: boolean): void {
    this.transfers.delete(transfer);
    if (!this.closed) this.around.events.post({ type: "SnapshotSent", to, transfer, ok });
  }

  private async openSink(order: ReceiveSnapshot): Promise<void> {
    const { storage, events, now } = this.around;
    const { transfer, meta } = order;
    try {
      const sink = await storage.begin(meta, "received");
      if (this.closed) return await this.abort(sink);
      const expected = { order, sink, streaming: false };
      const cancellation = new Cancellation();
      this.transfers.set(transfer, { kind: "received", cancellation, expected, progressMs: now(), bytes: sink.offset });
      this.watch();
      events.post({ type: "SnapshotSinkOpened", transfer, offset: sink.offset });
    } catch (error) {
      this.receiveFailed(transfer, messageOf(error));
    }
  }

  /** All of it is verified before anything changes (S05); a broken stream leaves what came for the next transfer (S04). */
  private async takeBytes(
    { transfer, meta }: ReceiveSnapshot,
    sink: SnapshotSink,
    bytes: AsyncIterable<Uint8Array>,
    running: Transfer,
  ): Promise<void> {
    try {
      for await (const chunk of this.paced(bytes, running)) {
        if (running.cancellation.signal.aborted) throw new Error("called off");
        await sink.write(chunk);
      }
    } catch (error) {
      await this.abort(sink);
      this.receiveFailed(transfer, messageOf(error));
      throw error;
    }
    // The disk may need its time for this; the bytes are all there.
    running.progressMs = Number.POSITIVE_INFINITY;
    this.follow(this.finish(transfer, meta, sink));
  }

  private async finish(transfer: number, meta: SnapshotMeta, sink: SnapshotSink): Promise<void> {
    try {
      const { sizeBytes, checksum } = await sink.commit();
      const wasWanted = this.transfers.delete(transfer);
      const received = { ...meta, sizeBytes, checksum };
      this.saver.received(received);
      if (wasWanted && !this.closed) this.around.events.post({ type: "SnapshotReceived", transfer, meta: received });
    } catch (error) {
      this.receiveFailed(transfer, messageOf(error));
    }
  }

  private receiveFailed(transfer: number, reason: string): void {
    this.transfers.delete(transfer);
    if (!this.closed) this.around.events.post({ type: "SnapshotReceiveFailed", transfer, reason });
  }

  /** What came is kept for the next transfer; what cannot be is removed when the storage is opened next. */
  private async abort(sink: SnapshotSink): Promise<void> {
    await sink.abort(true).catch(() => {});
  }

  private paced(bytes: AsyncIterable<Uint8Array>, running?: Transfer): AsyncGenerator<Uint8Array> {
    const { events, now } = this.around;
    const turn = async (): Promise<void> => {
      await new Promise<void>((resolve) => events.inNextTurn(resolve));
      if (this.closed) throw new RaftError("Stopped", "refused", "The node stopped.");
    };
    return paced(bytes, turn, (chunk) => {
      if (running === undefined) return;
      running.progressMs = now();
      running.bytes += chunk.length;
    });
  }

  private follow(work: Promise<void>): void {
    this.work.add(work);
    void work.finally(() => this.work.delete(work));
  }

  private watch(): void {
    this.alarm?.atMost(this.around.now() + this.around.stallMs);
  }
}
