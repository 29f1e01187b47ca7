import type { Socket } from "node:net";
import type { DoorBounds } from "./door-bounds.js";

/** Whoever is turned away may take this long to read why, ms. */
const LEAVING_MS = 1_000;

/** Says why, and closes. What still comes is thrown away: unread, it would take the answer with it. */
export function turnAway(socket: Socket, why: string | Uint8Array): void {
  const timer = setTimeout(() => socket.destroy(), LEAVING_MS);
  socket.once("close", () => clearTimeout(timer));
  socket.end(why);
  socket.resume();
}

/** Counts who is at a door, and keeps the crowd out: of all together, and of each address. */
export class Turnstile {
  private readonly sockets = new Set<Socket>();
  private readonly perAddress = new Map<string, number>();

  constructor(private readonly bounds: Pick<DoorBounds, "connectionsMax" | "connectionsPerAddressMax">) {}

  /** Lets a connection in until it closes. @returns why not, in words, or empty. */
  admit(socket: Socket): string {
    const { connectionsMax, connectionsPerAddressMax } = this.bounds;
    const address = socket.remoteAddress ?? "";
    const theirs = this.perAddress.get(address) ?? 0;
    if (this.sockets.size >= connectionsMax) return `max number of clients reached (connectionsMax ${connectionsMax})`;
    if (theirs >= connectionsPerAddressMax)
      return `max number of clients reached from this address (connectionsPerAddressMax ${connectionsPerAddressMax})`;
    this.sockets.add(socket);
    this.perAddress.set(address, theirs + 1);
    socket.once("close", () => {
      this.sockets.delete(socket);
      const left = (this.perAddress.get(address) as number) - 1;
      if (left === 0) this.perAddress.delete(address);
      else this.perAddress.set(address, left);
    });
    return "";
  }

  /** Closes everything that is in. */
  clear(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}
