import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Checksum, LogStorage, type OpenedLog } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { Container } from "inversify";
import { onTestFinished } from "vitest";
import { Database } from "../../src/database.js";
import { lmdbStorage } from "../../src/index.js";
import { OPEN } from "./fixtures.js";

const host = new Container();
host.load(nodeRuntime());

/** The host's checksum. */
export const checksum = host.get(Checksum);

/** A directory of its own for this test, gone afterwards. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), "hexraft-lmdb-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** One life of a storage, not opened yet, and the database under it. */
export function storageOf(directory: string): { readonly log: LogStorage; readonly database: Database } {
  const container = new Container();
  container.load(nodeRuntime(), lmdbStorage({ directory }));
  return { log: container.get(LogStorage), database: container.get(Database) };
}

/** An open log, closed when the test ends. */
export async function openLog(
  directory: string,
): Promise<{ readonly log: LogStorage; readonly opened: OpenedLog; readonly database: Database }> {
  const { log, database } = storageOf(directory);
  const opened = await log.open(OPEN);
  onTestFinished(() => log.close());
  return { log, opened, database };
}
