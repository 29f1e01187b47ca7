import type { KeyRange } from "@hexraft/client";
import type { GroupId } from "@hexraft/core";
import type { Logger } from "@hexraft/core/ports";
import { KvCodec } from "@hexraft/statemachine-kv";
import { AdminDesk, type AdministeredNode } from "../admin/admin-desk.js";
import { doorServiceOf } from "../door/door-service.js";
import type { KvDoorService } from "../kv/kv-door-service.js";
import type { KvService } from "../kv/kv-service.js";
import { type KvNode, NodeKvService } from "../kv/node-kv-service.js";
import type { ServerFacts } from "../resp/command-spec.js";
import type { Hosting } from "../serve/hosting.js";
import { VERSION } from "../version.js";
import { Groups } from "./groups.js";
import { RoutedKvService } from "./routed-kv-service.js";
import type { ServedGroup } from "./served-group.js";
import { unnamedDoor, unnamedNode } from "./unnamed-group.js";
import { withinRange } from "./within-range.js";

/** What the doors need to know beside the nodes. */
export interface ServedHow {
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

/** A group, and its node. */
interface Host extends ServedGroup {
  readonly node: KvNode;
}

/** Puts everything in front of the nodes that does not depend on the kind of door. */
export function serveGroups(hosting: Hosting, how: ServedHow, logger: Logger): Served {
  const { ranges, requestTimeoutMs, electionTimeoutMs } = how;
  const codec = new KvCodec();
  const deskOf = (node: AdministeredNode) => new AdminDesk(node, electionTimeoutMs, logger, () => groups.list());
  const hostOf = ([id, node]: readonly [GroupId, KvNode]): Host => ({
    id,
    node,
    kv: new NodeKvService(node, requestTimeoutMs),
    admin: deskOf(node),
    describe: () => node.describe(),
    explain: () => node.explain(),
    stateHash: () => node.stateHash(),
    backup: (asked) => node.backup(asked),
  });
  const groups = new Groups<Host>(Array.from(hosting.nodes, hostOf) as [Host, ...Host[]], hosting.resting);
  const [first, ...more] = groups.all;
  const routed = () => new RoutedKvService(ranges.map((range) => ({ ...range, kv: groups.named(range.group).kv })));
  const admin = more.length === 0 ? first.admin : deskOf(unnamedNode(groups));
  const doorTo = ({ id, node, admin: desk }: Host): KvDoorService => {
    const service = doorServiceOf(node, id, desk);
    return ranges.length === 0 ? service : withinRange(service, id, ranges, codec);
  };
  const doors = new Map(groups.all.map((group) => [group.id, doorTo(group)]));
  return {
    groups,
    kv: more.length === 0 ? first.kv : routed(),
    admin,
    doorOf: (group) =>
      group === undefined && more.length > 0
        ? unnamedDoor(first, admin, groups)
        : (doors.get(groups.named(group).id) as KvDoorService),
    facts: () => ({
      version: VERSION,
      uptimeSeconds: Math.floor(process.uptime()),
      groups: groups.all.map(({ id, node }) => {
        const { role, term, leader, commitIndex, appliedIndex } = node.describe();
        return { group: id, role, term, leader: leader ?? "", commitIndex, appliedIndex };
      }),
    }),
  };
}
