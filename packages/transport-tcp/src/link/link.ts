import { performance } from "node:perf_hooks";
import {
  type DirectoryId,
  type Envelope,
  type MessageType,
  type NodeId,
  RaftError,
  type StartNumber,
} from "@hexraft/core/ports";
import type { Host } from "../host.js";
import { type Frame, FrameType } from "../wire/frame.js";
import type { Hello, Welcome } from "../wire/handshake.js";
import { decodeMessage, type EncodedFrame } from "../wire/message-frame.js";
import { MessageWriter } from "../wire/message-writer.js";
import { pingToArray } from "../wire/ping.js";
import type { Connection, ConnectionHandler } from "./connection.js";
import { dial } from "./dial.js";
import { isExpired } from "./doorkeeper.js";
import { SendQueue } from "./send-queue.js";

/** What a link asks of the transport, and tells it. */
export interface LinkEvents {
  /** The hello of the next call. */
  hello(): Hello;
  /** Messages flow from now on, or no longer do: see `startNumber`. */
  onChange(reason: string): void;
  /** Whom this node vouches for towards the peer. */
  vouched(): readonly NodeId[];
  /** The other side answered on our own connection, as it does while it has no address of ours. */
  onMessage(envelope: Envelope, startNumber: StartNumber): void;
}

/**
 * A call that nothing has answered for so long went into a void: TCP repeats it a second after it began, and then two seconds later,
 * and a peer that has come back in between is not noticed. ms.
 */
const CALL_STALE_MS = 500;

/** While it dials, messages wait; while it waits to dial again, they are dropped: the peer is known to be away. */
type State =
  | { readonly kind: "dialing"; readonly giveUp: (reason: string) => void; readonly sinceMs: number }
  | {
      readonly kind: "up";
      readonly connection: Connection;
      readonly peer: Welcome;
      readonly sinceMs: number;
    }
  | { readonly kind: "waiting"; readonly timer: NodeJS.Timeout }
  | { readonly kind: "closed" };

/**
 * Our own connection to one peer, for as long as some group knows it. Messages to the peer leave here; the peer's come
 * on the connection that it dials itself. So each direction has one connection, one order (T10) and one queue (T05).
 *
 * T04: a connection that was lost or refused is dialled again after a wait that doubles from `reconnectMinMs` to
 * `reconnectMaxMs`, each shortened by up to a half at random, so that a restarted node is not met by all peers at once.
 * A connection that lasted for `reconnectMaxMs` starts the waits anew. A new address is dialled at once, and so is a peer that
 * comes in itself.
 */
export class Link {
  /** Lays down what is said to the peer. */
  readonly writer: MessageWriter;
  private readonly queue: SendQueue;
  private state: State = { kind: "closed" };
  private attempts = 0;
  private lastFailure = "";

  constructor(
    private readonly host: Host,
    /** The peer. */
    readonly id: NodeId,
    private address: string,
    private readonly events: LinkEvents,
  ) {
    this.writer = new MessageWriter(host.checksum);
    this.queue = new SendQueue(host.options.queueMessagesMax, host.options.queueBytesMax);
    this.call();
  }

  /** The peer's run, while it is connected. */
  get startNumber(): StartNumber | undefined {
    return this.state.kind === "up" ? this.state.peer.startNumber : undefined;
  }

  /** Whether messages are taken at all: not while the peer is known to be away. */
  get isTaking(): boolean {
    return this.state.kind === "up" || this.state.kind === "dialing";
  }

  /** T09: the version spoken; while nobody has answered, the oldest. */
  get version(): number {
    return this.state.kind === "up" ? this.state.peer.version : this.host.versions.min;
  }

  /** Takes a frame for the next flush; `false` if there is no room. */
  send(frame: EncodedFrame, type: MessageType): boolean {
    return this.queue.offer(frame, type, this.state.kind === "up" ? this.state.connection.waitingBytes : 0);
  }

  /** What was taken leaves now, unless the socket is still busy with what came before. */
  flush(): void {
    if (this.state.kind === "up") this.host.counters.messagesSent += this.queue.flushInto(this.state.connection);
  }

  /** The peer may listen somewhere else: then it is called there, at once. */
  moveTo(address: string): void {
    if (address === this.address) return;
    this.address = address;
    this.attempts = 0;
    this.hangUp("its address changed");
    this.call();
  }

  /** There is reason to believe that the peer can be reached now. */
  nudge(): void {
    const { state } = this;
    if (state.kind === "dialing" && performance.now() - state.sinceMs > CALL_STALE_MS)
      this.hangUp("nothing answered, and it can be reached again, it seems");
    else if (state.kind === "waiting") clearTimeout(state.timer);
    else return;
    this.call();
  }

