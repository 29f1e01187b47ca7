import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SnapshotStorage } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { fileSnapshots } from "@hexraft/storage-file";
import { logStorageLaws, register, snapshotStorageLaws } from "@hexraft/testing/conformance";
import { Container } from "inversify";
import { describe, it, vi } from "vitest";
import type { Database } from "../src/database.js";
import { lmdbStorage } from "../src/index.js";
import { storageOf } from "./support/host.js";

function place() {
  const directory = mkdtempSync(join(tmpdir(), "hexraft-lmdb-laws-"));
  return { directory, dispose: () => rmSync(directory, { recursive: true }) };
}

register(
  logStorageLaws(() => {
    const { directory, dispose } = place();
    let newest: Database;
    const create = () => {
      const { log, database } = storageOf(directory);
      newest = database;
      return log;
    };
    const failNextWrite = () => void vi.spyOn(newest, "commit").mockRejectedValueOnce(new Error("EIO"));
    return { create, failNextWrite, dispose };
  }),
  { describe, it },
);

// The snapshots that go with it, in the same directory.
register(
  snapshotStorageLaws(() => {
    const { directory, dispose } = place();
    const create = () => {
      const container = new Container();
      container.load(nodeRuntime(), lmdbStorage({ directory }), fileSnapshots({ directory }));
      return container.get(SnapshotStorage);
    };
    return { create, dispose };
  }),
  { describe, it },
);
