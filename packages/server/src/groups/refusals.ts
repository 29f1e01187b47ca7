import type { Welcome } from "@hexraft/client";
import type { RaftError } from "@hexraft/core/ports";
import type { AdminDesk, AdministeredNode } from "../admin/admin-desk.js";
import type { KvDoorService } from "../kv/kv-door-service.js";

/*
 * Where several groups are served there are clients who have named none of them, or one that this node refuses. They are let in, may ask which
 * groups there are, and for all else are told why not.
 */

/** What such a client finds at the door. @param admin - what operators may ask all the same. */
export const refusingDoor = (
  why: () => RaftError,
  admin: Pick<AdminDesk, "ask">,
  welcome: () => Welcome,
): KvDoorService => ({
  apply: (_, done) => void setImmediate(() => done(why())),
  read: () => Promise.reject(why()),
  admin: (fields, who, kind) => admin.ask(fields, who, kind),
  readToken: () => "",
  welcome,
});

/** The node that operators find then. */
export function refusingNode(why: () => RaftError): AdministeredNode {
  const refuse = (): never => {
    throw why();
  };
  return {
    describe: refuse,
    changeConfiguration: refuse,
    plan: refuse,
    cancelChange: refuse,
    transferLeadership: refuse,
    snapshot: refuse,
    forceElection: refuse,
  };
}
