import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LogStorage, SnapshotStorage } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { logStorageLaws, register, snapshotStorageLaws } from "@hexraft/testing/conformance";
import { Container } from "inversify";
import { describe, it } from "vitest";
import { fileStorage } from "../src/index.js";

/** Real files in a directory of their own. */
function place() {
  const directory = mkdtempSync(join(tmpdir(), "hexraft-laws-"));
  const container = () => {
    const made = new Container();
    made.load(nodeRuntime(), fileStorage({ directory, segmentBytesMax: 16 * 1024, preallocate: false }));
    return made;
  };
  return { directory, container, dispose: () => rmSync(directory, { recursive: true }) };
}

register(
  logStorageLaws(() => {
    const { container, dispose } = place();
    return { create: () => container().get(LogStorage), dispose };
  }),
  { describe, it },
);
register(
  snapshotStorageLaws(() => {
    const { directory, container, dispose } = place();
    const damage = (index: number) => {
      const snapshots = join(directory, "main", "snapshots");
      const file = join(snapshots, readdirSync(snapshots).find((name) => name.startsWith(`${index}-`)) ?? "");
      const bytes = readFileSync(file);
      bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
      writeFileSync(file, bytes);
    };
    return { create: () => container().get(SnapshotStorage), damage, dispose };
  }),
  { describe, it },
);
