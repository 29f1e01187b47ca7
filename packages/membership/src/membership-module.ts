import { MembershipPolicy } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { jointPolicy } from "./joint-policy.js";

/**
 * Binds the port `MembershipPolicy` to {@link jointPolicy}: the members of the group can change. Without it a group is static.
 *
 * @example
 * ```ts
 * const node = await createNode(options, [..., jointMembership()]);
 * await node.changeConfiguration(target);
 * ```
 */
export function jointMembership(): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(MembershipPolicy).toConstantValue(jointPolicy);
  });
}
