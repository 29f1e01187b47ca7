import { RaftError } from "../model/errors.js";
import type { Millis } from "../model/log-id.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import type { SnapshotSink } from "../ports/snapshot-storage.js";
import type { SnapshotStreamHeader } from "../ports/transport.js";
import type { LoadSnapshot, ReceiveSnapshot, SendSnapshot } from "../protocol/effect.js";
import { SparseMap } from "../protocol/sparse-map.js";
import { SparseSet } from "../protocol/sparse-set.js";
import { Cancellation } from "./cancellation.js";
import { messageOf } from "./message-of.js";
import { type SavingSurroundings, SnapshotSaver } from "./snapshot-saver.js";
import { type SendingSurroundings, SnapshotSender, type Transfer } from "./snapshot-sender.js";
import { MOVED_BYTES_PER_TURN, paced, stateOf } from "./snapshot-stream.js";
import type { Alarm } from "./timer-service.js";
import { NO_STATE_FORMAT, WitnessState } from "./witness-state.js";

/** What the executor works with. */
export interface SnapshotSurroundings extends SavingSurroundings, SendingSurroundings {
  /** R19: a transfer without a byte for this long is given up. ms. */
  readonly stallMs: Millis;
}

/** One of the incoming ones; the stream may come once. */
interface Incoming extends Transfer {
  readonly order: ReceiveSnapshot;
  /** Where it goes, once that is open. */
  sink: SnapshotSink | undefined;
  streaming: boolean;
}

/**
 * Moves snapshots between nodes and into the state machine (sofa-jraft: SnapshotExecutor), beside the log traffic, with a
 * turn between chunks (S08). When to do which of it is the protocol's business.
 */
export class SnapshotExecutor {
  /** Saves this node's own ones. */
  readonly saver: SnapshotSaver;
  /** Numbers of ours and of others are drawn apart, and may be equal. */
  private readonly sender: SnapshotSender;
  private readonly incoming = new SparseMap<number, Incoming>();
  private closed = false;
  private readonly work = new SparseSet<Promise<void>>();
  /** The sinks that were asked for, one after the other. */
  private opened: Promise<void> = Promise.resolve();
  /** The sink before has let go of what it holds. */
  private released: Promise<void> = Promise.resolve();

  constructor(
    private readonly around: SnapshotSurroundings,
    newest: SnapshotMeta | null,
    /** Wakes {@link sweep}. */
    private readonly alarm: Alarm,
  ) {
    this.saver = new SnapshotSaver(around, newest);
    this.sender = new SnapshotSender(around);
  }

  /** Whether nothing is under way, and nobody is still to hear why the last save failed. */
  get isIdle(): boolean {
    const { saver, sender, incoming, work } = this;
    return !saver.isSaving && saver.lastFault === "" && sender.isIdle && incoming.size + work.size === 0;
  }

  /** Replaces the state machine's state, in its turn (S05). */
  load({ meta }: LoadSnapshot): void {
    const { fsm, storage, stateMachine } = this.around;
    fsm.load(meta, () =>
      stateMachine.snapshotLoad(
        stateOf(paced(storage.read(meta, 0, stateMachine.snapshotBytesHeldMax), () => this.turn())),
        {
          id: meta.id,
          formatVersion: meta.formatVersion,
        },
      ),
    );
  }

  /** Streams a snapshot to a peer that asked for its bytes. */
  send(order: SendSnapshot): void {
    this.sender.send(order);
    this.watch();
  }

  /** Opens a sink for a transfer that was offered; goes on where an earlier one broke. One too many is offered again. */
  receive(order: ReceiveSnapshot): void {
    const { now, traffic } = this.around;
    if (traffic.receiving.isFull)
      return this.tellFailure(order.transfer, "as many snapshots come in as may at once (snapshotReceivesMax)");
    const begun = { cancellation: new Cancellation(), progressMs: now(), bytes: 0 };
    const running: Incoming = { ...begun, order, sink: undefined, streaming: false };
    this.incoming.set(order.transfer, running);
    traffic.receiving.enter(running);
    this.watch();
    const isWitness = this.around.stateMachine instanceof WitnessState;
    this.opened = this.opened.then(() => (isWitness ? this.keepBare(running) : this.openSink(running)));
    this.follow(this.opened);
  }

  /** Stops a transfer; what was received is kept for the next one. */
  cancel(transfer: number): void {
    this.sender.cancel(transfer);
    const running = this.incoming.get(transfer);
    if (running === undefined) return;
    this.forget(running);
    running.cancellation.cancel();
    if (running.sink === undefined || running.streaming) return;
    this.released = this.abort(running.sink);
    this.follow(this.released);
  }

  /** The bytes of a transfer come in. Rejecting cuts the stream. */
  async received(header: SnapshotStreamHeader, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const running = this.incoming.get(header.transfer);
    const sink = running?.sink;
    const { id, incarnation } = this.around.identity;
    if (
      running === undefined ||
      sink === undefined ||
      running.streaming ||
      running.order.from !== header.from ||
      running.order.fromIncarnation !== header.fromIncarnation ||
      header.toIncarnation !== incarnation ||
      header.offset !== sink.offset
    )
      throw new RaftError(
        "SnapshotFailed",
        "refused",
        `${id} expects no snapshot stream ${header.transfer} from ${header.from}`,
      );
    running.streaming = true;
    const taking = this.takeBytes(running, sink, bytes);
    this.released = taking.catch(() => {});
    await Promise.race([taking, running.cancellation.cancelled]);
  }

