import { createServer, type Server, type Socket } from "node:net";
import type { HostPort } from "../serve/address.js";
import type { Front } from "../serve/front.js";
import { closeListener, listen } from "../serve/listener.js";
import type { CommandContext } from "./command-spec.js";
import { understandCommand } from "./command-table.js";
import { type RespConnectionLimits, serveRespConnection } from "./resp-connection.js";
import { DEFAULT_RESP_LIMITS } from "./resp-protocol.js";
import { RespSession } from "./resp-session.js";

/** Bounds of the whole front. */
export interface RespServerLimits extends RespConnectionLimits {
  /** Most clients at once; one more is told so and closed. */
  readonly connectionsMax: number;
}

/** Starting values. */
export const DEFAULT_RESP_SERVER_LIMITS: RespServerLimits = {
  ...DEFAULT_RESP_LIMITS,
  pipelineMax: 1_024,
  unreadBytesMax: 8 * 1024 * 1024,
  connectionsMax: 10_000,
};

/** The Redis protocol over one listener: `redis-cli` and any RESP2 client library work unchanged, on any node. */
export class RespServer implements Front {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private lastClientId = 0;

  constructor(
    private readonly context: CommandContext,
    private readonly limits: RespServerLimits = DEFAULT_RESP_SERVER_LIMITS,
  ) {
    this.server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.accept(socket));
  }

  /** Listens. @throws RaftError `AddressInUse`. Returns where. */
  start(at: HostPort): Promise<HostPort> {
    return listen(this.server, at, "resp");
  }

  /** Closes the listener and every connection. Idempotent. */
  stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return closeListener(this.server);
  }

  private accept(socket: Socket): void {
    // A client that breaks off is its own business.
    socket.on("error", () => socket.destroy());
    if (this.sockets.size >= this.limits.connectionsMax) {
      socket.end("-ERR max number of clients reached\r\n");
      return;
    }
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    const session = new RespSession(++this.lastClientId);
    serveRespConnection(socket, this.limits, (command) => understandCommand(command, session, this.context));
  }
}
