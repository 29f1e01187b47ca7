import { existsSync, readdirSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { badField } from "../serve/bad-field.js";
import { type BackupTarget, fileTarget, syncDirectory, unwritable } from "./backup-target.js";
import { MANIFEST, partFile } from "./service-manifest.js";

/** A folder that bears its name once all of it is whole and durable. */
export interface ServiceFolder {
  /** Where the backup of the range at this place goes; whatever came of an attempt before is gone. */
  part(at: number): Promise<BackupTarget>;
  /** All parts are there. @throws RaftError `StorageFailed` */
  finish(manifest: string): Promise<void>;
  /** It is not to be kept. */
  abort(): Promise<void>;
}

/** @param overwrite - whether another backup may be there, which this one takes the place of. @throws RaftError `BadOption` */
export async function serviceFolder(path: string, overwrite: boolean): Promise<ServiceFolder> {
  if (existsSync(path) && !overwrite)
    throw badField("<file>", path, "must not be there yet; give another name, or say --force");
  if (existsSync(path) && !isBackup(path))
    throw badField("<file>", path, "must hold a backup and nothing else where --force is to replace it");
  const beside = (kind: string) => join(dirname(path), `.${basename(path)}.${process.pid}.${kind}`);
  const [draft, old] = [beside("part"), beside("old")];
  try {
    await mkdir(draft, { mode: 0o700 });
  } catch (error) {
    throw badField("<file>", path, `must be in a directory that can be written to (${(error as Error).message})`);
  }
  return {
    part: (at) => fileTarget(join(draft, partFile(at)), true),
    finish: async (manifest) => {
      try {
        const file = await open(join(draft, MANIFEST), "wx", 0o600);
        await file.writeFile(manifest);
        await file.sync();
        await file.close();
        await syncDirectory(draft);
        if (existsSync(path)) await rename(path, old);
        await rename(draft, path);
        await syncDirectory(dirname(path));
        await rm(old, { recursive: true, force: true });
      } catch (error) {
        throw unwritable(path, error);
      }
    },
    abort: () => rm(draft, { recursive: true, force: true }),
  };
}

/** Nobody's other files are removed by mistake. */
function isBackup(path: string): boolean {
  try {
    const names = readdirSync(path);
    return names.includes(MANIFEST) && names.every((name) => name === MANIFEST || /^part-\d{3}\.backup$/.test(name));
  } catch {
    return false; // it is a file
  }
}
