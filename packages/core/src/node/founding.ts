import { type Configuration, type ConfigurationEntry, votersOnly } from "../model/configuration.js";
import { decodeConfiguration, encodeConfiguration } from "../model/configuration-layout.js";
import { RaftError } from "../model/errors.js";
import { EntryType, LogBlock } from "../model/log-block.js";
import type { LogIndex, Millis } from "../model/log-id.js";
import type { ClusterId, GroupId, LocalIdentity, RecoveryNumber } from "../model/node-id.js";
import type { PeerIdentity } from "../ports/transport.js";
import { quorumFault } from "../protocol/quorum/meeting.js";
import type { Founder } from "./founder.js";
import type { NodePorts } from "./node-ports.js";
import type { Recovered } from "./recovery.js";
import { underConfiguration } from "./restoring.js";

/** The first entry of every log: term 0, so that no leader ever counts it as its own. */
const FIRST = { index: 1, term: 0 } as const;

/** What is to be founded, by what its voters said. */
export interface Founding {
  readonly configuration: Configuration;
  /** The cluster that it belongs to; empty: a new one is drawn. */
  readonly clusterId: ClusterId;
  /** M11: above 0 if it is one group of several. */
  readonly recoveryNumber: RecoveryNumber;
}

/**
 * M13: who the first voters are. Each is asked at its address, once; only replicas that wait (no cluster, no other name
 * than the one expected) may be taken.
 *
 * G01: what is founded as one group of several follows from who its voters are, so that processes that found the same at once found it once.
 *
 * @param self - its cluster: that of its process.
 * @param oneOfMany - if it is one group of several, up to where this replica holds a restored state (F08), or 0: whoever has none founds another.
 * @throws RaftError `BootstrapRefused`, naming the voter and the reason.
 */
export async function askFounders(
  { transport, quorum }: NodePorts,
  self: LocalIdentity,
  voters: readonly Founder[],
  timeoutMs: Millis,
  oneOfMany?: { readonly stateUpTo: LogIndex },
): Promise<Founding> {
  if (!voters.some(({ id }) => id === self.id)) throw refused(`this node, ${self.id}, is not among the voters`);
  const asked = await Promise.all(
    voters.map(async ({ id, address }): Promise<PeerIdentity> => {
      if (id === self.id) return { ...self, nodeId: id, recoveryNumber: null };
      let there: PeerIdentity;
      try {
        there = await transport.identify(address, self.groupId, timeoutMs);
      } catch (error) {
        throw refused(`${id} cannot be asked at ${address}: ${error instanceof Error ? error.message : String(error)}`);
      }
      if (there.nodeId !== id) throw refused(`at ${address} there is ${there.nodeId}, not ${id}`);
      // A process that waits may found a group of the cluster that its fellow voters belong to, if they can say what they hold.
      const mayFollow = oneOfMany !== undefined && self.clusterId === "" && there.recoveryNumber !== undefined;
      if (there.clusterId !== "" && there.clusterId !== self.clusterId && !mayFollow)
        throw refused(`${id} belongs to cluster ${there.clusterId} already`);
      if (there.incarnation === "") throw refused(`${id} has no group ${self.groupId}`);
      return there;
    }),
  );
  const byName = asked
    .map(({ nodeId, incarnation }, at) => ({ id: nodeId, address: voters[at]?.address ?? "", incarnation }))
    .toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const bytes = bytesOf(votersOnly(byName));
  // As the others will read it: the names that came with the answers keep whole frames.
  const configuration = decodeConfiguration(bytes);
  const clusterId = self.clusterId || clusterOf(asked, oneOfMany !== undefined);
  const recoveryNumber = oneOfMany === undefined ? 0 : numberOf(self.groupId, bytes, oneOfMany.stateUpTo);
  for (const { nodeId, recoveryNumber: held } of asked)
    if (typeof held === "number" && held !== recoveryNumber)
      throw refused(
        `${nodeId} holds a log of group ${self.groupId} already, of another founding; let this node be added to its members`,
      );
  const fault = quorumFault(quorum, configuration);
  if (fault !== undefined) throw refused(fault);
  return { configuration, clusterId, recoveryNumber };
}

/** Whether these are its voters, each where it is said to be: then it was founded as it is to be. */
export function isFoundedBy({ voters, members }: Configuration, founders: readonly Founder[]): boolean {
  const isThere = ({ id, address }: Founder): boolean =>
    voters.includes(id) && members.some((member) => member.id === id && member.address === address);
  return voters.length === founders.length && founders.every(isThere);
}

/** The one cluster that some of them belong to; else the one that they found with each of their groups, whichever is first. */
function clusterOf(asked: readonly PeerIdentity[], isOneOfMany: boolean): ClusterId {
  const [known, other] = new Set(asked.map(({ clusterId }) => clusterId).filter((clusterId) => clusterId !== ""));
  if (other !== undefined) throw refused(`its voters belong to two clusters, ${known} and ${other}`);
  if (known !== undefined || !isOneOfMany) return known ?? "";
  const processes = asked.map(({ nodeId, directoryId }) => `${nodeId} ${directoryId}`).toSorted();
  const bytes = ascii(processes.join(" "));
  return [0, 1]
    .map((half) =>
      digest([half, ...bytes])
        .toString(16)
        .padStart(16, "0"),
    )
    .join("");
}

/** M11: tells a founding from one with other voters, addresses, incarnations or state, as a drawn number would. Whole, 1 … 2⁴⁰. */
const numberOf = (group: GroupId, configuration: Uint8Array, stateUpTo: LogIndex): RecoveryNumber =>
  1 + Number(digest([...configuration, ...ascii(`${group} ${stateUpTo}`)]) >> 24n);

/** Names and identities have no other characters. */
const ascii = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0));

/** FNV-1a, 64 bits. Whoever is in it draws 64 bits by chance: it only has to keep them apart. */
function digest(bytes: readonly number[]): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

function bytesOf(configuration: Configuration): Uint8Array {
  try {
    return encodeConfiguration(configuration);
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error));
  }
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
  // M11: a group of a process is told from another founding of it by its recovery number alone.
  const isOneOfMany = hardState.recoveryNumber !== start.hardState.recoveryNumber;
  if (start.snapshot !== null) {
    if (isOneOfMany) await logStorage.write({ hardState });
    const first = { id: start.snapshot.id, configuration };
    const snapshot = await underConfiguration(ports, start.snapshot, first);
    return { ...recovered, start: { ...start, hardState, snapshot, configurations: [first] } };
  }
  const block = LogBlock.of(FIRST.index, FIRST.term, 0, EntryType.configuration, [encodeConfiguration(configuration)]);
  await logStorage.write({ ...(isOneOfMany && { hardState }), blocks: [block] });
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

/** M13: why no cluster is founded. */
export const refused = (reason: string): RaftError =>
  new RaftError("BootstrapRefused", "refused", `No cluster was founded: ${reason}.`);
