import type { Socket } from "node:net";
import {
  checkHello,
  eachRecord,
  FrameKind,
  layOutAdminAnswer,
  layOutGoodbye,
  layOutWelcome,
  REQUEST_FRAME_BYTES_MAX,
  RequestKind,
  readAdmin,
  readRequestOf,
} from "@hexraft/client";
import { RaftError } from "@hexraft/core/ports";
import { checkInSession, layOutSessionOpened, OpenSession, SessionOpened } from "@hexraft/sessions";
import { Framer } from "@hexraft/transport-tcp";
import type { Access } from "../access/access.js";
import { allows, type Identity } from "../access/role.js";
import { refusedInSession } from "../kv/command-number.js";
import { TokenBucket } from "../serve/token-bucket.js";
import { DoorAnswers } from "./door-answers.js";
import type { DoorCodec } from "./door-codec.js";
import type { DoorLimits } from "./door-limits.js";
import type { DoorCommand, DoorService } from "./door-service.js";

/** What may change the data. */
const WRITES: ReadonlySet<number> = new Set([RequestKind.command, RequestKind.openSession, RequestKind.sessionCommand]);

/** One client at the door. Its requests are begun in the order they came, and answered in any. */
export class DoorPeer<Command, Result, Query, Answer> {
  private onGreeted: () => void = () => {};
  private readonly framer = new Framer(REQUEST_FRAME_BYTES_MAX);
  private readonly answers: DoorAnswers<Result, Answer>;
  /** Who it is; undefined until it has said hello. */
  private identity: Identity | undefined;
  /** Of the group that it means, once it was let in. */
  private service: DoorService<Command, Result, Query, Answer> | undefined;
  /** It has said hello, and is being looked up. */
  private greeting = false;
  private readonly bucket: TokenBucket;
  /** Runs while part of a frame is here. */
  private arrival: NodeJS.Timeout | undefined;
  private ended = false;
  private paused = false;

  constructor(
    private readonly socket: Socket,
    private readonly serviceOf: (group: string | undefined) => DoorService<Command, Result, Query, Answer>,
    private readonly codec: DoorCodec<Command, Result, Query, Answer>,
    private readonly limits: DoorLimits,
    private readonly access: Access,
  ) {
    this.answers = new DoorAnswers(
      socket,
      codec,
      () => this.service?.readToken() ?? "",
      () => this.regulate(),
    );
    this.bucket = new TokenBucket(limits.requestsPerSecondMax, performance.now());
  }

  /** Serves it until it goes. */
  listen(): void {
    const { socket, limits } = this;
    const { greetingTimeoutMs } = limits;
    // A clock of its own: a hello that comes byte by byte is late as well.
    const late = setTimeout(() => this.end(`no hello within ${greetingTimeoutMs} ms`), greetingTimeoutMs);
    socket.on("timeout", () => {
      if (this.ended) socket.destroy();
      // Who waits for an answer is not idle: a change of members may take long.
      else if (this.answers.inFlight === 0) this.end(`nothing was asked for ${limits.idleTimeoutMs} ms`);
    });
    const release = this.access.watch(
      () => this.identity,
      () => this.end("the rights of this user were changed", "AccessDenied"),
    );
    socket.once("close", () => {
      release();
      clearTimeout(late);
      clearTimeout(this.arrival);
    });
    this.onGreeted = () => {
      clearTimeout(late);
      socket.setTimeout(limits.idleTimeoutMs);
    };
    socket.on("data", (chunk: Buffer) => this.onData(chunk));
    socket.on("drain", () => this.regulate());
  }

  private onData(chunk: Buffer): void {
    // Plain bytes: views of a Buffer are Buffers, which cost twice as much to make.
    const plain = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    try {
      for (const frame of this.framer.push(plain)) if (!this.ended) this.onFrame(frame);
    } catch (error) {
      if (!(error instanceof RaftError)) throw error;
      this.end(error.message);
    }
    this.watchArrival();
    this.regulate();
  }

  private onFrame(frame: Uint8Array): void {
    const { identity, service } = this;
    if (identity === undefined || service === undefined) this.onHello(frame);
    else if (frame[0] === FrameKind.requests) {
      const now = performance.now();
      eachRecord(frame, (number, kind, bytes) => this.onRequest(service, number, kind, bytes, identity, now));
    } else throw new RaftError("BadMessage", "refused", `a frame of kind ${frame[0]} is not for a node`);
  }

