import { LogStorage, RaftError } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { Database } from "./database.js";
import { LmdbLogStorage } from "./lmdb-log-storage.js";
import { Settings } from "./settings.js";

/** What {@link lmdbStorage} can be told. */
export interface LmdbStorageOptions {
  /** The node's data directory; the database is in `lmdb` in it, and made if it is missing. One process at a time may use it (L11). */
  readonly directory: string;
}

/**
 * Log, hard state and identity of a replica in an LMDB database: binds LogStorage. Snapshots are another module's, e.g.
 * `fileSnapshots({ directory })` of `@hexraft/storage-file`. It needs FileSystem, for lock and directories, and Checksum;
 * `nodeRuntime()` brings both.
 *
 * @throws RaftError `BadOption`, naming field, value and rule (O05).
 */
export function lmdbStorage(options: LmdbStorageOptions): ContainerModule {
  const { directory, ...others } = options;
  const [unknown] = Object.entries(others);
  if (unknown !== undefined) throw badOption(unknown[0], unknown[1], "is not an option of lmdbStorage");
  if (typeof directory !== "string" || directory === "")
    throw badOption("directory", directory, "must be the path of a directory");
  return new ContainerModule(({ bind }) => {
    bind(Settings).toConstantValue({ path: `${directory.replace(/(?<=.)\/+$/, "")}/lmdb` });
    bind(Database).toSelf().inSingletonScope();
    bind(LogStorage).to(LmdbLogStorage).inSingletonScope();
  });
}

function badOption(field: string, value: unknown, rule: string): RaftError {
  const shown = JSON.stringify(value) ?? String(value);
  return new RaftError("BadOption", "refused", `option ${field} of lmdbStorage is ${shown}, but it ${rule}`, {
    field,
    value,
    rule,
  });
}
