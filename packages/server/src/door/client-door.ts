import { createServer, type Server, type Socket } from "node:net";
import { KvCodec } from "@hexraft/statemachine-kv";
import type { HostPort } from "../serve/address.js";
import type { Front } from "../serve/front.js";
import { closeListener, listen } from "../serve/listener.js";
import { DEFAULT_DOOR_LIMITS, type DoorLimits } from "./door-limits.js";
import { DoorPeer } from "./door-peer.js";
import type { DoorService } from "./door-service.js";

/** Where HexraftClients connect: framed, pipelined, commands as the log holds them. */
export class ClientDoor implements Front {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly codec = new KvCodec();

  constructor(
    private readonly service: DoorService,
    private readonly limits: DoorLimits = DEFAULT_DOOR_LIMITS,
  ) {
    this.server = createServer({ noDelay: true }, (socket) => this.accept(socket));
    this.server.maxConnections = limits.connectionsMax;
  }

  /** Listens. @throws RaftError `AddressInUse`. */
  start(at: HostPort): Promise<HostPort> {
    return listen(this.server, at, "client");
  }

  /** Closes listener and connections. Idempotent. */
  stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return closeListener(this.server);
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.sockets.delete(socket));
    new DoorPeer(socket, this.service, this.codec, this.limits).listen();
  }
}
