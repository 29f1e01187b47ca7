import { connect, isIP, type Socket } from "node:net";
import { type ConnectionOptions, checkServerIdentity, connect as connectTls } from "node:tls";
import { RaftError } from "@hexraft/core/ports";
import { Framer, nodesNamedBy } from "@hexraft/transport-tcp";
import type { Endpoint, ResolvedClientOptions } from "./client-options.js";
import { ANSWER_FRAME_BYTES_MAX, FrameKind, readGoodbye, readToken, readWelcome, type Welcome } from "./door-frames.js";
import { type DoorRequest, eachRecord, layOutRecords } from "./door-records.js";

/** Why a node lets a client in for nothing: it may not, or it asks for a group that is not there. */
export type Denial = "AccessDenied" | "BadOption";

/** What a connection tells its owner. After `onClosed` it says nothing more. */
export interface DoorConnectionOwner {
  /** The node said hello; requests may be sent. */
  onWelcome(connection: DoorConnection, welcome: Welcome): void;
  /** One answer; the bytes are a view into the received frame. */
  onAnswer(connection: DoorConnection, number: number, kind: number, bytes: Uint8Array): void;
  /** It ended, or never began; whatever was sent and not answered has an unknown fate. */
  onClosed(connection: DoorConnection, reason: string, denial: Denial | undefined): void;
}

/** One framed connection to one node's client door. What is sent during one turn leaves in one write. */
export class DoorConnection {
  /** Requests sent and not answered; kept by the owner. */
  inFlight = 0;
  /** No new request goes this way; it closes after the last answer. */
  retired = false;
  /** C03: whether commands may go in sessions; known from the welcome on. */
  sessions = false;
  /** Which cluster answers here; known from the welcome on. */
  clusterId = "";
  /** Q08: covers all that was answered here; empty while the node has told none. */
  token = "";
  /** It ended because the node had said nothing for so long, ms; 0: it did not. */
  silentMs = 0;
  /** When the node was last heard, on the clock of `performance.now()`, ms. */
  heardAt = performance.now();
  private readonly socket: Socket;
  private readonly framer = new Framer(ANSWER_FRAME_BYTES_MAX);
  private outgoing: DoorRequest[] = [];
  private flushing = false;
  private closed = false;
  private greeted = false;

  constructor(
    readonly endpoint: Endpoint,
    private readonly options: Pick<ResolvedClientOptions, "connectTimeoutMs" | "hello" | "authorities" | "group">,
    private readonly owner: DoorConnectionOwner,
  ) {
    const { host, port } = endpoint;
    const { connectTimeoutMs, hello, authorities } = options;
    const isPlain = authorities === undefined;
    const place = { host, port, noDelay: true };
    this.socket = isPlain ? connect(place) : connectTls({ ...place, ...whoIsBelieved(authorities, host) });
    // Until the welcome, silence means that nobody is there; afterwards deadlines watch over the requests.
    this.socket.setTimeout(connectTimeoutMs, () =>
      this.giveUp(`no answer within ${connectTimeoutMs} ms`, connectTimeoutMs),
    );
    // Behind TLS nothing is said, least of all a password, before it is known to whom.
    this.socket.on(isPlain ? "connect" : "secureConnect", () => this.socket.write(hello()));
    this.socket.on("data", (chunk: Buffer) => this.onData(chunk));
    this.socket.on("error", (error) => this.close(error.message));
    this.socket.on("close", () => this.close("the node closed the connection"));
  }

  /** Takes a request for the end of this turn. */
  send(request: DoorRequest): void {
    this.outgoing.push(request);
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => this.flush());
  }

  /** Ends it because the node has said nothing for so long, ms. Idempotent. */
  giveUp(reason: string, silentMs: number): void {
    this.silentMs = silentMs;
    this.close(reason);
  }

  /** Ends it. Idempotent. */
  close(reason: string, denial?: Denial): void {
    if (this.closed) return;
    this.closed = true;
    this.outgoing = [];
    this.socket.destroy();
    this.owner.onClosed(this, reason, denial);
  }

  private flush(): void {
    this.flushing = false;
    if (this.closed || this.outgoing.length === 0) return;
    const requests = this.outgoing;
    this.outgoing = [];
    this.socket.write(layOutRecords(FrameKind.requests, requests));
  }

  private onData(chunk: Buffer): void {
    this.heardAt = performance.now();
    try {
      const plain = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      for (const frame of this.framer.push(plain)) this.onFrame(frame);
    } catch (error) {
      if (!(error instanceof RaftError)) throw error;
      this.close(error.message);
    }
  }

  private onFrame(frame: Uint8Array): void {
    if (this.closed) return;
    if (frame[0] === FrameKind.goodbye) {
      const { reason, code } = readGoodbye(frame);
      this.close(reason, code === "AccessDenied" || code === "BadOption" ? code : undefined);
      return;
    }
    if (!this.greeted) {
      const welcome = readWelcome(frame);
      const { group } = this.options;
      // One of an earlier release knows no groups by name, and would take the request for the only one it has.
      if (group !== undefined && welcome.group !== group) {
        this.close(`${welcome.nodeId} did not say that it serves the group ${group}`, "BadOption");
        return;
      }
      this.greeted = true;
      this.sessions = welcome.sessions === true;
      this.clusterId = welcome.clusterId;
      this.socket.setTimeout(0);
      this.owner.onWelcome(this, welcome);
      return;
    }
    // A kind that a later version adds is nothing to stumble over (T09).
    if (frame[0] === FrameKind.token) this.token = readToken(frame);
    else if (frame[0] === FrameKind.answers)
      eachRecord(frame, (number, kind, bytes) => this.owner.onAnswer(this, number, kind, bytes));
  }
}

/** A node of a cluster of that authority, whatever its address is today; or whoever may bear the name that was dialled. */
function whoIsBelieved(authorities: string, host: string): ConnectionOptions {
  return {
    ca: authorities,
    minVersion: "TLSv1.2",
    ...(isIP(host) === 0 && { servername: host }),
    checkServerIdentity: (_, certificate) =>
      nodesNamedBy({ subjectAltName: certificate.subjectaltname }).length > 0
        ? undefined
        : checkServerIdentity(host, certificate),
  };
}
