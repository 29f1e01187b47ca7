/**
 * Changing the members of a group by joint consensus.
 *
 * @module
 */
export { jointPolicy } from "./joint-policy.js";
export { jointMembership } from "./membership-module.js";
export { plan } from "./plan.js";
