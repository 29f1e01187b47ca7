import type { ClusterMember, ClusterMembers } from "@hexraft/client";
import type { NodeDescription } from "@hexraft/core";

/** The members of a group, as this node's description tells them. Who is alive, and how far, only a leader knows. */
export function membersOf(node: NodeDescription, electionTimeoutMs: number): ClusterMembers {
  const { configuration, leader, term, last, peers, change, identity, nodeId } = node;
  const { members, voters, votersOld, witnesses } = configuration.configuration;
  const partOf = (id: string): ClusterMember["part"] => {
    if (witnesses.includes(id)) return "witness";
    if (voters.includes(id)) return "voter";
    return votersOld.includes(id) ? "leaver" : "learner";
  };
  return {
    clusterId: identity.clusterId,
    leader: leader ?? "",
    term,
    configurationIndex: configuration.id.index,
    lastIndex: last.index,
    members: members.map(({ id, address, priority }) => {
      const peer = peers.find((each) => each.id === id);
      const isSelf = id === nodeId;
      return {
        id,
        address,
        priority,
        part: partOf(id),
        isLeader: id === leader,
        isAlive: isSelf || (peer !== undefined && peer.silentMs < electionTimeoutMs),
        match: isSelf ? last.index : (peer?.match ?? 0),
      };
    }),
    change,
  };
}
