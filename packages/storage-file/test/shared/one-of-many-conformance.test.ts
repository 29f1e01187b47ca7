import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LogStorage, type OpenLog, SnapshotStorage } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { logStorageLaws, register, snapshotStorageLaws } from "@hexraft/testing/conformance";
import { Container } from "inversify";
import { describe, it } from "vitest";
import { oneOfSharedFileStorage } from "../../src/index.js";
import { sharedDamageIn } from "../damage/places.js";
import { groupsOf, OPEN_GROUPS } from "../support/shared.js";

const SMALL = { segmentBytesMax: 16 * 1024, preallocate: false };
const GROUP = "main";

/** A directory that groups share, and one of them opened alone, as an operator's command does on a stopped node. */
function place() {
  const directory = mkdtempSync(join(tmpdir(), "hexraft-laws-"));
  const container = () => {
    const made = new Container();
    made.load(nodeRuntime(), oneOfSharedFileStorage({ directory, groupId: GROUP, ...SMALL }));
    return made;
  };
  return { directory, container, dispose: () => rmSync(directory, { recursive: true }) };
}

/** Opened alone is only what is there: a process that served the group has been before, and left it empty. */
async function found(directory: string, request: OpenLog): Promise<void> {
  const groups = groupsOf(directory, SMALL);
  await groups.open({ ...OPEN_GROUPS, nodeId: request.nodeId, newDirectoryId: request.newDirectoryId });
  const { log } = groups.group(GROUP);
  await log.open(request);
  await log.close();
  await groups.close();
}

const logs = logStorageLaws(() => {
  const { directory, container, dispose } = place();
  const create = () => {
    const storage = container().get(LogStorage);
    const open = storage.open.bind(storage);
    storage.open = async (request) => {
      if (readdirSync(directory).length === 0) await found(directory, request);
      const opened = await open(request);
      // The laws count the lives that they see: not the one that founded the group.
      return { ...opened, startNumber: opened.startNumber - 1 };
    };
    return storage;
  };
  return { create, damage: sharedDamageIn(directory), dispose };
});
register({ ...logs, title: `${logs.title}, one group of a shared log opened alone` }, { describe, it });

const snapshots = snapshotStorageLaws(() => {
  const { directory, container, dispose } = place();
  const damage = (index: number) => {
    const saved = join(directory, "groups", GROUP, "snapshots");
    const file = join(saved, readdirSync(saved).find((name) => name.startsWith(`${index}-`)) ?? "");
    const bytes = readFileSync(file);
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
    writeFileSync(file, bytes);
  };
  return { create: () => container().get(SnapshotStorage), damage, dispose };
});
register({ ...snapshots, title: `${snapshots.title}, of one group of a shared log opened alone` }, { describe, it });
