import type { HostPort } from "./address.js";

/** A way for clients to reach the service: HTTP, Redis protocol, client door. */
export interface Front {
  /** Listens; resolves with where. @throws RaftError `AddressInUse`. */
  start(at: HostPort): Promise<HostPort>;
  /** Closes listener and connections; requests under way may go unanswered. Idempotent. */
  stop(): Promise<void>;
}
