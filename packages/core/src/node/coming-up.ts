import { RaftError } from "../model/errors.js";
import type { GroupId, LocalIdentity, NodeId } from "../model/node-id.js";
import type { ProtocolOptions } from "../model/options.js";
import type { QuorumPolicy } from "../ports/quorum-policy.js";
import { quorumFault } from "../protocol/quorum/meeting.js";
import type { NodePorts } from "./node-ports.js";
import { type Recovered, recover } from "./recovery.js";

/**
 * How a node comes up (R16): with what its disk holds, unless the policies that are bound could decide two things with that (M12),
 * and then under its own name in the network.
 *
 * @returns who it is in this start, and what its replica begins with.
 */
export async function comeUp(
  ports: NodePorts,
  { frameBytesMax }: ProtocolOptions,
  id: NodeId,
  groupId: GroupId,
): Promise<{ readonly identity: LocalIdentity; readonly recovered: Recovered }> {
  const recovered = await recover(ports, id, groupId);
  checkQuorums(ports.quorum, recovered, id);
  const { clusterId, directoryId, incarnation, startNumber } = recovered.opened;
  const { recoveryNumber } = recovered.start.hardState;
  await ports.transport.start({ nodeId: id, clusterId, directoryId, startNumber, frameBytesMax });
  return { identity: { id, incarnation, clusterId, groupId, directoryId, startNumber, recoveryNumber }, recovered };
}

/** M12: a policy whose quorums do not meet would elect two leaders: it takes no part. @throws RaftError `BadOption` */
function checkQuorums(quorum: QuorumPolicy, { start }: Recovered, id: NodeId): void {
  const configuration = start.configurations.at(-1)?.configuration;
  const fault = configuration && quorumFault(quorum, configuration);
  if (fault === undefined) return;
  const message = `${id} cannot decide as it is told to: ${fault}. Bind another QuorumPolicy.`;
  throw new RaftError("BadOption", "refused", message, { field: "QuorumPolicy" });
}
