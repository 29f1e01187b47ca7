import type { QuorumPolicy as Policy } from "../protocol/policies.js";
import { token } from "./token.js";

/** Which sets of voters decide; pure. Without a binding: majorities, joint ones in the joint phase. */
export type QuorumPolicy = Policy;
/** DI token of the port. */
export const QuorumPolicy = token<QuorumPolicy>("QuorumPolicy");
