import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Framer } from "@hexraft/transport-tcp";
import {
  AnswerKind,
  checkHello,
  type DoorAnswer,
  eachRecord,
  FrameKind,
  layOutError,
  layOutGoodbye,
  layOutRecords,
  layOutToken,
  layOutWelcome,
  REQUEST_FRAME_BYTES_MAX,
} from "../../src/index.js";

/** Options of a client to whom a node is not silent because the machine stands still. */
export const PATIENT = { deadlineMs: 15_000, connectTimeoutMs: 10_000 } as const;

/** A request as it reached the node. */
export interface Received {
  readonly number: number;
  readonly kind: number;
  readonly bytes: Uint8Array;
  /** Answers it. */
  ok(bytes?: Uint8Array): void;
  refuse(code: string, leader?: string): void;
  unknown(code: string): void;
}

/** A node's client door that does what the test says, over real sockets. */
export class FakeNode {
  /** Requests in the order they came. */
  readonly received: Received[] = [];
  /** Whom it names as leader when a client comes. */
  leader = "";
  /** Handles each request; by default it only notes it down. */
  onRequest: (request: Received) => void = () => {};
  /** Says this instead of a welcome. */
  goodbye = "";
  /** Q08: told before each answer, if there is one. */
  token = "";
  /** Which cluster it says that it belongs to. */
  clusterId = "c".repeat(32);
  /** Whether it says that it knows sessions. */
  sessions = false;
  /** Takes connections, and says nothing to anybody, as a process does that stands still. */
  isMute = false;
  connections = 0;
  /** Chunks of requests that came: how often the client wrote. */
  chunks = 0;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(readonly nodeId: string) {
    this.server = createServer((socket) => this.accept(socket));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(port, "127.0.0.1", resolve));
    return this;
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(socket: Socket): void {
    this.connections++;
    this.sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.sockets.delete(socket));
    const framer = new Framer(REQUEST_FRAME_BYTES_MAX);
    let greeted = false;
    socket.on("data", (chunk: Buffer) => {
      if (greeted) this.chunks++;
      for (const frame of framer.push(chunk)) {
        if (this.isMute) continue;
        if (greeted) this.onFrame(frame, socket);
        else {
          checkHello(frame);
          greeted = true;
          socket.write(
            this.goodbye === ""
              ? layOutWelcome({
                  nodeId: this.nodeId,
                  leader: this.leader,
                  clusterId: this.clusterId,
                  sessions: this.sessions,
                })
              : layOutGoodbye(this.goodbye),
          );
        }
      }
    });
  }

  private onFrame(frame: Uint8Array, socket: Socket): void {
    eachRecord(frame, (number, kind, bytes) => {
      const answer = (how: DoorAnswer["kind"], body: Uint8Array) => {
        if (this.token !== "") socket.write(layOutToken(this.token));
        socket.write(layOutRecords(FrameKind.answers, [{ number, kind: how, bytes: body }]));
      };
      const request: Received = {
        number,
        kind,
        bytes: Uint8Array.from(bytes),
        ok: (body = Uint8Array.of()) => answer(AnswerKind.ok, body),
        refuse: (code, leader = "") =>
          answer(AnswerKind.refused, layOutError(code, `${code} of ${this.nodeId}`, leader)),
        unknown: (code) => answer(AnswerKind.unknown, layOutError(code, `${code} of ${this.nodeId}`, "")),
      };
      this.received.push(request);
      this.onRequest(request);
    });
  }
}
