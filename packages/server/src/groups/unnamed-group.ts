import type { AdminDesk, AdministeredNode } from "../admin/admin-desk.js";
import type { KvDoorService } from "../kv/kv-door-service.js";
import type { Groups } from "./groups.js";
import type { ServedGroup } from "./served-group.js";

/*
 * Who names no group where there are several may ask which there are, of any node. For all else he is told to name one.
 */

/** What such a client finds at the door. @param anyone - says who this process is. */
export const unnamedDoor = (
  anyone: Pick<ServedGroup, "describe">,
  admin: Pick<AdminDesk, "ask">,
  groups: Groups,
): KvDoorService => ({
  apply: (_, done) => void setImmediate(() => done(groups.nameOne())),
  read: () => Promise.reject(groups.nameOne()),
  admin: (fields, who, kind) => admin.ask(fields, who, kind),
  readToken: () => "",
  welcome: () => {
    const { nodeId, identity } = anyone.describe();
    return { nodeId, leader: nodeId, clusterId: identity.clusterId };
  },
});

/** The node whose operators have not said which they mean. */
export function unnamedNode(groups: Groups): AdministeredNode {
  const nameOne = (): never => {
    throw groups.nameOne();
  };
  return {
    describe: nameOne,
    changeConfiguration: nameOne,
    plan: nameOne,
    cancelChange: nameOne,
    transferLeadership: nameOne,
    snapshot: nameOne,
    forceElection: nameOne,
  };
}