  /** T11: a newer life of the peer came in; if we are still connected to the older one, it hears why it is left. */
  outlive(directoryId: DirectoryId, startNumber: StartNumber): void {
    if (this.state.kind !== "up") return;
    const { connection, peer } = this.state;
    if (peer.directoryId !== directoryId || peer.startNumber >= startNumber) return;
    const reason = `start ${startNumber} of ${this.id} is here now; stop the older process`;
    connection.refuse({ code: "OlderStart", reason });
  }

  /** Asks whether the peer is still there, and gives a silent one up; `judgeMs`: the time, unless this process was paused itself. */
  tick(judgeMs: number | undefined): void {
    this.writer.turn();
    if (this.state.kind !== "up") return;
    const { connection } = this.state;
    const silentMs = (judgeMs ?? connection.lastHeardMs) - connection.lastHeardMs;
    const { silenceMaxMs } = this.host.options;
    if (silentMs > silenceMaxMs) connection.close(`silent for ${Math.round(silentMs)} ms`);
    else if (judgeMs !== undefined && connection.isTrickling(judgeMs, silenceMaxMs))
      connection.close(`less than a frame came in ${silenceMaxMs} ms`);
    else if (isExpired(connection)) connection.close("its certificate has expired");
    else this.ping();
  }

  /** Asks whether the peer is there, and tells it whom we vouch for. */
  ping(): void {
    if (this.state.kind !== "up" || this.state.connection.isBlocked) return;
    this.state.connection.say(FrameType.ping, pingToArray(this.events.vouched()));
  }

  /** Others are believed than before: whoever is there has to prove anew who it is. */
  redial(reason: string): void {
    if (this.state.kind === "up") this.state.connection.close(reason);
  }

  /** The end. */
  close(reason: string): void {
    this.hangUp(reason);
  }

  /** Facts for an operator. */
  describe(): Readonly<Record<string, unknown>> {
    const { state, queue } = this;
    return {
      address: this.address,
      state: state.kind,
      startNumber: this.startNumber ?? null,
      queuedMessages: queue.messages,
      queuedBytes: queue.sizeBytes + (state.kind === "up" ? state.connection.waitingBytes : 0),
      lastFailure: this.lastFailure,
    };
  }

  private call(): void {
    const { handshakeTimeoutMs } = this.host.options;
    const giveUp = dial(this.host, this.address, this.events.hello(), handshakeTimeoutMs, {
      onWelcome: (connection, welcome) => this.up(connection, welcome),
      onFailed: (reason) => this.down(reason),
    });
    this.state = { kind: "dialing", giveUp, sinceMs: performance.now() };
  }

  private up(connection: Connection, peer: Welcome): ConnectionHandler {
    const { startNumber } = peer;
    this.state = { kind: "up", connection, peer, sinceMs: performance.now() };
    this.host.logger.info("connected", { peer: this.id, address: this.address, startNumber });
    this.events.onChange("connected");
    this.ping();
    this.flush();
    return {
      onFrame: (frame) => this.hear(frame, startNumber),
      onDrain: () => this.flush(),
      onClosed: (reason) => this.down(reason),
    };
  }

  private hear(frame: Frame, startNumber: StartNumber): void {
    if (frame.type === FrameType.message) this.events.onMessage(decodeMessage(frame, this.host.checksum), startNumber);
    else if (frame.type !== FrameType.pong)
      throw new RaftError("BadMessage", "refused", `a frame of type ${frame.type} came from the node that was dialled`);
  }

  /** A call failed, or a connection ended. */
  private down(reason: string): void {
    const { state } = this;
    if (state.kind === "closed" || state.kind === "waiting") return; // an end that we brought about ourselves
    const { reconnectMinMs, reconnectMaxMs } = this.host.options;
    this.lastFailure = reason;
    if (state.kind === "up" && performance.now() - state.sinceMs >= reconnectMaxMs) this.attempts = 0;
    const longestMs = Math.min(reconnectMaxMs, reconnectMinMs * 2 ** Math.min(this.attempts, 30));
    const waitMs = longestMs * (0.5 + this.host.random.next() / 2);
    this.attempts++;
    this.host.counters.messagesDropped += this.queue.clear();
    this.state = { kind: "waiting", timer: setTimeout(() => this.call(), waitMs).unref() };
    this.host.logger.info("not connected", {
      peer: this.id,
      address: this.address,
      reason,
      retryInMs: Math.round(waitMs),
    });
    if (state.kind === "up") this.events.onChange(reason);
  }

  /** Ends whatever is under way; what was queued goes with it. */
  private hangUp(reason: string): void {
    const { state } = this;
    this.state = { kind: "closed" };
    this.host.counters.messagesDropped += this.queue.clear();
    if (state.kind === "waiting") clearTimeout(state.timer);
    if (state.kind === "dialing") state.giveUp(reason);
    if (state.kind === "up") {
      state.connection.close(reason);
      this.events.onChange(reason);
    }
  }
}
