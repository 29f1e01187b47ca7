import { token } from "@hexraft/core/ports";

/** The options of `lmdbStorage`, checked. */
export interface Settings {
  /** Where the database is. */
  readonly path: string;
}
export const Settings = token<Settings>("storage-lmdb.Settings");
