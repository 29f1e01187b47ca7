import {
  type GroupId,
  type NodeId,
  type PeerIdentity,
  RaftError,
  type Scheduler,
  type TransportReceiver,
} from "@hexraft/core/ports";
import type { Medium } from "./medium.js";

/** Who can be asked. */
interface Answering {
  readonly nodeId: NodeId;
  identity(group: GroupId): PeerIdentity;
}

/** M13: asks whoever listens at an address who it is. A cut link gives neither an answer nor a refusal: the time-out does. */
export function askWho(
  network: Pick<Medium<Answering>, "listening" | "isOpen">,
  asker: NodeId,
  scheduler: Scheduler,
  soon: (act: () => void) => void,
  question: { readonly address: string; readonly group: GroupId; readonly timeoutMs: number },
): Promise<PeerIdentity> {
  const { address, group, timeoutMs } = question;
  return new Promise((resolve, reject) => {
    const late = scheduler.schedule(() => reject(unreachable(address, `no answer within ${timeoutMs} ms`)), timeoutMs);
    soon(() => {
      const there = network.listening.get(address);
      if (there === undefined) {
        late.unsubscribe();
        reject(unreachable(address, "nobody listens there"));
      } else if (network.isOpen(asker, there.nodeId) && network.isOpen(there.nodeId, asker)) {
        soon(() => {
          late.unsubscribe();
          resolve(there.identity(group));
        });
      }
    });
  });
}

const unreachable = (address: string, reason: string): RaftError =>
  new RaftError("ReadTimeout", "refused", `cannot ask ${address} who it is: ${reason}`, { address });

/** M13: what a node's replica of a group joins as, with an empty incarnation if there is none, or one that was removed (M09). */
export function joinsAs(receiver: TransportReceiver | undefined): Pick<PeerIdentity, "incarnation" | "recoveryNumber"> {
  if (receiver === undefined || receiver.wasRemoved === true) return { incarnation: "" };
  const { incarnation, recoveryNumber } = receiver;
  return { incarnation, ...(recoveryNumber !== undefined && { recoveryNumber }) };
}
