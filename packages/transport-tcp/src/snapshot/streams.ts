import type { AbortSignalLike, PeerAddress, SnapshotStreamHeader, TransportReceiver } from "@hexraft/core/ports";
import type { Groups } from "../groups.js";
import type { Host } from "../host.js";
import type { Refusal } from "../link/admission.js";
import type { Connection, ConnectionHandler } from "../link/connection.js";
import type { Hello } from "../wire/handshake.js";
import { SnapshotReception } from "./receive-snapshot.js";
import { SnapshotSending } from "./send-snapshot.js";

/** The snapshots under way, out and in, each on a connection of its own (T06). */
export class SnapshotStreams {
  private readonly underWay = new Set<SnapshotSending | SnapshotReception>();
  private isClosed = false;

  constructor(
    private readonly host: Host,
    private readonly groups: Groups,
  ) {}

  /** How many there are. */
  get size(): number {
    return this.underWay.size;
  }

  /** Sends one. Resolves when the receiver took the last byte. */
  async send(
    header: SnapshotStreamHeader,
    to: PeerAddress,
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignalLike,
  ): Promise<void> {
    const sending = new SnapshotSending(this.host, header, to);
    if (this.isClosed) sending.fail("this node stops");
    this.underWay.add(sending);
    try {
      await sending.run(bytes, signal);
    } finally {
      this.underWay.delete(sending);
    }
  }

  /** Why a stream is not taken, if it is not. */
  refusal({ stream, nodeId }: Hello): Refusal | undefined {
    if (stream === null || (stream.from === nodeId && this.groups.snapshotReceiver(stream) !== undefined))
      return undefined;
    const reason = `no replica here takes a snapshot of group ${stream.group} from ${stream.from}`;
    return { code: "NoReceiver", reason };
  }

  /** Takes one that was not refused, in the same turn. */
  receive(connection: Connection, header: SnapshotStreamHeader): ConnectionHandler {
    const receiver = this.groups.snapshotReceiver(header) as TransportReceiver;
    const reception = new SnapshotReception(this.host, connection, header, receiver, (over) =>
      this.underWay.delete(over),
    );
    this.underWay.add(reception);
    return reception;
  }

  /** Gives up those without progress. */
  tick(nowMs: number): void {
    for (const stream of this.underWay) stream.tick(nowMs);
  }

  /** Ends those that leave from here; the others end with their connections. */
  close(reason: string): void {
    this.isClosed = true;
    for (const stream of this.underWay) if (stream instanceof SnapshotSending) stream.fail(reason);
  }
}
