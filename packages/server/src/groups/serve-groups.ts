import type { KeyRange } from "@hexraft/client";
import type { GroupId, NodeId } from "@hexraft/core";
import type { Logger } from "@hexraft/core/ports";
import { AdminDesk, type AdministeredNode } from "../admin/admin-desk.js";
import type { KvDoorService } from "../kv/kv-door-service.js";
import type { KvService } from "../kv/kv-service.js";
import { type KvNode, NodeKvService } from "../kv/node-kv-service.js";
import type { ServerFacts } from "../resp/command-spec.js";
import type { Hosting } from "../serve/hosting.js";
import { VERSION } from "../version.js";
import { doorsOfRanges, type Host, onlyDoor } from "./group-doors.js";
import { Groups } from "./groups.js";
import { refusingNode } from "./refusals.js";
import { RefusedGroup } from "./refused-group.js";
import { RoutedKvService } from "./routed-kv-service.js";

/** What the doors need to know beside the nodes. */
export interface ServedHow {
  readonly nodeId: NodeId;
  /** Empty: one group holds all keys. */
  readonly ranges: readonly KeyRange[];
  readonly requestTimeoutMs: number;
  readonly electionTimeoutMs: number;
}

/** The groups of a process, made ready for its doors. */
export interface Served {
  readonly groups: Groups;
  /** The data of all of them. */
  readonly kv: KvService;
  /** What those may ask who name no group. */
  readonly admin: Pick<AdminDesk, "ask">;
  /** What a client of a group asks, or one that names none. @throws RaftError `BadCommand` */
  readonly doorOf: (group: string | undefined) => KvDoorService;
  /** For `INFO`. */
  readonly facts: () => Omit<ServerFacts, "port" | "nodeId">;
}

/** Puts everything in front of the nodes that does not depend on the kind of door. */
export function serveGroups(hosting: Hosting, how: ServedHow, logger: Logger): Served {
  const { nodeId, ranges, requestTimeoutMs, electionTimeoutMs } = how;
  const isOne = ranges.length === 0;
  const deskOf = (node: AdministeredNode, group?: GroupId) =>
    new AdminDesk(node, electionTimeoutMs, logger, () => groups.list(), isOne ? undefined : group);
  const hostOf = ([id, node]: readonly [GroupId, KvNode]): Host => ({
    id,
    node,
    kv: new NodeKvService(node, requestTimeoutMs),
    admin: deskOf(node, id),
    describe: () => node.describe(),
    explain: () => node.explain(),
    stateHash: () => node.stateHash(),
    backup: (asked) => node.backup(asked),
  });
  const hosts = Array.from(hosting.nodes, hostOf) as [Host, ...Host[]];
  const refused = Array.from(hosting.damaged, ([id, damage]) => new RefusedGroup(nodeId, id, damage));
  const groups = new Groups<Host>(hosts, hosting.resting, refused);
  const [first] = hosts;
  const kvs = new Map([...hosts, ...refused].map(({ id, kv }) => [id, kv]));
  return {
    groups,
    kv: isOne
      ? first.kv
      : new RoutedKvService(ranges.map((range) => ({ ...range, kv: kvs.get(range.group) as KvService }))),
    admin: isOne ? first.admin : deskOf(refusingNode(() => groups.nameOne())),
    doorOf: isOne ? onlyDoor(first, groups) : doorsOfRanges(groups, nodeId, ranges, deskOf),
    facts: () => ({
      version: VERSION,
      uptimeSeconds: Math.floor(process.uptime()),
      groups: [
        ...hosts.map(({ id, node }) => {
          const { role, term, leader, commitIndex, appliedIndex } = node.describe();
          return { group: id, role, term, leader: leader ?? "", commitIndex, appliedIndex };
        }),
        ...refused.map(({ id }) => ({
          group: id,
          role: "refused",
          term: 0,
          leader: "",
          commitIndex: 0,
          appliedIndex: 0,
        })),
      ],
    }),
  };
}
