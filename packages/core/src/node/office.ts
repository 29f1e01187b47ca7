import { messageOf } from "../components/message-of.js";
import type { NodeId } from "../model/node-id.js";
import type { Replica } from "./replica.js";

/*
 * The way of an operator's wishes about who leads into the node (sofa-jraft: CliService). Rules E21, E25.
 */

/** See Node.transferLeadership. */
export const transferOffice = (replica: Replica, to: NodeId | null): Promise<void> => handOver(replica, to, false);

/** See Node.forceElection. */
export function standNow(replica: Replica): Promise<void> {
  const { inbox, desk } = replica;
  return desk.order((request) => inbox.post({ type: "ElectionRequested", request }), terms(replica));
}

/** E25: a leader that is to be stopped hands over, for at most T; whatever comes of it, it goes. */
export async function leaveOffice(replica: Replica): Promise<void> {
  const { raft, ports, identity } = replica;
  const { role, configuration } = raft.describe(ports.clock.monotonic());
  if (role !== "leader" || configuration.configuration.voters.every((id) => id === identity.id)) return;
  try {
    await handOver(replica, null, true);
  } catch (error) {
    ports.logger.info(`${identity.id} stops without handing over`, { reason: messageOf(error) });
  }
}

function handOver(replica: Replica, to: NodeId | null, isStopping: boolean): Promise<void> {
  const { inbox, desk } = replica;
  const begin = (request: number): void => inbox.post({ type: "TransferRequested", request, to, isStopping });
  return desk.order(begin, terms(replica));
}

/** Who asks hears within two election timeouts, whatever comes of it. */
const terms = ({ ports, options }: Replica): { readonly deadlineMs: number } => ({
  deadlineMs: ports.clock.monotonic() + 2 * options.electionTimeoutMs,
});
