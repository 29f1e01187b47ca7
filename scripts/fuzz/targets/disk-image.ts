import {
  CommandBatch,
  EntryType,
  encodeConfiguration,
  LogBlock,
  type OpenLog,
  type Scheduler,
  type SnapshotMeta,
  votersOnly,
} from "../../../packages/core/src/ports.js";
import { memberOf } from "../../../packages/core/test/support/lab.js";
import { KvCodec, KvStateMachine, put } from "../../../packages/statemachine-kv/src/index.js";
import { DataDirectory } from "../../../packages/storage-file/src/data-directory.js";
import { FileLogStorage } from "../../../packages/storage-file/src/log/file-log-storage.js";
import { FileSnapshotStorage } from "../../../packages/storage-file/src/snapshots/file-snapshot-storage.js";
import { packArray, unpackArray } from "../../../packages/transport-tcp/src/wire/msgpack.js";
import { mutated } from "../mutate.js";
import type { Pick } from "../target.js";
import { blind } from "./blind.js";
import { MemoryFiles } from "./memory-files.js";

/** Files of a data directory, as one input. */
export type Image = Map<string, Uint8Array>;

const LIMITS = { depthMax: 2, elementsMax: 64 };
/** Nothing becomes due: what a store does later is no part of reading what is there. */
const never = { now: () => 0, schedule: () => ({ unsubscribe: () => {} }) } as unknown as Scheduler;

/** Whose directory it is. */
export const OPEN: OpenLog = {
  nodeId: "a",
  groupId: "main",
  newDirectoryId: "d".repeat(16),
  newIncarnation: memberOf("a").incarnation,
};

/** The input of an image. */
export const packImage = (image: Image): Uint8Array => packArray([...image]);

/** The image again; `undefined` if the input is none. */
export function unpackImage(input: Uint8Array): Image | undefined {
  try {
    const files = (unpackArray(input, LIMITS) as unknown[]).filter(
      (file): file is [string, Uint8Array] =>
        Array.isArray(file) && typeof file[0] === "string" && file[1] instanceof Uint8Array,
    );
    return new Map(files);
  } catch {
    return undefined;
  }
}

/** The same files, one of them changed, gone, or in the place of another. */
export function variedImage(input: Uint8Array, pick: Pick): Uint8Array | undefined {
  const image = unpackImage(input);
  if (image === undefined || image.size === 0) return undefined;
  const paths = [...image.keys()];
  const [path, other] = [pick.of(paths), pick.of(paths)];
  const bytes = image.get(path) as Uint8Array;
  switch (pick.below(16)) {
    case 0:
      image.delete(path);
      break;
    case 1:
      image.set(other, bytes);
      break;
    default:
      image.set(path, mutated(bytes, pick, image.get(other) as Uint8Array));
  }
  return packImage(image);
}

/** Both stores over a copy of those files. */
export function storesOver(image: Image): ReturnType<typeof storesOn> {
  const files = new MemoryFiles(new Map([...image].map(([path, bytes]) => [path, bytes.slice()])));
  return storesOn(files);
}

/** Both stores on those files. */
export function storesOn(files: MemoryFiles): {
  readonly log: FileLogStorage;
  readonly snapshots: FileSnapshotStorage;
} {
  const base = {
    directory: "data",
    groupId: "main",
    segmentBytesMax: 4_096,
    preallocate: false,
    scrubBytesPerSecond: 0,
    snapshotsKept: 2,
  };
  const directory = new DataDirectory(base, files, blind);
  return {
    log: new FileLogStorage(directory, base, files, blind, never),
    snapshots: new FileSnapshotStorage(directory, base, files, blind),
  };
}

const CONFIGURATION = votersOnly(["a", "b", "c"].map(memberOf));
const META: SnapshotMeta = {
  id: { index: 4, term: 2 },
  configuration: { id: { index: 1, term: 1 }, configuration: CONFIGURATION },
  logTimeMs: 1_234,
  formatVersion: 1,
  sizeBytes: 0,
  checksum: 0,
};

/** A state machine with that many keys, and deadlines on some. */
export function machineWith(keys: number): KvStateMachine {
  const machine = new KvStateMachine();
  if (keys === 0) return machine;
  const codec = new KvCodec();
  const commands = Array.from({ length: keys }, (_, i) =>
    put(`k${i}`, "v".repeat(i), i % 2 === 0 ? {} : { ttlMs: 1_000 }),
  );
  const payloads = commands.map((command) => codec.encodeCommand(command));
  machine.apply(new CommandBatch([LogBlock.of(1, 1, 5, EntryType.command, payloads)], 1, keys));
  return machine;
}

/** What a short life leaves: two terms, a truncation, more than one segment, and a snapshot with these bytes. */
export async function livedImage(snapshot: AsyncIterable<Uint8Array>, payloadBytes: number): Promise<Image> {
  const files = new MemoryFiles();
  const { log, snapshots } = storesOn(files);
  await log.open(OPEN);
  await log.adopt("c".repeat(32));
  await snapshots.open();
  const voted = { term: 1, vote: memberOf("b"), recoveryNumber: 0, removedAt: 0 };
  const first = LogBlock.of(1, 1, 5, EntryType.configuration, [encodeConfiguration(CONFIGURATION)]);
  const commands = (from: number, count: number, term: number) =>
    LogBlock.of(
      from,
      term,
      9,
      EntryType.command,
      Array.from({ length: count }, (_, i) => new Uint8Array(payloadBytes).fill(i)),
    );
  await log.write({ hardState: voted, blocks: [first, commands(2, 6, 1)] });
  await log.write({ truncateFrom: 4, blocks: [commands(4, 5, 2)], commitHint: 3 });
  const sink = await snapshots.begin(META, "local");
  for await (const chunk of snapshot) await sink.write(chunk);
  await sink.commit();
  await log.write({ hardState: { ...voted, term: 3, vote: null }, blocks: [commands(9, 2, 3)] });
  await snapshots.close();
  await log.close();
  return files.files;
}
