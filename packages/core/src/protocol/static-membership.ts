import type { MembershipPolicy } from "./policies.js";

/** The policy of a group whose members never change: used where no membership module is bound. */
export const staticMembership: MembershipPolicy = {
  enter: () => ({
    kind: "refused",
    reason: "this group is static; compose the node with a membership module, e.g. jointMembership()",
  }),
  leave: () => undefined,
};
