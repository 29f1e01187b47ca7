import type { MembershipPolicy as Policy } from "../protocol/policies.js";
import { token } from "./token.js";

/** How members change; pure. Without a binding the group is static. Proved by the MembershipPolicy laws of `@hexraft/testing/conformance`. */
export type MembershipPolicy = Policy;
/** DI token of the port. */
export const MembershipPolicy = token<MembershipPolicy>("MembershipPolicy");
