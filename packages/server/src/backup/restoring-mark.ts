import { existsSync, readdirSync } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { RaftError } from "@hexraft/core/ports";
import { syncDirectory } from "./backup-target.js";

/*
 * A directory into which a whole service is being restored bears this file. Whoever started a node there after a crash in between would
 * serve the ranges that came first, and found the others empty.
 */
const MARK = "restoring";
/** What a file system has of its own at its root. */
const NOBODYS: ReadonlySet<string> = new Set(["lost+found"]);

/**
 * Marks an empty directory, or makes one.
 *
 * @returns to be called once everything is there. @throws RaftError `RecoveryRefused` if it is not empty.
 */
export async function markRestoring(directory: string): Promise<() => Promise<void>> {
  refuseHalfRestored(directory);
  const there = existsSync(directory) ? readdirSync(directory).filter((name) => !NOBODYS.has(name)) : [];
  if (there.length > 0) throw refused(`${directory} is not empty, there is ${there.join(", ").slice(0, 200)}`);
  const mark = join(directory, MARK);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const file = await open(mark, "wx", 0o600); // of two at once one finds it there
    await file.sync();
    await file.close();
    await syncDirectory(directory);
  } catch (error) {
    throw refused(`${directory} cannot be written to (${(error as Error).message})`);
  }
  return async () => {
    await rm(mark);
    await syncDirectory(directory);
  };
}

/** @throws RaftError `Damaged` if a restore into this directory did not come to its end. */
export function refuseHalfRestored(directory: string): void {
  if (!existsSync(join(directory, MARK))) return;
  throw new RaftError(
    "Damaged",
    "refused",
    `${directory} holds a part of a backup: its restore goes on, or did not come to its end; empty it, and restore once more.`,
  );
}

const refused = (why: string): RaftError =>
  new RaftError("RecoveryRefused", "refused", `The backup was not restored: ${why}; it goes into an empty directory.`);
