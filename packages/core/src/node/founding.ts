import { type Configuration, type ConfigurationEntry, votersOnly } from "../model/configuration.js";
import { decodeConfiguration, encodeConfiguration } from "../model/configuration-layout.js";
import { RaftError } from "../model/errors.js";
import { EntryType, LogBlock } from "../model/log-block.js";
import type { Millis } from "../model/log-id.js";
import type { ClusterId, LocalIdentity, RecoveryNumber } from "../model/node-id.js";
import type { RandomSource } from "../ports/random-source.js";
import type { PeerIdentity } from "../ports/transport.js";
import { quorumFault } from "../protocol/quorum/meeting.js";
import type { Founder } from "./founder.js";
import type { NodePorts } from "./node-ports.js";
import type { Recovered } from "./recovery.js";
import { underConfiguration } from "./restoring.js";

/** The first entry of every log: term 0, so that no leader ever counts it as its own. */
const FIRST = { index: 1, term: 0 } as const;

/**
 * M13: who the first voters are. Each is asked at its address, once; only replicas that wait (no cluster, no other name
 * than the one expected) may be taken.
 *
 * @throws RaftError `BootstrapRefused`, naming the voter and the reason.
 */
export async function askFounders(
  { transport, quorum }: NodePorts,
  self: LocalIdentity,
  voters: readonly Founder[],
  timeoutMs: Millis,
): Promise<Configuration> {
  if (!voters.some(({ id }) => id === self.id)) throw refused(`this node, ${self.id}, is not among the voters`);
  const incarnations = await Promise.all(
    voters.map(async ({ id, address }) => {
      if (id === self.id) return self.incarnation;
      let there: PeerIdentity;
      try {
        there = await transport.identify(address, self.groupId, timeoutMs);
      } catch (error) {
        throw refused(`${id} cannot be asked at ${address}: ${error instanceof Error ? error.message : String(error)}`);
      }
      if (there.nodeId !== id) throw refused(`at ${address} there is ${there.nodeId}, not ${id}`);
      if (there.clusterId !== "" && there.clusterId !== self.clusterId)
        throw refused(`${id} belongs to cluster ${there.clusterId} already`);
      if (there.incarnation === "") throw refused(`${id} has no group ${self.groupId}`);
      return there.incarnation;
    }),
  );
  const founders = votersOnly(
    voters.map(({ id, address }, at) => ({ id, address, incarnation: incarnations[at] as string })),
  );
  let configuration: Configuration;
  try {
    // As the others will read it: the names that came with the answers keep whole frames.
    configuration = decodeConfiguration(encodeConfiguration(founders));
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error));
  }
  const fault = quorumFault(quorum, configuration);
  if (fault !== undefined) throw refused(fault);
  return configuration;
}

/**
 * M13: writes the cluster's first entry into this node's empty log; the other voters get it by replication. The cluster
 * id goes first: a crash in between leaves an empty replica of a cluster that nobody else belongs to, which is emptied
 * by hand, and not a log without a cluster.
 *
 * F08: a replica that holds a backup has the first configuration beside that state, where the log begins.
 *
 * @returns what the protocol starts from now.
 */
export async function found(
  ports: NodePorts,
  clusterId: ClusterId,
  configuration: Configuration,
  recovered: Recovered,
  hardState: Recovered["start"]["hardState"],
): Promise<Recovered> {
  const { logStorage } = ports;
  const { start } = recovered;
  await logStorage.adopt(clusterId);
  // M11: a further group of a cluster is told from another founding of it by its recovery number alone.
  const isFurther = hardState.recoveryNumber !== start.hardState.recoveryNumber;
  if (start.snapshot !== null) {
    if (isFurther) await logStorage.write({ hardState });
    const first = { id: start.snapshot.id, configuration };
    const snapshot = await underConfiguration(ports, start.snapshot, first);
    return { ...recovered, start: { ...start, hardState, snapshot, configurations: [first] } };
  }
  const block = LogBlock.of(FIRST.index, FIRST.term, 0, EntryType.configuration, [encodeConfiguration(configuration)]);
  await logStorage.write({ ...(isFurther && { hardState }), blocks: [block] });
  const entry: ConfigurationEntry = { id: FIRST, configuration };
  return {
    ...recovered,
    start: {
      ...start,
      hardState,
      last: FIRST,
      runs: [{ first: FIRST.index, term: FIRST.term }],
      configurations: [entry],
    },
  };
}

/**
 * G01: two operators who found the same group of one cluster at once found two groups, as two clusters would be: messages of
 * the one are refused by the other for good (M11). Whole, above 0.
 */
export const newRecoveryNumber = (random: RandomSource): RecoveryNumber => 1 + Number.parseInt(random.hex(5), 16);

/** M13: why no cluster is founded. */
export const refused = (reason: string): RaftError =>
  new RaftError("BootstrapRefused", "refused", `No cluster was founded: ${reason}.`);
