import { createConnection, createServer, type Server, type Socket } from "node:net";
import type { HostAndPort } from "./address.js";

/**
 * Where sockets come from: the one place that an encrypted transport replaces. A socket that is handed to `accept` may be
 * written to at once; one that `dial` returns may still be connecting, and takes what is written meanwhile.
 */
export interface Sockets {
  /** A listener, not yet listening, that hands every socket to `accept`. */
  server(accept: (socket: Socket) => void): Server;
  /** A socket to that place. Failures are its `error` event. */
  dial(where: HostAndPort): Socket;
}

/** Half-open connections are noticed by the host after this idle time, beside our own pings. ms. */
const KEEP_ALIVE_MS = 10_000;

/** Plain TCP: frames leave at once, as the transport itself gathers what belongs together. */
export const plainTcp: Sockets = {
  server: (accept) => createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, accept),
  dial: ({ host, port }) =>
    createConnection({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }),
};