  /** Looks up who it is, and lets it in. Nothing may come before the welcome has gone. */
  private onHello(frame: Uint8Array): void {
    if (this.greeting) throw new RaftError("BadMessage", "refused", "a client waits for the welcome before it asks");
    const { credentials, group } = checkHello(frame);
    this.greeting = true;
    const welcome = (identity: Identity | null) => {
      if (this.ended || this.socket.destroyed) return;
      if (identity === null) return this.end("the user is not known, or the password is wrong", "AccessDenied");
      if (!allows(identity, "read")) return this.end("this node asks who its clients are", "AccessDenied");
      try {
        this.service = this.serviceOf(group);
      } catch (error) {
        return this.end((error as Error).message, "BadOption");
      }
      this.identity = identity;
      this.onGreeted();
      this.socket.write(layOutWelcome(this.service.welcome()));
    };
    if (credentials === undefined || !this.access.hasUsers) welcome(this.access.anonymous);
    else
      this.access
        .login(credentials.user, credentials.password)
        .then(welcome, (error: Error) => this.end(error.message));
  }

  private onRequest(
    service: DoorService<Command, Result, Query, Answer>,
    number: number,
    kind: number,
    bytes: Uint8Array,
    identity: Identity,
    now: number,
  ): void {
    this.answers.inFlight++;
    try {
      this.check(kind, bytes, identity, now);
      switch (kind) {
        case RequestKind.command:
          this.apply(service, number, this.codec.checkCommand(bytes));
          return;
        case RequestKind.openSession:
          this.apply(service, number, new OpenSession(Uint8Array.from(bytes)));
          return;
        case RequestKind.sessionCommand:
          this.apply(
            service,
            number,
            checkInSession(bytes, (command) => void this.codec.checkCommand(command)),
          );
          return;
        case RequestKind.adminChange:
        case RequestKind.adminQuestion:
          service.admin(readAdmin(bytes), identity, kind).then(
            (answer) => this.answers.ok(number, layOutAdminAnswer(answer)),
            (error: unknown) => this.answers.fail(number, error),
          );
          return;
        default: {
          const read = readRequestOf(kind, bytes);
          if (read === undefined)
            throw new RaftError("BadMessage", "refused", `a request of kind ${kind} is not known to this node`);
          service.read(this.codec.decodeQuery(read.query), read.consistency).then(
            (answer) => this.answers.answer(number, answer),
            (error: unknown) => this.answers.fail(number, error),
          );
        }
      }
    } catch (error) {
      // What cannot be understood was not begun.
      this.answers.fail(number, error);
    }
  }

  private apply(
    service: DoorService<Command, Result, Query, Answer>,
    number: number,
    command: DoorCommand<Command>,
  ): void {
    service.apply(command, (error, result) => {
      const failure = error ?? refusedInSession(result);
      if (failure !== undefined) this.answers.fail(number, failure);
      else if (result instanceof SessionOpened) this.answers.ok(number, layOutSessionOpened(result));
      else this.answers.result(number, result as Result);
    });
  }

  /** What is not allowed, or too much, was not begun. @throws RaftError */
  private check(kind: number, bytes: Uint8Array, identity: Identity, now: number): void {
    const { requestBytesMax, requestsPerSecondMax } = this.limits;
    if (!this.bucket.take(now))
      throw new RaftError(
        "Overloaded",
        "refused",
        `More than ${requestsPerSecondMax} requests a second came over this connection (requestsPerSecondMax); ask more slowly.`,
      );
    if (bytes.length > requestBytesMax)
      throw new RaftError(
        "EntryTooLarge",
        "refused",
        `The request is ${bytes.length} bytes; requestBytesMax is ${requestBytesMax}.`,
      );
    if (WRITES.has(kind) && !allows(identity, "write"))
      throw new RaftError(
        "AccessDenied",
        "refused",
        `User ${identity.name || "without a name"} may read, and not write.`,
      );
  }

  /** A frame that has begun must arrive in time. */
  private watchArrival(): void {
    if (this.framer.pendingBytes === 0 || this.ended) {
      clearTimeout(this.arrival);
      this.arrival = undefined;
      return;
    }
    const { arrivalTimeoutMs } = this.limits;
    this.arrival ??= setTimeout(
      () => this.end(`a frame did not arrive within ${arrivalTimeoutMs} ms`),
      arrivalTimeoutMs,
    );
  }

  /** Reads on only while there is room: a client that takes no answers gets to make no requests. */
  private regulate(): void {
    const full =
      this.answers.inFlight >= this.limits.inFlightMax || this.socket.writableLength > this.limits.unreadBytesMax;
    if (full === this.paused || this.ended) return;
    this.paused = full;
    if (full) this.socket.pause();
    else this.socket.resume();
  }

  /** Says why, and closes. */
  private end(reason: string, code = ""): void {
    if (this.ended) return;
    this.ended = true;
    this.socket.end(layOutGoodbye(reason, code));
    this.socket.setTimeout(this.limits.greetingTimeoutMs);
    this.socket.resume();
  }
}
