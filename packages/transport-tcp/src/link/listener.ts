import type { AddressInfo, Server, Socket } from "node:net";
import { badMessage, type PeerIdentity, RaftError } from "@hexraft/core/ports";
import { formatAddress } from "../address.js";
import type { Host } from "../host.js";
import { FrameType } from "../wire/frame.js";
import { type Hello, helloFromArray, versionsIn, welcomeToArray } from "../wire/handshake.js";
import { withoutTail } from "../wire/message-frame.js";
import { helloRefusal, identityRefusal, type Refusal, versionRefusal } from "./admission.js";
import { Connection, type ConnectionHandler } from "./connection.js";

/** Who works for the connections that were let in. */
export interface Reception {
  /** M13: makes this waiting node a member of the hello's cluster, durably; or says why not. */
  claim(hello: Hello): Promise<Refusal | undefined>;
  /** Who this node is, as the group asked about sees it. */
  identity(hello: Hello): PeerIdentity;
  /** Why nobody here works for such a connection, if nobody does. */
  refusal(hello: Hello): Refusal | undefined;
  /** Takes over a connection that was welcomed. */
  receive(connection: Connection, hello: Hello): ConnectionHandler;
}

/** A socket that came. */
interface Visit {
  close(reason: string): void;
}

const ignore = (): void => {};

/**
 * Takes connections in: each has to say who it is within a time, in one small frame, and is let in or refused with a
 * reason (T02). The numbers of those that did and of those that did not are bounded apart, so that a crowd of silent
 * sockets cannot keep a peer out (T07).
 */
export class Listener {
  private readonly server: Server;
  private readonly all = new Set<Visit>();
  private readonly strangers = new Set<Visit>();

  constructor(
    private readonly host: Host,
    private readonly reception: Reception,
  ) {
    this.server = host.sockets.server((socket) => this.accept(socket));
  }

  /** Connections from others, known or not. */
  get connections(): number {
    return this.all.size;
  }

  /**
   * Listens; resolves with the port.
   *
   * @throws RaftError `AddressInUse`, naming the address.
   */
  listen(): Promise<number> {
    const { host, port } = this.host.options;
    return new Promise((resolve, reject) => {
      this.server.once("error", (error: NodeJS.ErrnoException) => {
        const address = formatAddress(host, port);
        reject(
          new RaftError(
            "AddressInUse",
            "refused",
            `cannot listen at ${address} (${error.code ?? error.message}); stop what listens there, or choose another port`,
            { address, cause: error.code },
          ),
        );
      });
      this.server.listen(port, host, () => {
        this.server.removeAllListeners("error");
        this.server.on("error", (error) => this.host.logger.warn("the listener reports", { error: error.message }));
        resolve((this.server.address() as AddressInfo).port);
      });
    });
  }

  /** Closes every connection and stops listening. */
  close(): Promise<void> {
    for (const visit of this.all) visit.close("this node stops");
    this.all.clear();
    return new Promise((resolve) => {
      this.server.close(() => resolve());
    });
  }

  /** A socket came: it has to be secured, where that is asked for, and to say who it is, in time. */
  private accept(socket: Socket): ((secured: Socket) => void) | undefined {
    const { options, counters } = this.host;
    socket.on("error", ignore);
    if (this.all.size >= options.connectionsMax) {
      counters.turnedAway++;
      socket.destroy();
      return undefined;
    }
    const visit: Visit = { close: () => socket.destroy() };
    const timer = setTimeout(
      () => visit.close(`no handshake within ${options.handshakeTimeoutMs} ms`),
      options.handshakeTimeoutMs,
    );
    timer.unref();
    const known = () => {
      clearTimeout(timer);
      this.strangers.delete(visit);
    };
    this.all.add(visit);
    this.strangers.add(visit);
    socket.once("close", () => {
      known();
      this.all.delete(visit);
    });
    if (this.strangers.size > options.handshakesMax) {
      const [oldest] = this.strangers;
      counters.turnedAway++;
      oldest?.close("too many connections that do not say who they are");
    }
    return (secured) => {
      const connection = this.connect(secured, known);
      visit.close = (reason) => connection.close(reason);
    };
  }

  private connect(socket: Socket, known: () => void): Connection {
    const connection: Connection = new Connection(socket, this.host, {
      onFrame: (frame) => {
        if (frame.type !== FrameType.hello) throw badMessage(`a connection begins with a frame of type ${frame.type}`);
        connection.handler = { ...connection.handler, onFrame: refuseFrame };
        this.greeted(connection, withoutTail(frame), known);
      },
      onDrain: ignore,
      onClosed: () => known(),
    });
    return connection;
  }

  /** A hello came: the node may first have to be claimed, which takes a write to disk. */
  private greeted(connection: Connection, fields: unknown, known: () => void): void {
    const otherVersion = versionRefusal(versionsIn(fields), this.host.versions);
    if (otherVersion !== undefined) return connection.refuse(otherVersion);
    const hello = helloFromArray(fields);
    const refusal =
      identityRefusal(hello.nodeId, connection.proof) ?? helloRefusal(hello, this.host.local(), this.host.startNumbers);
    if (refusal !== undefined) return connection.refuse(refusal);
    if (hello.purpose === "identify" || this.host.local().clusterId !== "") {
      this.letIn(connection, hello, known);
    } else void this.claimed(connection, hello, known);
  }

  private async claimed(connection: Connection, hello: Hello, known: () => void): Promise<void> {
    try {
      const refusal = await this.reception.claim(hello);
      if (refusal === undefined) this.letIn(connection, hello, known);
      else connection.refuse(refusal);
    } catch (error) {
      connection.refuse({ code: "NotClaimed", reason: `the claim could not be written down: ${String(error)}` });
    }
  }

  private letIn(connection: Connection, hello: Hello, known: () => void): void {
    if (connection.isClosed) return;
    const refusal = this.reception.refusal(hello);
    if (refusal !== undefined) return connection.refuse(refusal);
    connection.admit(this.host.local().frameBytesMax);
    // T09: the newest version that both know is spoken from here on.
    const version = Math.min(this.host.versions.max, hello.versions.max);
    connection.say(FrameType.welcome, welcomeToArray({ version, ...this.reception.identity(hello) }));
    if (hello.purpose === "identify") return; // it stays a stranger, and has to leave in time
    known();
    this.host.startNumbers.note(hello.directoryId, hello.startNumber);
    connection.handler = this.reception.receive(connection, hello);
  }
}

const refuseFrame = (): never => {
  throw badMessage("a frame came before the handshake was answered, or after a question was");
};
