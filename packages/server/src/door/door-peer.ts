import type { Socket } from "node:net";
import {
  AnswerKind,
  checkHello,
  type DoorAnswer,
  eachRecord,
  FrameKind,
  layOutError,
  layOutGoodbye,
  layOutRecords,
  layOutWelcome,
  REQUEST_FRAME_BYTES_MAX,
  RequestKind,
} from "@hexraft/client";
import { RaftError } from "@hexraft/core/ports";
import type { KvCodec } from "@hexraft/statemachine-kv";
import { Framer } from "@hexraft/transport-tcp";
import type { DoorLimits } from "./door-limits.js";
import type { DoorService } from "./door-service.js";

/**
 * One HexraftClient at the door. Its requests are begun in the order they came, answered in any, and the answers of one
 * turn leave in one write.
 */
export class DoorPeer {
  private readonly framer = new Framer(REQUEST_FRAME_BYTES_MAX);
  private answers: DoorAnswer[] = [];
  private flushing = false;
  private inFlight = 0;
  private greeted = false;
  private ended = false;
  private paused = false;

  constructor(
    private readonly socket: Socket,
    private readonly service: DoorService,
    private readonly codec: KvCodec,
    private readonly limits: DoorLimits,
  ) {}

  /** Serves it until it goes. */
  listen(): void {
    const { socket, limits } = this;
    socket.setTimeout(limits.helloTimeoutMs, () => this.end(`no hello within ${limits.helloTimeoutMs} ms`));
    socket.on("data", (chunk: Buffer) => this.onData(chunk));
    socket.on("drain", () => this.regulate());
  }

  private onData(chunk: Buffer): void {
    try {
      for (const frame of this.framer.push(chunk)) if (!this.ended) this.onFrame(frame);
    } catch (error) {
      if (!(error instanceof RaftError)) throw error;
      this.end(error.message);
    }
    this.regulate();
  }

  private onFrame(frame: Uint8Array): void {
    if (!this.greeted) {
      checkHello(frame);
      this.greeted = true;
      this.socket.setTimeout(0);
      this.socket.write(layOutWelcome(this.service.welcome()));
    } else if (frame[0] === FrameKind.requests)
      eachRecord(frame, (number, kind, bytes) => this.onRequest(number, kind, bytes));
    else throw new RaftError("BadMessage", "refused", `a frame of kind ${frame[0]} is not for a node`);
  }

  private onRequest(number: number, kind: number, bytes: Uint8Array): void {
    this.inFlight++;
    try {
      switch (kind) {
        case RequestKind.command:
          this.service.apply(this.codec.checkCommand(bytes), (error, result) =>
            error === null
              ? this.answer(number, this.codec.encodeResult(result as NonNullable<typeof result>))
              : this.fail(number, error),
          );
          return;
        case RequestKind.linearizableRead:
        case RequestKind.localRead:
          this.service
            .read(this.codec.decodeQuery(bytes), kind === RequestKind.localRead ? "local" : "linearizable")
            .then(
              (answer) => this.answer(number, this.codec.encodeAnswer(answer)),
              (error: unknown) => this.fail(number, error),
            );
          return;
        default:
          throw new RaftError("BadMessage", "refused", `a request of kind ${kind} is not known to this node`);
      }
    } catch (error) {
      // What cannot be understood was not begun.
      this.fail(number, error);
    }
  }

  private answer(number: number, bytes: Uint8Array): void {
    this.put({ number, kind: AnswerKind.ok, bytes });
  }

  private fail(number: number, error: unknown): void {
    const known = error instanceof RaftError ? error : new RaftError("Halted", "unknown", String(error));
    const leader = typeof known.details["leader"] === "string" ? known.details["leader"] : "";
    const kind = known.outcome === "refused" ? AnswerKind.refused : AnswerKind.unknown;
    this.put({ number, kind, bytes: layOutError(known.code, known.message, leader) });
  }

  private put(answer: DoorAnswer): void {
    this.inFlight--;
    this.answers.push(answer);
    if (this.flushing) return;
    this.flushing = true;
    // When the node has told all callers of its turn, and before the loop turns to other sockets.
    queueMicrotask(() => this.flush());
  }

  private flush(): void {
    this.flushing = false;
    const { answers } = this;
    this.answers = [];
    if (this.socket.writable && !this.ended) this.socket.write(layOutRecords(FrameKind.answers, answers));
    this.regulate();
  }

  /** Reads on only while there is room: a client that takes no answers gets to make no requests. */
  private regulate(): void {
    const full = this.inFlight >= this.limits.inFlightMax || this.socket.writableLength > this.limits.unreadBytesMax;
    if (full === this.paused || this.ended) return;
    this.paused = full;
    if (full) this.socket.pause();
    else this.socket.resume();
  }

  /** Says why, and closes. */
  private end(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    this.socket.end(layOutGoodbye(reason));
    this.socket.setTimeout(this.limits.helloTimeoutMs, () => this.socket.destroy());
    this.socket.resume();
  }
}
