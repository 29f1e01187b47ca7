import type { Socket } from "node:net";
import type { DoorBounds } from "../serve/door-bounds.js";
import { TokenBucket } from "../serve/token-bucket.js";
import { RespParser } from "./resp-parser.js";
import { type RespCommand, type RespLimits, RespProtocolError } from "./resp-protocol.js";
import { RespFailure, type RespReply, RespWriter } from "./resp-reply.js";

/**
 * What a command touches: nothing, the data by a command of the log or by a query, or the connection itself, so that nothing
 * behind it may begin before it is answered.
 */
export type Touch = "none" | "write" | "read" | "connection";

/** A command, understood and ready to run. */
export interface Runnable {
  readonly touch: Touch;
  /** Runs it; never throws or rejects: what goes wrong is a {@link RespFailure}. */
  run(): RespReply | Promise<RespReply>;
  /** The connection closes after the answer. */
  readonly last?: boolean;
}

/** Bounds of one connection. */
export interface RespConnectionLimits extends RespLimits, DoorBounds {
  /** Most commands under way or waiting; the rest stays in the socket. */
  readonly pipelineMax: number;
  /** Answers that the client does not read, bytes; beyond it nothing new is begun. */
  readonly unreadBytesMax: number;
}

/** A client that was told to go may take this long to do so, ms. */
const CLOSING_MS = 1_000;

interface Slot {
  readonly command: Runnable;
  reply: RespReply | undefined;
}

/**
 * One Redis client: answers in the order of the commands, written once per turn.
 *
 * A client that sends SET and GET in one packet expects the GET to see the SET, and never the reverse. So writes run
 * together, reads run together, and one kind waits until the other has been answered; a thousand SETs still make one batch.
 */
class RespConnection {
  private readonly parser: RespParser;
  private readonly writer = new RespWriter();
  private readonly bucket: TokenBucket;
  /** Runs while part of a command is here. */
  private arrival: NodeJS.Timeout | undefined;
  /** Not yet answered, oldest first. */
  private readonly slots: Slot[] = [];
  /** Of these, begun. */
  private begun = 0;
  private running: Touch = "none";
  private runningCount = 0;
  private flushing = false;
  private paused = false;
  /** Nothing more is understood: the client said QUIT, or garbage. */
  private ending = false;
  /** The client sends nothing more, but still listens. */
  private halfClosed = false;

  constructor(
    private readonly socket: Socket,
    private readonly limits: RespConnectionLimits,
    private readonly understand: (command: RespCommand) => Runnable,
  ) {
    this.parser = new RespParser(limits);
    this.bucket = new TokenBucket(limits.requestsPerSecondMax, performance.now());
  }

  listen(): void {
    const { socket } = this;
    socket.setTimeout(this.limits.idleTimeoutMs, () => socket.destroy());
    socket.once("close", () => clearTimeout(this.arrival));
    socket.on("data", (chunk: Buffer) => {
      if (this.ending) return;
      this.parser.push(chunk);
      this.advance();
    });
    socket.on("drain", () => this.advance());
    // A client that half-closes after its last command still gets its answers.
    socket.on("end", () => {
      this.halfClosed = true;
      this.flushSoon();
    });
  }

  private advance(): void {
    this.understandMore();
    this.begin();
    this.flushSoon();
    this.regulate();
  }

  private understandMore(): void {
    while (!this.ending && this.slots.length < this.limits.pipelineMax) {
      let command: RespCommand | undefined;
      try {
        command = this.parser.next();
      } catch (error) {
        if (!(error instanceof RespProtocolError)) throw error;
        this.breakOff(`ERR Protocol error: ${error.message}`);
        return;
      }
      this.watchArrival(command === undefined && this.parser.isAmidst);
      if (command === undefined) return;
      const runnable = this.bucket.take(performance.now()) ? this.understand(command) : this.tooFast;
      this.slots.push({ command: runnable, reply: undefined });
      if (runnable.last) this.end();
    }
  }

  private get tooFast(): Runnable {
    const { requestsPerSecondMax } = this.limits;
    const why = `more than ${requestsPerSecondMax} commands a second came over this connection (requestsPerSecondMax)`;
    return { touch: "none", run: () => new RespFailure(`TRYAGAIN nothing was done: ${why}`) };
  }

  /** A command that has begun must arrive in time. */
  private watchArrival(isAmidst: boolean): void {
    if (!isAmidst) {
      clearTimeout(this.arrival);
      this.arrival = undefined;
      return;
    }
    const { arrivalTimeoutMs } = this.limits;
    this.arrival ??= setTimeout(() => {
      this.breakOff(`ERR Protocol error: a command did not arrive within ${arrivalTimeoutMs} ms`);
      this.advance();
    }, arrivalTimeoutMs);
  }

  /** Answers what came before, then says why, and ends. */
  private breakOff(reason: string): void {
    this.slots.push({ command: { touch: "none", run: () => new RespFailure(reason) }, reply: undefined });
    this.end();
  }

  private begin(): void {
    while (this.begun < this.slots.length && this.unread() <= this.limits.unreadBytesMax) {
      const slot = this.slots[this.begun] as Slot;
      const { touch } = slot.command;
      const mustWait = touch === "connection" || (touch !== "none" && this.running !== touch);
      if (this.runningCount > 0 && (mustWait || this.running === "connection")) return;
      this.begun++;
      const reply = slot.command.run();
      if (!(reply instanceof Promise)) {
        slot.reply = reply;
        continue;
      }
      this.running = touch;
      this.runningCount++;
      void this.settle(slot, reply);
    }
  }

  private async settle(slot: Slot, reply: Promise<RespReply>): Promise<void> {
    slot.reply = await reply;
    this.runningCount--;
    this.flushSoon();
  }

  private flushSoon(): void {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => this.flush());
  }

  private flush(): void {
    this.flushing = false;
    let answered = 0;
    while (answered < this.slots.length) {
      const reply = (this.slots[answered] as Slot).reply;
      if (reply === undefined) break;
      this.writer.write(reply);
      answered++;
    }
    this.slots.splice(0, answered);
    this.begun -= answered;
    if (this.writer.pending > 0 && this.socket.writable) this.socket.write(this.writer.take());
    // Begins what waited for these answers, and what stayed in the parser for want of room.
    this.understandMore();
    this.begin();
    if (this.slots.length === 0 && (this.ending || this.halfClosed)) this.finish();
    else if (this.slots[0]?.reply !== undefined) this.flushSoon();
    else this.regulate();
  }

  /** Everything is answered. What the client still sends is read and thrown away, or it would not see the last answer. */
  private finish(): void {
    this.socket.end();
    this.socket.setTimeout(CLOSING_MS, () => this.socket.destroy());
    this.socket.resume();
  }

  /** Reads on only while there is room for what comes. */
  private regulate(): void {
    const full = this.slots.length >= this.limits.pipelineMax || this.unread() > this.limits.unreadBytesMax;
    if (full === this.paused) return;
    this.paused = full;
    if (full) this.socket.pause();
    else this.socket.resume();
  }

  private unread(): number {
    return this.socket.writableLength + this.writer.pending;
  }

  private end(): void {
    this.ending = true;
    this.flushSoon();
  }
}

/** Serves one client until it goes. */
export function serveRespConnection(
  socket: Socket,
  limits: RespConnectionLimits,
  understand: (command: RespCommand) => Runnable,
): void {
  new RespConnection(socket, limits, understand).listen();
}
