import { messageOf } from "../components/message-of.js";
import type { Configuration } from "../model/configuration.js";
import { RaftError } from "../model/errors.js";
import type { HardState } from "../model/hard-state.js";
import type { ClusterId, GroupId, LocalIdentity, NodeId } from "../model/node-id.js";
import type { ProtocolOptions } from "../model/options.js";
import type { Founder } from "./founder.js";
import { askFounders, found, isFoundedBy, refused } from "./founding.js";
import type { Household } from "./household.js";
import type { NodePorts } from "./node-ports.js";
import type { Recovered } from "./recovery.js";
import type { Replica } from "./replica.js";
import { isRestored } from "./restoring.js";

/** The node that waits. */
export interface WaitingNode {
  readonly id: NodeId;
  /** Whether it was neither stopped nor halted. */
  readonly isRunning: boolean;
  /** @throws RaftError if it does not run. */
  running(): { readonly replica: Replica; readonly identity: LocalIdentity };
  /** It is this from now on, and the transport says so. */
  belongs(identity: LocalIdentity): void;
  /** A replica of what is on the disk now takes the place of the one that has ended. */
  beginReplica(identity: LocalIdentity, recovered: Recovered): void;
  /** The group stopped in place. */
  onHalted(reason: string): void;
  /** For its history. */
  note(what: string, cause: string): void;
}

/**
 * M13: how a replica that waits comes to belong to a cluster: it founds one, or a member of one names its incarnation. Whichever is
 * first; it founds nothing any more once a configuration is committed in its log.
 */
export class Belonging {
  private isFounding = false;

  constructor(
    private readonly node: WaitingNode,
    private readonly options: Pick<ProtocolOptions, "electionTimeoutMs">,
    private readonly ports: NodePorts,
    private readonly household: Household | undefined,
    /** What it was started from; nothing any more once it is a member. */
    private recovered: Recovered | undefined,
  ) {}

  /** A configuration was committed. */
  joined(): void {
    this.recovered = undefined;
  }

  /** See Node.bootstrap. */
  async found(voters: readonly Founder[]): Promise<void> {
    const { node, ports, household } = this;
    const { replica, identity } = node.running();
    const recovered = this.mustBeNew(replica);
    if (this.isFounding) throw refused("it is being founded already");
    this.isFounding = true;
    try {
      const self = { ...identity, clusterId: household?.clusterId ?? "" };
      const timeoutMs = 2 * this.options.electionTimeoutMs;
      const oneOfMany = household && { stateUpTo: recovered.start.snapshot?.id.index ?? 0 };
      const founding = await askFounders(ports, self, voters, timeoutMs, oneOfMany);
      const { configuration, recoveryNumber } = founding;
      const { term, votedFor, configuration: own } = replica.raft.describe(ports.clock.monotonic());
      // While the others were asked, one of them may have founded just this (G01), or claimed this node, or it may have been stopped.
      const follows = recoveryNumber > 0 && replica.raft.recoveryNumber === recoveryNumber;
      if (household !== undefined && (follows || isFoundedBy(own.configuration, voters))) return;
      this.mustBeNew(replica);
      const joined = household?.clusterId ?? "";
      if (joined !== "" && joined !== founding.clusterId)
        throw refused(`this process joined cluster ${joined} meanwhile`);
      const clusterId = founding.clusterId === "" ? ports.random.hex(16) : founding.clusterId;
      const { hardState } = recovered.start;
      if (votedFor !== null || term !== hardState.term || replica.raft.recoveryNumber !== 0)
        throw refused("this node took part in an election, or in another founding");
      await replica.close("The cluster is being founded; ask again.", true);
      const founded = await this.foundOrHalt(identity.groupId, clusterId, configuration, recovered, {
        ...hardState,
        recoveryNumber,
      });
      if (!node.isRunning) throw refused("this node was stopped meanwhile");
      const founder = { ...identity, clusterId, recoveryNumber };
      node.beginReplica(founder, founded);
      node.belongs(founder);
      node.note(`cluster ${clusterId} founded`, "bootstrap");
    } finally {
      this.isFounding = false;
    }
  }

  /** A member of that cluster names this replica, which belongs to the first one that does, from when that is durable. */
  async claimed(clusterId: ClusterId): Promise<void> {
    const { node, ports } = this;
    const { identity } = node.running();
    if (identity.clusterId !== "" || this.isFounding) throw belongsElsewhere(node.id, clusterId);
    if (this.recovered !== undefined && isRestored(this.recovered)) {
      const advice = `found the cluster on ${node.id}, or empty its directory`;
      const reason = `${node.id} holds a restored backup, and joins no cluster that another node founded; ${advice}.`;
      ports.logger.error(reason, { clusterId });
      throw new RaftError("IdentityMismatch", "refused", reason);
    }
    await ports.logStorage.adopt(clusterId);
    node.belongs({ ...identity, clusterId });
    node.note(`joined cluster ${clusterId}`, "a member named this replica");
  }

  /** The old replica has ended: if the disk does not take the first entry, there is none to go on with (L04). */
  private async foundOrHalt(
    groupId: GroupId,
    clusterId: ClusterId,
    configuration: Configuration,
    before: Recovered,
    hardState: HardState,
  ): Promise<Recovered> {
    try {
      return await found(this.ports, clusterId, configuration, before, hardState);
    } catch (error) {
      this.ports.transport.detach(groupId);
      this.node.onHalted(`the cluster could not be founded: ${messageOf(error)}`);
      throw error;
    }
  }

  private mustBeNew(replica: Replica): Recovered {
    const { clusterId } = this.node.running().identity;
    const { recovered } = this;
    if (recovered === undefined || (replica.raft.lastIndex > 0 && !isRestored(recovered))) throw hasLog(clusterId);
    if (clusterId !== "" && this.household === undefined)
      throw refused(
        `this node belongs to cluster ${clusterId} already, and has no log yet; if a founding was interrupted, empty its directory`,
      );
    return recovered;
  }
}

/** It is a member of something, and founds nothing any more. */
export const hasLog = (clusterId: ClusterId): RaftError => refused(`this node has a log, of cluster ${clusterId}`);

/** A member of another cluster named it. */
export const belongsElsewhere = (id: NodeId, clusterId: ClusterId): RaftError =>
  new RaftError("IdentityMismatch", "refused", `${id} belongs to another cluster than ${clusterId}.`);
