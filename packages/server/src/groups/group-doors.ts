import type { KeyRange } from "@hexraft/client";
import type { GroupId, NodeId } from "@hexraft/core";
import { KvCodec } from "@hexraft/statemachine-kv";
import type { AdminDesk, AdministeredNode } from "../admin/admin-desk.js";
import { doorServiceOf } from "../door/door-service.js";
import type { KvDoorService } from "../kv/kv-door-service.js";
import type { KvNode } from "../kv/node-kv-service.js";
import type { Groups } from "./groups.js";
import { refusingDoor, refusingNode } from "./refusals.js";
import type { ServedGroup } from "./served-group.js";
import { withinRange } from "./within-range.js";

/** A group, and its node. */
export interface Host extends ServedGroup {
  readonly node: KvNode;
}

/** The one door of a process with one group. */
export function onlyDoor(host: Host, groups: Groups<Host>): (group: string | undefined) => KvDoorService {
  const door = doorServiceOf(host.node, host.id, host.admin);
  return (group) => {
    groups.named(group);
    return door;
  };
}

/** What a client finds who names a group of several: the group, why this node refuses it (G03), or, without a name, which there are. */
export function doorsOfRanges(
  groups: Groups<Host>,
  nodeId: NodeId,
  ranges: readonly KeyRange[],
  deskOf: (node: AdministeredNode) => AdminDesk,
): (group: string | undefined) => KvDoorService {
  const codec = new KvCodec();
  const [anyone] = groups.all;
  const clusterId = () => anyone.describe().identity.clusterId;
  const doors = new Map<GroupId, KvDoorService>();
  for (const { id, node, admin } of groups.all)
    doors.set(id, withinRange(doorServiceOf(node, id, admin), id, ranges, codec));
  for (const { id, reason, askElsewhere } of groups.refused) {
    const desk = deskOf(refusingNode(() => reason));
    const welcome = () => ({ nodeId, leader: "", clusterId: clusterId(), group: id });
    doors.set(
      id,
      refusingDoor(() => askElsewhere, desk, welcome),
    );
  }
  const nameOne = () => groups.nameOne();
  const welcome = () => ({ nodeId, leader: nodeId, clusterId: clusterId() });
  const unnamed = refusingDoor(nameOne, deskOf(refusingNode(nameOne)), welcome);
  return (group) => {
    const door = group === undefined ? unnamed : doors.get(group);
    if (door === undefined) throw groups.unknown(group as string);
    return door;
  };
}
