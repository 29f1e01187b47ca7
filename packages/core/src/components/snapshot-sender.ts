import type { Millis } from "../model/log-id.js";
import type { LocalIdentity } from "../model/node-id.js";
import type { SnapshotStorage } from "../ports/snapshot-storage.js";
import {
  type PeerAddress,
  SENT_BYTES_HELD_MAX,
  type SnapshotStreamHeader,
  type Transport,
} from "../ports/transport.js";
import type { SendSnapshot } from "../protocol/effect.js";
import { SparseMap } from "../protocol/sparse-map.js";
import { SparseSet } from "../protocol/sparse-set.js";
import { Cancellation } from "./cancellation.js";
import type { EventSink } from "./event-sink.js";
import { MOVED_BYTES_PER_TURN, paced } from "./snapshot-stream.js";
import type { SnapshotTraffic } from "./snapshot-traffic.js";

/** What a sender works with. */
export interface SendingSurroundings {
  readonly storage: SnapshotStorage;
  readonly transport: Transport;
  readonly events: EventSink;
  readonly identity: LocalIdentity;
  readonly addressOf: (id: string) => PeerAddress | undefined;
  readonly now: () => Millis;
  /** S04: what this and the process's other groups may take for it. */
  readonly traffic: SnapshotTraffic;
}

/** A transfer under way, in either direction. */
export interface Transfer {
  readonly cancellation: Cancellation;
  /** When it moved last, monotonic ms. */
  progressMs: Millis;
  /** Where it stands in the snapshot. */
  bytes: number;
}

/** Streams snapshots of this node to peers, at the pace of the receiver and of the process's traffic (S04, S08). */
export class SnapshotSender {
  private readonly outgoing = new SparseMap<number, Transfer>();
  private readonly work = new SparseSet<Promise<void>>();
  private closed = false;

  constructor(private readonly around: SendingSurroundings) {}

  /** What is under way, by the transfer's number. */
  get transfers(): SparseMap<number, Transfer> {
    return this.outgoing;
  }

  /** Whether nothing of one is left. */
  get isIdle(): boolean {
    return this.outgoing.size + this.work.size === 0;
  }

  /** Begins one, to a peer that asked for its bytes. One too many is given up, and asked for again. */
  send(order: SendSnapshot): void {
    const { transport, storage, identity, addressOf, traffic, now } = this.around;
    const { to, transfer, meta, offset, toIncarnation } = order;
    const address = addressOf(to);
    const running: Transfer = { cancellation: new Cancellation(), progressMs: now(), bytes: offset };
    if (this.closed || address === undefined || traffic.sending.isFull) return this.over(order, running, false);
    const { groupId: group, id: from, incarnation: fromIncarnation } = identity;
    const header: SnapshotStreamHeader = { group, from, fromIncarnation, toIncarnation, transfer, offset };
    this.outgoing.set(transfer, running);
    traffic.sending.enter(running);
    const { signal, cancelled } = running.cancellation;
    const bytes = traffic.limited(
      paced(storage.read(meta, offset, SENT_BYTES_HELD_MAX), () => this.turn(), MOVED_BYTES_PER_TURN),
      signal,
      (slice) => {
        running.progressMs = now();
        running.bytes += slice.length;
      },
    );
    const sending = transport.sendSnapshot(header, address, bytes, signal);
    const work = Promise.race([sending, cancelled]).then(
      () => this.over(order, running, true),
      () => this.over(order, running, false),
    );
    this.work.add(work);
    void work.finally(() => this.work.delete(work));
  }

  /** Stops it. */
  cancel(transfer: number): void {
    this.outgoing.get(transfer)?.cancellation.cancel();
  }

  /** Nothing is sent any more. Resolves when what was under way has let go. */
  async close(): Promise<void> {
    this.closed = true;
    for (const { cancellation } of this.outgoing.values()) cancellation.cancel();
    await Promise.all(this.work);
  }

  private over({ to, transfer }: SendSnapshot, running: Transfer, ok: boolean): void {
    if (this.outgoing.get(transfer) === running) this.outgoing.delete(transfer);
    this.around.traffic.sending.leave(running);
    if (!this.closed) this.around.events.post({ type: "SnapshotSent", to, transfer, ok });
  }

  private async turn(): Promise<void> {
    await new Promise<void>((resolve) => this.around.events.inNextTurn(resolve));
    if (this.closed) throw new Error("the node stopped");
  }
}
