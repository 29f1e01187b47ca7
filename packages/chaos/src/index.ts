/** Chaos: a cluster of real processes, clients that write down what they saw, and faults. */
export { Availability, type Outage } from "./availability.js";
export { type ChaosOptions, type ChaosVerdict, isSound, runChaos } from "./chaos.js";
export { Journal } from "./journal.js";
export { type Asked, type Caller, KeyHistory } from "./key-history.js";
export { Registers } from "./registers.js";
