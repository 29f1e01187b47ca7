import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BLOCK_HEADER_BYTES, Checksum, FileSystem, LogStorage, Scheduler, SnapshotStorage } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { SeededRandom } from "@hexraft/testing";
import { logStorageLaws, register, snapshotStorageLaws } from "@hexraft/testing/conformance";
import { Container } from "inversify";
import { describe, it } from "vitest";
import { fileStorage } from "../src/index.js";
import { BATCH_HEADER_BYTES } from "../src/log/batch.js";
import { RECORD_HEADER_BYTES } from "../src/log/record.js";
import { batchesOf } from "./damage/places.js";
import { FaultDisk } from "./support/fault-disk.js";

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
    const { directory, container, dispose } = place();
    const damage = (first: number, last: number) => {
      const file = join(directory, "main", "log", `${"1".padStart(16, "0")}.seg`);
      const bytes = readFileSync(file);
      const batch = batchesOf(file, bytes).find((each) => each.first === first && each.last === last);
      // The first entry's own head, in the body of the only block of that batch.
      const at = (batch?.at ?? 0) + BATCH_HEADER_BYTES + RECORD_HEADER_BYTES + BLOCK_HEADER_BYTES;
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      writeFileSync(file, bytes);
    };
    return { create: () => container().get(LogStorage), damage, dispose };
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

/** The same files on a disk that forgets what was not synced, in any subset and torn anywhere. */
function forgetfulPlace() {
  const random = new SeededRandom("forgetful");
  const host = new Container();
  host.load(nodeRuntime());
  let disk = new FaultDisk();
  const container = () => {
    const made = new Container();
    made.bind(FileSystem).toConstantValue(disk);
    made.bind(Checksum).toConstantValue(host.get(Checksum));
    made.bind(Scheduler).toConstantValue(host.get(Scheduler));
    made.load(fileStorage({ directory: "/data", segmentBytesMax: 16 * 1024, preallocate: false }));
    return made;
  };
  const crash = () => {
    disk.crashBefore = 0;
    disk = new FaultDisk(disk.imageAfterCrash(() => Math.min(1, Math.max(0, random.next() * 1.5 - 0.25))));
  };
  const failNextWrite = () => {
    disk.fault = { call: "datasync", code: "EIO" };
  };
  return { container, crash, failNextWrite, dispose: () => {} };
}

const forgetful = logStorageLaws(() => {
  const { container, ...rest } = forgetfulPlace();
  return { create: () => container().get(LogStorage), ...rest };
});
register({ ...forgetful, title: `${forgetful.title}, with real crashes` }, { describe, it });

const forgetfulSnapshots = snapshotStorageLaws(() => {
  const { container, crash, dispose } = forgetfulPlace();
  return { create: () => container().get(SnapshotStorage), crash, dispose };
});
register({ ...forgetfulSnapshots, title: `${forgetfulSnapshots.title}, with real crashes` }, { describe, it });
