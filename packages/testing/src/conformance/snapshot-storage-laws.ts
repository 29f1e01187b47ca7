import { type LawSuite, lawSuite } from "./law-suite.js";
import { snapshotReceivingLaws } from "./snapshot-receiving-laws.js";
import { snapshotSavingLaws } from "./snapshot-saving-laws.js";
import type { SnapshotStorageFactory } from "./snapshot-storage-fixture.js";

/** What every SnapshotStorage must do. Each law gets a fresh place from `factory`. */
export const snapshotStorageLaws = (factory: SnapshotStorageFactory): LawSuite =>
  lawSuite("SnapshotStorage laws", [...snapshotSavingLaws(factory), ...snapshotReceivingLaws(factory)]);
