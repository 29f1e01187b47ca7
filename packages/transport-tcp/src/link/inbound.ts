import { performance } from "node:perf_hooks";
import { badMessage, type Envelope, type MessageType, type NodeId, type StartNumber } from "@hexraft/core/ports";
import type { Host } from "../host.js";
import { type Frame, FrameType } from "../wire/frame.js";
import type { Hello } from "../wire/handshake.js";
import { type EncodedFrame, withoutTail } from "../wire/message-frame.js";
import { MessageReader } from "../wire/message-reader.js";
import { MessageWriter } from "../wire/message-writer.js";
import { pingFromArray } from "../wire/ping.js";
import type { Connection, ConnectionHandler } from "./connection.js";
import { SendQueue } from "./send-queue.js";

/** What becomes of what comes in. */
export interface InboundEvents {
  /** A well-formed message of the peer that was let in. */
  onMessage(envelope: Envelope, from: NodeId, startNumber: StartNumber): void;
  /** It is over. */
  onClosed(inbound: Inbound, reason: string): void;
}

/**
 * A connection that a peer dialled: its messages come here. Answers leave by our own connection to it; only a peer whose
 * address no group knows yet (a leader that reaches a new node, a node that was removed) is answered right here.
 */
export class Inbound implements ConnectionHandler {
  /** Lays down what the peer is answered. */
  readonly writer: MessageWriter;
  private readonly reader: MessageReader;
  private readonly queue: SendQueue;
  /** Whom the peer vouches for, as it last said. */
  vouched: readonly NodeId[] = [];
  private answeredMs = 0;

  constructor(
    private readonly host: Host,
    private readonly connection: Connection,
    /** Who dialled. */
    readonly hello: Hello,
    private readonly events: InboundEvents,
  ) {
    this.writer = new MessageWriter(host.checksum);
    this.reader = new MessageReader(host.checksum);
    this.queue = new SendQueue(host.options.queueMessagesMax, host.options.queueBytesMax);
  }

  /** @inheritDoc */
  onFrame(frame: Frame): void {
    if (frame.type === FrameType.message) {
      const { nodeId, startNumber } = this.hello;
      this.events.onMessage(this.reader.decode(frame), nodeId, startNumber);
    } else if (frame.type === FrameType.ping) {
      this.vouched = pingFromArray(withoutTail(frame));
      this.answer();
    } else throw badMessage(`a frame of type ${frame.type} came where messages were expected`);
  }

  /** @inheritDoc */
  onDrain(): void {
    this.flush();
  }

  /** @inheritDoc */
  onClosed(reason: string): void {
    this.host.counters.messagesDropped += this.queue.clear();
    this.events.onClosed(this, reason);
  }

  /** Whether answers are taken. */
  get isTaking(): boolean {
    return !this.connection.isClosed;
  }

  /** T09: the version spoken. */
  get version(): number {
    return Math.min(this.host.versions.max, this.hello.versions.max);
  }

  /** Takes an answer to a peer without an address; `false` if there is no room. */
  send(frame: EncodedFrame, type: MessageType): boolean {
    return this.queue.offer(frame, type, this.connection.waitingBytes);
  }

  /** What was taken leaves now. */
  flush(): void {
    this.host.counters.messagesSent += this.queue.flushInto(this.connection);
  }

  /**
   * Gives a silent peer up: it would have pinged. One whose bytes come is told so without being asked, as its ping may
   * stand behind megabytes of entries on a slow link.
   */
  tick(judgeMs: number | undefined): void {
    this.writer.turn();
    this.reader.turn();
    const { lastHeardMs } = this.connection;
    const silentMs = (judgeMs ?? lastHeardMs) - lastHeardMs;
    if (silentMs > this.host.options.silenceMaxMs) this.connection.close(`silent for ${Math.round(silentMs)} ms`);
    else if (lastHeardMs > this.answeredMs) this.answer();
  }

  /** Closes it, telling why. */
  refuse(code: "OlderStart", reason: string): void {
    this.connection.refuse({ code, reason });
  }

  /** Closes it. */
  close(reason: string): void {
    this.connection.close(reason);
  }

  private answer(): void {
    // A peer that asks without reading the answers must not fill our memory with them.
    if (this.connection.isBlocked) return;
    this.connection.say(FrameType.pong, []);
    this.answeredMs = performance.now();
  }
}
