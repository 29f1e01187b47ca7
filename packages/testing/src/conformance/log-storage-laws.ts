import { type LawSuite, lawSuite } from "./law-suite.js";
import { logDurabilityLaws } from "./log-durability-laws.js";
import { logIdentityLaws } from "./log-identity-laws.js";
import { logRepairLaws } from "./log-repair-laws.js";
import { logShapeLaws } from "./log-shape-laws.js";
import type { LogStorageFactory } from "./log-storage-fixture.js";

/** What every LogStorage must do. Each law gets a fresh place from `factory`. */
export const logStorageLaws = (factory: LogStorageFactory): LawSuite =>
  lawSuite("LogStorage laws", [
    ...logIdentityLaws(factory),
    ...logDurabilityLaws(factory),
    ...logShapeLaws(factory),
    ...logRepairLaws(factory),
  ]);
