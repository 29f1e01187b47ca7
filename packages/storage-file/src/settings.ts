import { token } from "@hexraft/core/ports";

/** The options of `fileStorage`, filled in and checked. */
export interface Settings {
  readonly directory: string;
  readonly groupId: string;
  readonly segmentBytesMax: number;
  readonly preallocate: boolean;
  readonly snapshotsKept: number;
  readonly scrubBytesPerSecond: number;
}
export const Settings = token<Settings>("storage-file.Settings");
