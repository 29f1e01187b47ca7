/**
 * Conformance laws: what every adapter of a port must do, as data; run them in ten lines with any test runner.
 *
 * @module conformance
 */
export { BrokenLaw } from "./conformance/broken-law.js";
export { type CodecFixture, codecLaws } from "./conformance/codec-laws.js";
export type { Law } from "./conformance/law.js";
export { type LawSuite, register, type TestBinding } from "./conformance/law-suite.js";
export type { LogStorageFactory, LogStorageFixture } from "./conformance/log-storage-fixture.js";
export { logStorageLaws } from "./conformance/log-storage-laws.js";
export { membershipPolicyLaws } from "./conformance/membership-policy-laws.js";
export { type SchedulerFixture, schedulerLaws } from "./conformance/scheduler-laws.js";
export type { SnapshotStorageFactory, SnapshotStorageFixture } from "./conformance/snapshot-storage-fixture.js";
export { snapshotStorageLaws } from "./conformance/snapshot-storage-laws.js";
export { type StateMachineFixture, stateMachineLaws } from "./conformance/state-machine-laws.js";
export type { TransportFactory, TransportFixture } from "./conformance/transport-fixture.js";
export { transportLaws } from "./conformance/transport-laws.js";
