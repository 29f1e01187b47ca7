import type { AddressInfo, Server, Socket } from "node:net";
import { badMessage, type PeerIdentity, RaftError } from "@hexraft/core/ports";
import { formatAddress } from "../address.js";
import type { Host } from "../host.js";
import { FrameType } from "../wire/frame.js";
import { type Hello, helloFromArray, VERSIONS, versionsIn, welcomeToArray } from "../wire/handshake.js";
import { withoutTail } from "../wire/message-frame.js";
import { helloRefusal, type Refusal, versionRefusal } from "./admission.js";
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

const ignore = (): void => {};

/**
 * Takes connections in: each has to say who it is within a time, in one small frame, and is let in or refused with a
 * reason (T02). The numbers of those that did and of those that did not are bounded apart, so that a crowd of silent
 * sockets cannot keep a peer out (T07).
 */
export class Listener {
  private readonly server: Server;
  private readonly all = new Set<Connection>();
  private readonly strangers = new Set<Connection>();

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
    for (const connection of this.all) connection.close("this node stops");
    this.all.clear();
    return new Promise((resolve) => {
      this.server.close(() => resolve());
    });
  }

  private accept(socket: Socket): void {
    const { options, counters } = this.host;
    if (this.all.size >= options.connectionsMax) {
      counters.turnedAway++;
      socket.on("error", ignore);
      socket.destroy();
      return;
    }
    const connection: Connection = new Connection(socket, this.host, {
      onFrame: (frame) => {
        if (frame.type !== FrameType.hello) throw badMessage(`a connection begins with a frame of type ${frame.type}`);
        connection.handler = { ...connection.handler, onFrame: refuseFrame };
        this.greeted(connection, withoutTail(frame), known);
      },
      onDrain: ignore,
      onClosed: () => known(),
    });
    const timer = setTimeout(
      () => connection.close(`no handshake within ${options.handshakeTimeoutMs} ms`),
      options.handshakeTimeoutMs,
    );
    timer.unref();
    const known = () => {
      clearTimeout(timer);
      this.strangers.delete(connection);
    };
    this.all.add(connection);
    socket.once("close", () => this.all.delete(connection));
    this.strangers.add(connection);
    if (this.strangers.size > options.handshakesMax) {
      const [oldest] = this.strangers;
      counters.turnedAway++;
      oldest?.close("too many connections that do not say who they are");
    }
  }

  /** A hello came: the node may first have to be claimed, which takes a write to disk. */
  private greeted(connection: Connection, fields: unknown, known: () => void): void {
    const versions = versionRefusal(versionsIn(fields));
    if (versions !== undefined) return connection.refuse(versions);
    const hello = helloFromArray(fields);
    const refusal = helloRefusal(hello, this.host.local(), this.host.startNumbers);
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
    connection.say(FrameType.welcome, welcomeToArray({ version: VERSIONS.max, ...this.reception.identity(hello) }));
    if (hello.purpose === "identify") return; // it stays a stranger, and has to leave in time
    known();
    this.host.startNumbers.note(hello.directoryId, hello.startNumber);
    connection.handler = this.reception.receive(connection, hello);
  }
}

const refuseFrame = (): never => {
  throw badMessage("a frame came before the handshake was answered, or after a question was");
};
