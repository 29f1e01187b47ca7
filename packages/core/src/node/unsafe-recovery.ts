import { WitnessState } from "../components/witness-state.js";
import { type ConfigurationEntry, memberOf, votersOnly } from "../model/configuration.js";
import { encodeConfiguration } from "../model/configuration-layout.js";
import { RaftError } from "../model/errors.js";
import { EntryType, LogBlock } from "../model/log-block.js";
import { holeText } from "../model/log-hole.js";
import { isUpToDate, type LogId, type Millis } from "../model/log-id.js";
import type { ClusterId, GroupId, NodeId, RecoveryNumber } from "../model/node-id.js";
import type { NodePorts } from "./node-ports.js";
import { type Recovered, recover } from "./recovery.js";

/** M11: what one survivor of a lost majority holds on its disk: the first step of an unsafe recovery. */
export interface Survivor {
  /** The node. */
  readonly nodeId: NodeId;
  /** Its cluster. */
  readonly clusterId: ClusterId;
  /** The end of its log. The survivor with the highest term, then index, is the one to go on with. */
  readonly last: LogId;
  /** The members it knows. */
  readonly configuration: ConfigurationEntry;
  /** M11: one higher after each unsafe recovery. */
  readonly recoveryNumber: RecoveryNumber;
  /** To be handed to the second step, unchanged: it names this node, and this end of its log. */
  readonly confirmation: string;
}

/** M11: the second step. */
export interface ResetPlan {
  /** {@link Survivor.confirmation} of this very node. */
  readonly confirmation: string;
  /** What the first step said on every other survivor. */
  readonly others: readonly Survivor[];
}

/** M11: looks at a stopped node's disk. Nothing is changed. */
export async function survey(ports: NodePorts, nodeId: NodeId, groupId: GroupId): Promise<Survivor> {
  return survivorOf(await recover(ports, nodeId, groupId), nodeId);
}

/**
 * M11: makes this node the only member, in one write. Whatever only the lost ones had is gone for good, though callers were
 * told that it is there: hence the two steps, and the reasons why it is refused.
 */
export async function resetPeers(
  ports: NodePorts,
  nodeId: NodeId,
  groupId: GroupId,
  plan: ResetPlan,
  electionTimeoutMs: Millis,
): Promise<void> {
  const recovered = await recover(ports, nodeId, groupId);
  const self = survivorOf(recovered, nodeId);
  const { start } = recovered;
  const member = memberOf(self.configuration.configuration, nodeId);
  const fault = whyNot(ports, self, plan);
  if (fault !== undefined) throw refused(fault);
  if (ports.stateMachine instanceof WitnessState)
    throw refused(`${nodeId} is a witness and has no state to go on with`);
  const hole = start.holes?.[0] ?? start.forgotten;
  if (hole !== undefined) throw refused(`${holeText(hole)}; let ${nodeId} be repaired by the others first`);
  if (start.restoring !== undefined && start.restoring > 0) throw refused(`${nodeId} cannot rebuild its own state`);
  if (member === undefined) throw refused(`${nodeId} is no member of configuration ${self.configuration.id.index}`);
  // A leader that somebody still hears would go on; by now its lease is over (the start counts as contact).
  await new Promise<void>((resolve) => void ports.scheduler.schedule(() => resolve(), 2 * electionTimeoutMs));
  const term = Math.max(start.hardState.term, start.last.term) + 1;
  const payload = encodeConfiguration(votersOnly([{ ...member, incarnation: recovered.opened.incarnation }]));
  const block = LogBlock.of(start.last.index + 1, term, start.lastLogTimeMs, EntryType.configuration, [payload]);
  const recoveryNumber = self.recoveryNumber + 1;
  await ports.logStorage.write({ hardState: { term, vote: null, recoveryNumber, removedAt: 0 }, blocks: [block] });
  ports.logger.error(`${nodeId} is the only member from now on: what the lost members alone had acknowledged is gone`, {
    recoveryNumber,
    configurationIndex: block.first,
  });
}

function survivorOf({ opened, start }: Recovered, nodeId: NodeId): Survivor {
  const { last, hardState, configurations } = start;
  const configuration = configurations.at(-1);
  if (configuration === undefined) throw refused(`${nodeId} knows no configuration`);
  const { recoveryNumber } = hardState;
  const confirmation = `${nodeId}: lose what is not in ${last.index}@${last.term}, recovery ${recoveryNumber + 1} of ${opened.clusterId}`;
  return { nodeId, clusterId: opened.clusterId, last, configuration, recoveryNumber, confirmation };
}

function whyNot({ quorum }: NodePorts, self: Survivor, { confirmation, others }: ResetPlan): string | undefined {
  if (confirmation !== self.confirmation)
    return `the confirmation must be "${self.confirmation}", as survey() says on this node`;
  const stranger = others.find(({ clusterId }) => clusterId !== self.clusterId);
  if (stranger !== undefined) return `${stranger.nodeId} belongs to cluster ${stranger.clusterId}`;
  const better = others.find(({ last }) => !isUpToDate(self.last, last));
  if (better !== undefined) {
    const { nodeId, last } = better;
    return `${nodeId} has more, up to ${last.index}@${last.term}; go on with that one`;
  }
  const alive = new Set([self, ...others].map(({ nodeId }) => nodeId));
  const isMajority = quorum.voteResult(self.configuration.configuration, (id) => alive.has(id)) === "won";
  return isMajority ? "a majority of the voters is there; start them instead" : undefined;
}

const refused = (reason: string): RaftError =>
  new RaftError("RecoveryRefused", "refused", `The peers were not reset: ${reason}.`);
