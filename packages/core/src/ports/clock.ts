import type { Millis } from "../model/log-id.js";
import { token } from "./token.js";

/** Reads time. All timeouts and leases use `monotonic` (E22); `wall` only stamps log time and detects a suspended host. */
export interface Clock {
  /** Monotonic milliseconds, from any origin; never goes back while the process runs. */
  monotonic(): Millis;
  /** Milliseconds since 1970-01-01T00:00Z; may jump. */
  wall(): Millis;
}
/** DI token of the port. */
export const Clock = token<Clock>("Clock");