  /** Gives up transfers that have not moved for too long (R19). */
  sweep(nowMs: Millis): void {
    const isStalled = ({ progressMs }: Transfer): boolean => nowMs - progressMs >= this.around.stallMs;
    for (const running of this.sender.transfers.values()) if (isStalled(running)) running.cancellation.cancel();
    for (const [transfer, running] of this.incoming) {
      if (!isStalled(running)) continue;
      this.cancel(transfer);
      this.tellFailure(transfer, "no byte came for too long");
    }
    if (this.sender.transfers.size + this.incoming.size > 0) this.watch();
  }

  /** Nothing is sent, received or saved any more. Resolves when what was under way has let go. */
  async close(): Promise<void> {
    this.closed = true;
    for (const transfer of this.incoming.keys()) this.cancel(transfer);
    await Promise.all([this.saver.close(), this.sender.close(), ...this.work]);
  }

  /** O01. */
  describe(): Readonly<Record<string, unknown>> {
    const list = (transfers: Iterable<[number, Transfer]>) =>
      [...transfers].map(([transfer, { bytes }]) => ({ transfer, bytes }));
    const { saver, sender, incoming } = this;
    const [sending, receiving] = [list(sender.transfers), list(incoming)];
    return { saving: saver.isSaving, newest: saver.newestIndex, sending, receiving };
  }

  /** M12: a witness keeps what the snapshot says of the log, and asks for none of its bytes. */
  private async keepBare(running: Incoming): Promise<void> {
    const { meta } = running.order;
    try {
      const bare = { ...meta, formatVersion: NO_STATE_FORMAT, sizeBytes: 0, checksum: 0 };
      await this.finish(running, await this.around.storage.begin(bare, "local"));
    } catch (error) {
      this.failed(running, messageOf(error));
    }
  }

  /** Opens the sink that a stream is expected for. */
  private async openSink(running: Incoming): Promise<void> {
    const { storage, events, now } = this.around;
    const { transfer, meta } = running.order;
    // A leader may notice the cut first, and offer again while the old stream still holds what came.
    await this.released;
    if (!this.isWanted(running)) return;
    try {
      const sink = await storage.begin(meta, "received");
      // Called off while the disk took its time.
      if (!this.isWanted(running)) return await this.abort(sink);
      running.sink = sink;
      running.bytes = sink.offset;
      running.progressMs = now();
      events.post({ type: "SnapshotSinkOpened", transfer, offset: sink.offset });
    } catch (error) {
      this.failed(running, messageOf(error));
    }
  }

  /** All of it is verified before anything changes (S05); a broken stream leaves what came for the next transfer (S04). */
  private async takeBytes(running: Incoming, sink: SnapshotSink, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of paced(bytes, () => this.turn(), MOVED_BYTES_PER_TURN)) {
        if (!this.isWanted(running)) throw new Error("called off");
        running.progressMs = this.around.now();
        running.bytes += chunk.length;
        await sink.write(chunk);
      }
    } catch (error) {
      await this.abort(sink);
      this.failed(running, messageOf(error));
      throw error;
    }
    // The disk may need its time for this; the bytes are all there.
    running.progressMs = Number.POSITIVE_INFINITY;
    this.follow(this.finish(running, sink));
  }

  private async finish(running: Incoming, sink: SnapshotSink): Promise<void> {
    const { transfer, meta } = running.order;
    try {
      const { formatVersion, sizeBytes, checksum } = await sink.commit();
      const received = { ...meta, formatVersion, sizeBytes, checksum };
      this.saver.received(received);
      if (!this.isWanted(running)) return;
      this.forget(running);
      this.around.events.post({ type: "SnapshotReceived", transfer, meta: received });
    } catch (error) {
      this.failed(running, messageOf(error));
    }
  }

  private isWanted(running: Incoming): boolean {
    return !this.closed && this.incoming.get(running.order.transfer) === running;
  }

  private failed(running: Incoming, reason: string): void {
    if (!this.isWanted(running)) return;
    this.forget(running);
    this.tellFailure(running.order.transfer, reason);
  }

  private forget(running: Incoming): void {
    this.incoming.delete(running.order.transfer);
    this.around.traffic.receiving.leave(running);
  }

  private tellFailure(transfer: number, reason: string): void {
    this.around.events.post({ type: "SnapshotReceiveFailed", transfer, reason });
  }

  /** What came is kept for the next transfer; what cannot be is removed when the storage is opened next. */
  private async abort(sink: SnapshotSink): Promise<void> {
    await sink.abort(true).catch(() => {});
  }

  private async turn(): Promise<void> {
    await new Promise<void>((resolve) => this.around.events.inNextTurn(resolve));
    if (this.closed) throw new RaftError("Stopped", "refused", "The node stopped.");
  }

  private follow(work: Promise<void>): void {
    this.work.add(work);
    void work.finally(() => this.work.delete(work));
  }

  private watch(): void {
    this.alarm.atMost(this.around.now() + this.around.stallMs);
  }
}
