import type { Server, Socket } from "node:net";
import { layOutGoodbye } from "@hexraft/client";
import { Access } from "../access/access.js";
import type { HostPort } from "../serve/address.js";
import { type DoorTls, doorServer } from "../serve/door-tls.js";
import type { Front } from "../serve/front.js";
import { closeListener, listen } from "../serve/listener.js";
import { Turnstile, turnAway } from "../serve/turnstile.js";
import type { DoorCodec } from "./door-codec.js";
import { DEFAULT_DOOR_LIMITS, type DoorLimits } from "./door-limits.js";
import { DoorPeer } from "./door-peer.js";
import type { DoorService } from "./door-service.js";

/** Where clients of a service connect: framed, pipelined. */
export class ClientDoor<Command, Result, Query, Answer> implements Front {
  private readonly server: Server;
  private readonly turnstile: Turnstile;

  /** @param serviceOf - what clients of a group ask, or those that name none. @throws RaftError if there is no such group. */
  constructor(
    private readonly serviceOf: (group: string | undefined) => DoorService<Command, Result, Query, Answer>,
    private readonly codec: DoorCodec<Command, Result, Query, Answer>,
    private readonly limits: DoorLimits = DEFAULT_DOOR_LIMITS,
    private readonly access = Access.open,
    private readonly tls?: DoorTls,
  ) {
    this.server = doorServer(tls, { noDelay: true }, limits.greetingTimeoutMs, {
      admit: (socket) => this.admit(socket),
      serve: (socket) => this.serve(socket),
    });
    this.turnstile = new Turnstile(limits);
  }

  /** Listens. @throws RaftError `AddressInUse`. */
  start(at: HostPort): Promise<HostPort> {
    return listen(this.server, at, "client");
  }

  /** Closes listener and connections. Idempotent. */
  stop(): Promise<void> {
    this.turnstile.clear();
    return closeListener(this.server);
  }

  private admit(socket: Socket): boolean {
    const reason = this.turnstile.admit(socket);
    if (reason === "") return true;
    // A client that waits for TLS would not understand why.
    if (this.tls === undefined) turnAway(socket, layOutGoodbye(reason));
    else socket.destroy();
    return false;
  }

  private serve(socket: Socket): void {
    new DoorPeer(socket, this.serviceOf, this.codec, this.limits, this.access).listen();
  }
}
