import type { RaftError } from "@hexraft/core/ports";
import { readSessionOpened } from "@hexraft/sessions";
import { ClientSession } from "./client-session.js";
import { RequestKind } from "./door-records.js";
import type { Answered } from "./outcome.js";
import type { Pending } from "./pending.js";

/** The client whose commands go through. */
interface GatedClient {
  /** Sends a registration under that nonce, which may be told as often as it takes; tells which cluster answered, too. */
  register(nonce: Uint8Array, settle: (answered: Answered<Uint8Array>, clusterId: string) => void): void;
  /** What waited is sent now. */
  goOn(): void;
  /** What waited ends with this. */
  failWaiting(error: RaftError): void;
}

/**
 * The way of a client's commands into its session (C03). The first command asks for one, and all wait until it is registered; when it
 * has expired they go into a new one (C04).
 */
export class SessionGate {
  private session = new ClientSession();
  private isOpening = false;

  constructor(private readonly client: GatedClient) {}

  /** Whether there is a session to go into, of that cluster. */
  isOpenIn(clusterId: string): boolean {
    return this.session.id !== 0 && this.session.clusterId === clusterId;
  }

  /** Registers one, unless that is under way; the one that there was is another cluster's. */
  open(): void {
    if (this.isOpening) return;
    this.isOpening = true;
    if (this.session.id !== 0) this.session = new ClientSession();
    const { session, client } = this;
    client.register(session.nonce, (answered, clusterId) => {
      this.isOpening = false;
      if (answered.outcome === "ok") {
        session.id = readSessionOpened(answered.value).session;
        session.clusterId = clusterId;
      } else if (answered.error.code !== "DeadlineExceeded") return client.failWaiting(answered.error);
      client.goOn();
    });
  }

  /** Gives a command its number, for good: it is sent again under the same one. */
  enter(entry: Pending): void {
    const { session } = this;
    entry.session = session;
    entry.sequence = session.take();
    entry.kind = RequestKind.sessionCommand;
    entry.bytes = session.layOut(entry.sequence, entry.own);
  }

  /** C04: its session expired, or is another cluster's, and it was certainly not done: it goes into a new one. */
  leave(entry: Pending): void {
    if (entry.session === this.session) this.session = new ClientSession();
    entry.session = null;
    entry.kind = RequestKind.command;
    entry.bytes = entry.own;
  }
}
