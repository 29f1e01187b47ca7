import type { Socket } from "node:net";
import { AnswerKind, type DoorAnswer, FrameKind, layOutError, layOutRecords, layOutToken } from "@hexraft/client";
import { RaftError } from "@hexraft/core/ports";
import type { DoorCodec } from "./door-codec.js";

/** The way back to one client: the answers of one turn leave in one write. */
export class DoorAnswers<Result, Answer> {
  /** Requests that were begun and have no answer yet; counted up by who begins them. */
  inFlight = 0;
  private answers: DoorAnswer[] = [];
  private flushing = false;
  /** Q08: the newest that it was told. */
  private toldToken = "";

  constructor(
    private readonly socket: Socket,
    private readonly codec: Pick<DoorCodec<never, Result, never, Answer>, "encodeResult" | "encodeAnswer">,
    /** Q08: covers all that is answered by now; empty: nothing does. */
    private readonly token: () => string,
    /** The answers of a turn have left. */
    private readonly onFlushed: () => void,
  ) {}

  /** A command was done. */
  result(number: number, result: Result): void {
    let bytes: Uint8Array;
    try {
      bytes = this.codec.encodeResult(result);
    } catch (error) {
      return this.fail(number, error);
    }
    this.ok(number, bytes);
  }

  /** A query was answered. */
  answer(number: number, answer: Answer): void {
    let bytes: Uint8Array;
    try {
      bytes = this.codec.encodeAnswer(answer);
    } catch (error) {
      return this.fail(number, error);
    }
    this.ok(number, bytes);
  }

  /** It was done, and that is what is told. */
  ok(number: number, bytes: Uint8Array): void {
    this.put({ number, kind: AnswerKind.ok, bytes });
  }

  /** It was not, or nobody can tell. */
  fail(number: number, error: unknown): void {
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
    const { answers, socket } = this;
    this.answers = [];
    // Not so after the goodbye.
    if (socket.writable) {
      socket.cork();
      this.tellToken();
      socket.write(layOutRecords(FrameKind.answers, answers));
      socket.uncork();
    }
    this.onFlushed();
  }

  /** Q08: before the answers of a turn, one token that covers them all. */
  private tellToken(): void {
    const token = this.token();
    if (token === "" || token === this.toldToken) return;
    this.toldToken = token;
    this.socket.write(layOutToken(token));
  }
}
