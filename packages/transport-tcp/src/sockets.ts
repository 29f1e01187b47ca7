import { createConnection, createServer, type Server, type Socket } from "node:net";
import type { Logger, NodeId } from "@hexraft/core/ports";
import type { HostAndPort } from "./address.js";

/**
 * Takes a socket as soon as it is there; what it returns takes it once both ends may speak frames, which is later where
 * it is encrypted first. Returns nothing if it turned the socket away.
 */
export type Accept = (socket: Socket) => ((socket: Socket) => void) | undefined;

/** Where sockets come from, plain or encrypted. A socket may be written to at once, and takes what is written until it is up. */
export interface Sockets {
  /**
   * This node begins to talk under that name. `onNewAuthority`: from now on others are believed than before.
   *
   * @throws RaftError `BadOption` if it cannot prove that name.
   */
  open(id: NodeId, logger: Logger, onNewAuthority: () => void): void;
  /** No more sockets will be asked for. */
  close(): void;
  /** A listener, not yet listening. */
  server(accept: Accept): Server;
  /** A socket to that place. Failures are its `error` event. */
  dial(where: HostAndPort): Socket;
  /** T03: what the other end has proved; `undefined` where nothing needs a proof. */
  proof(socket: Socket): Proof | undefined;
}

/** What a certificate shows. */
export interface Proof {
  /** The nodes that it speaks for. */
  readonly nodes: readonly NodeId[];
  /** When it ends: wall clock, ms. */
  readonly validUntilMs: number;
}

/**
 * Frames leave at once, as the transport itself gathers what belongs together. Half-open connections are noticed by the
 * host after an idle time (ms), beside our own pings.
 */
export const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 } as const;

/** Plain TCP: everybody is believed to be who it says it is. */
export const plainTcp: Sockets = {
  open: () => {},
  close: () => {},
  server: (accept) => createServer(SOCKET_OPTIONS, (socket) => accept(socket)?.(socket)),
  dial: ({ host, port }) => createConnection({ host, port, ...SOCKET_OPTIONS }),
  proof: () => undefined,
};
