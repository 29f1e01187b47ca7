import type { Server, Socket } from "node:net";
import { Access } from "../access/access.js";
import { allows } from "../access/role.js";
import type { HostPort } from "../serve/address.js";
import { DEFAULT_DOOR_BOUNDS } from "../serve/door-bounds.js";
import { type DoorTls, doorServer } from "../serve/door-tls.js";
import type { Front } from "../serve/front.js";
import { closeListener, listen } from "../serve/listener.js";
import { Turnstile, turnAway } from "../serve/turnstile.js";
import type { CommandContext } from "./command-spec.js";
import { understandCommand } from "./command-table.js";
import { type RespConnectionLimits, serveRespConnection } from "./resp-connection.js";
import { DEFAULT_RESP_LIMITS } from "./resp-protocol.js";
import { RespSession } from "./resp-session.js";

/** Bounds of the whole front. */
export type RespServerLimits = RespConnectionLimits;

/** Starting values. */
export const DEFAULT_RESP_SERVER_LIMITS: RespServerLimits = {
  ...DEFAULT_DOOR_BOUNDS,
  ...DEFAULT_RESP_LIMITS,
  pipelineMax: 1_024,
  unreadBytesMax: 8 * 1024 * 1024,
};

/** The Redis protocol over one listener: `redis-cli` and any RESP2 client library work unchanged, on any node. */
export class RespServer implements Front {
  private readonly server: Server;
  private readonly turnstile: Turnstile;
  private lastClientId = 0;

  constructor(
    private readonly context: Omit<CommandContext, "access">,
    private readonly limits: RespServerLimits = DEFAULT_RESP_SERVER_LIMITS,
    private readonly access = Access.open,
    private readonly tls?: DoorTls,
  ) {
    this.turnstile = new Turnstile(limits);
    this.server = doorServer(tls, { noDelay: true, allowHalfOpen: true }, limits.greetingTimeoutMs, {
      admit: (socket) => this.admit(socket),
      serve: (socket) => this.serve(socket),
    });
  }

  /** Listens. @throws RaftError `AddressInUse`. Returns where. */
  start(at: HostPort): Promise<HostPort> {
    return listen(this.server, at, "resp");
  }

  /** Closes the listener and every connection. Idempotent. */
  stop(): Promise<void> {
    this.turnstile.clear();
    return closeListener(this.server);
  }

  private admit(socket: Socket): boolean {
    const reason = this.turnstile.admit(socket);
    if (reason === "") return true;
    // A client that waits for TLS would not understand why.
    if (this.tls === undefined) turnAway(socket, `-ERR ${reason}\r\n`);
    else socket.destroy();
    return false;
  }

  private serve(socket: Socket): void {
    const { access, limits } = this;
    const session = new RespSession(++this.lastClientId, access.anonymous);
    const context = { ...this.context, access };
    serveRespConnection(socket, limits, (command) => understandCommand(command, session, context));
    const release = access.watch(
      () => session.identity,
      () => turnAway(socket, "-NOPERM the rights of this user were changed, connect anew\r\n"),
    );
    socket.once("close", release);
    if (allows(access.anonymous, "read")) return;
    const late = setTimeout(() => {
      if (!allows(session.identity, "read")) turnAway(socket, "-NOAUTH Authentication required.\r\n");
    }, limits.greetingTimeoutMs);
    socket.once("close", () => clearTimeout(late));
  }
}
