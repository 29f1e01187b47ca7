/**
 * TCP links with faults between real processes: cut one way or both, delayed, narrowed, reset; and ports for them. Needs Node.js.
 *
 * @module proxy
 */
export { FaultyNetwork, type FaultyNetworkOptions } from "./proxy/faulty-network.js";
export { freePorts } from "./proxy/free-ports.js";
export type { LinkConditions } from "./proxy/link-conditions.js";
