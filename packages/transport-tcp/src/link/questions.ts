import { type GroupId, type PeerIdentity, RaftError } from "@hexraft/core/ports";
import type { Host } from "../host.js";
import { helloOf } from "../wire/handshake.js";
import type { ConnectionHandler } from "./connection.js";
import { dial } from "./dial.js";

/** Works for a connection that is over. */
const NOBODY: ConnectionHandler = { onFrame: () => {}, onDrain: () => {}, onClosed: () => {} };

/** M13: questions under way to nodes that may belong nowhere yet: who are you, and which incarnation of a group? */
export class Questions {
  private readonly underWay = new Set<(reason: string) => void>();

  constructor(private readonly host: Host) {}

  /** Asks whoever listens at `address`. Rejects with `ReadTimeout` if nobody answers in time. */
  ask(address: string, group: GroupId, timeoutMs: number): Promise<PeerIdentity> {
    const hello = helloOf(this.host.local(), this.host.versions, { purpose: "identify", to: "", meant: [[group, ""]] });
    return new Promise<PeerIdentity>((resolve, reject) => {
      const giveUp = dial(this.host, address, hello, timeoutMs, {
        onWelcome: (connection, { nodeId, clusterId, directoryId, startNumber, incarnation, recoveryNumber }) => {
          this.underWay.delete(giveUp);
          const identity = { nodeId, clusterId, directoryId, startNumber, incarnation };
          resolve(recoveryNumber === undefined ? identity : { ...identity, recoveryNumber });
          connection.close("answered");
          return NOBODY;
        },
        onFailed: (reason) => {
          this.underWay.delete(giveUp);
          reject(new RaftError("ReadTimeout", "refused", `cannot ask ${address} who it is: ${reason}`, { address }));
        },
      });
      this.underWay.add(giveUp);
    });
  }

  /** Gives them all up. */
  close(reason: string): void {
    for (const giveUp of this.underWay) giveUp(reason);
  }
}
