import { existsSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Writable } from "node:stream";
import { RaftError } from "@hexraft/core/ports";
import { badField } from "../serve/bad-field.js";

/** Where the bytes of a backup go. */
export interface BackupTarget {
  write(chunk: Uint8Array): Promise<void>;
  /** All of it came, and is right. */
  finish(): Promise<void>;
  /** It is not to be kept. */
  abort(): Promise<void>;
}

/** A file that bears its name once it is whole and durable. @throws RaftError `BadOption` if it is there, or cannot be made. */
export async function fileTarget(path: string, overwrite: boolean): Promise<BackupTarget> {
  if (existsSync(path) && !overwrite)
    throw badField("<file>", path, "must not be there yet; give another name, or say --force");
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  const handle = await opened(draft, path);
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw unwritable(path, error);
    }
  };
  return {
    write: (chunk) => attempt(() => handle.writeFile(chunk)),
    finish: () =>
      attempt(async () => {
        await handle.sync();
        await handle.close();
        await rename(draft, path);
        await syncDirectory(dirname(path));
      }),
    abort: async () => {
      await handle.close().catch(() => {});
      await rm(draft, { force: true });
    },
  };
}

/** Standard output, at the pace at which somebody reads it. */
export function streamTarget(stream: Writable & { readonly isTTY?: boolean }): BackupTarget {
  if (stream.isTTY === true)
    throw badField("<file>", "-", "is a terminal here; name a file, or send it somewhere with | or >");
  // A reader that has gone is told of by the write's own error.
  stream.on("error", () => {});
  return {
    write: (chunk) =>
      new Promise((resolve, reject) => {
        stream.write(chunk, (error) => (error == null ? resolve() : reject(unwritable("standard output", error))));
      }),
    finish: async () => {},
    abort: async () => {},
  };
}

/** What bears a name in it bears it durably. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  await directory.sync();
  await directory.close();
}

async function opened(draft: string, path: string): Promise<FileHandle> {
  try {
    return await open(draft, "wx", 0o600);
  } catch (error) {
    throw badField("<file>", path, `must be in a directory that can be written to (${(error as Error).message})`);
  }
}

/** A disk that does not take it. */
export const unwritable = (where: string, error: unknown): RaftError =>
  new RaftError(
    "StorageFailed",
    "refused",
    `The backup could not be written to ${where} (${error instanceof Error ? error.message : String(error)}), and nothing of it was kept; see whether there is room.`,
  );
