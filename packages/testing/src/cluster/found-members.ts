import { EntryType, encodeConfiguration, LogBlock, type NodeId, votersOnly } from "@hexraft/core/ports";
import { MemoryDisk } from "../disk/memory-disk.js";
import type { MemoryNetwork } from "../network/memory-network.js";
import { SeededRandom } from "../time/seeded-random.js";
import type { VirtualTime } from "../time/virtual-time.js";
import type { TestClusterOptions } from "./test-cluster-options.js";
import { type MemberPlan, TestMember } from "./test-member.js";

const CLUSTER_ID = "0123456789abcdef0123456789abcdef";

/** What all members of a cluster share. */
interface Shared extends Pick<MemberPlan, "onEvent"> {
  readonly ids: readonly NodeId[];
  readonly seed: string;
  readonly time: VirtualTime;
  readonly network: MemoryNetwork;
  readonly electionTimeoutMs: number;
}

/** Members that do not run yet, with the first configuration on the disk of each that is in it; on none if nobody founded the cluster. */
export function foundMembers(
  { learners = [], witnesses = [], strangers = [], unfounded = false, modules = [], options }: TestClusterOptions,
  { ids, seed, time, network, electionTimeoutMs, onEvent }: Shared,
): readonly TestMember[] {
  const replicas = ids.map((id) => ({ id, incarnation: new SeededRandom(`${seed}/${id}`).hex(8) }));
  const members = replicas.filter(({ id }) => !strangers.includes(id));
  const everybody = votersOnly(members.map((replica) => ({ ...replica, address: `memory:${replica.id}` })));
  const voters = everybody.voters.filter((id) => !learners.includes(id));
  const named = witnesses.filter((id) => voters.includes(id));
  const first = encodeConfiguration({ ...everybody, voters, learners, witnesses: named });
  return replicas.map((replica) => {
    const { id: nodeId, incarnation } = replica;
    const disk = new MemoryDisk({ scheduler: time, encode: true });
    const blocks = strangers.includes(nodeId) ? [] : [LogBlock.of(1, 0, 0, EntryType.configuration, [first])];
    if (!unfounded)
      disk.found({ nodeId, groupId: "main", incarnation, directoryId: incarnation, clusterId: CLUSTER_ID, blocks });
    const own = { electionTimeoutMs, ...options, witness: witnesses.includes(nodeId), nodeId };
    return new TestMember(replica, { time, network, disk, seed, options: own, modules, onEvent });
  });
}
