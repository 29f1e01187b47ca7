export {
  type FileSnapshotsOptions,
  type FileStorageOptions,
  fileSnapshots,
  fileStorage,
  type OneOfSharedFileStorageOptions,
  oneOfSharedFileStorage,
  type SharedFileStorageOptions,
  sharedFileStorage,
} from "./file-storage.js";
export {
  DIFFERENCES_MAX,
  type DifferingEntries,
  diffDirectories,
  type LogDifference,
} from "./inspect/diff-directories.js";
export { inspectDirectory } from "./inspect/inspect-directory.js";
export type {
  DamagedRange,
  DirectoryReport,
  InspectedGroup,
  InspectedSegment,
  InspectedSharedLog,
  InspectedSharedSegment,
  InspectedSnapshot,
} from "./inspect/report.js";
