import { ContainerModule } from "inversify";
import { NodePorts } from "../node/node-ports.js";
import { Logger } from "../ports/logger.js";
import { MembershipPolicy } from "../ports/membership-policy.js";
import { QuorumPolicy } from "../ports/quorum-policy.js";
import { jointMajority } from "../protocol/quorum/joint.js";
import { staticMembership } from "../protocol/static-membership.js";
import type { BindingCensus } from "./check-bindings.js";

/** Where nobody wants to read. */
export const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** What the core brings itself, where the users' modules bring nothing else. */
export function coreModule(census: BindingCensus): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(NodePorts).toSelf().inSingletonScope();
    if (!census.binds(Logger)) bind(Logger).toConstantValue(silent);
    if (!census.binds(QuorumPolicy)) bind(QuorumPolicy).toConstantValue(jointMajority);
    if (!census.binds(MembershipPolicy)) bind(MembershipPolicy).toConstantValue(staticMembership);
  });
}
