import {
  BACKUP_CHUNK_BYTES,
  BACKUP_HEAD_BYTES,
  type BackupAbout,
  CHECKSUM_BYTES,
} from "../../../packages/core/src/components/backup-layout.js";
import { backupBytes } from "../../../packages/core/src/components/backup-stream.js";
import { snapshotStream } from "../../../packages/core/src/components/snapshot-stream.js";
import type { NodePorts } from "../../../packages/core/src/node/node-ports.js";
import { recover } from "../../../packages/core/src/node/recovery.js";
import { restore } from "../../../packages/core/src/node/restoring.js";
import { RaftError } from "../../../packages/core/src/ports.js";
import { KvStateMachine } from "../../../packages/statemachine-kv/src/index.js";
import { mutated } from "../mutate.js";
import type { Pick, Target } from "../target.js";
import { blind } from "./blind.js";
import { machineWith, OPEN, storesOn } from "./disk-image.js";
import { MemoryFiles } from "./memory-files.js";

const ABOUT: BackupAbout = {
  clusterId: "c".repeat(32),
  groupId: OPEN.groupId,
  nodeId: OPEN.nodeId,
  id: { index: 4, term: 2 },
  logTimeMs: 1_234,
  takenAtMs: 5_678,
  formatVersion: 1,
  streamBytes: 0,
  streamChecksum: 0,
};
/** Where the head's numbers stand: index, term, log time, time; and the length of the stream. */
const NUMBERS_AT = [16, 24, 32, 40];
const STREAM_BYTES_AT = 48;
/** What they might be, that nobody means. */
const NUMBERS = [0, 1, 2 ** 32, 2 ** 52, 2 ** 52 + 1, Number.MAX_SAFE_INTEGER, 2 ** 63];

/** A backup that was damaged, or made by somebody: what is restored comes up again with the same state, or it is refused. */
export const backups: Target = {
  name: "backups",
  seeds: () => Promise.all([0, 3, 20].map(async (keys) => backupOf(ABOUT, await bytesOf(stateWith(keys))))),
  vary: variedBackup,
  async run(input) {
    const files = new MemoryFiles();
    let stateHash: string;
    try {
      stateHash = await withPorts(files, async (ports) => {
        const restored = await restore(ports, OPEN.nodeId, OPEN.groupId, once(input));
        return restored.stateHash;
      });
    } catch (error) {
      if (error instanceof RaftError) return [];
      throw error;
    }
    const again = await withPorts(files, async (ports) => {
      await recover(ports, OPEN.nodeId, OPEN.groupId);
      return ports.stateMachine.stateHash?.();
    });
    if (again !== stateHash) throw new Error(`a backup was restored as ${stateHash}, and came up as ${again}`);
    return ["backup"];
  },
};

const stateWith = (keys: number): AsyncIterable<Uint8Array> => snapshotStream(machineWith(keys).snapshotSave());

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk.slice());
  return new Uint8Array(Buffer.concat(all));
}

const backupOf = (about: BackupAbout, stream: Uint8Array): Promise<Uint8Array> =>
  bytesOf(backupBytes({ ...about, streamBytes: stream.length }, once(stream), blind));

/** The same form around another stream, of one chunk, or with another number in the head. */
function variedBackup(input: Uint8Array, pick: Pick): Uint8Array | undefined {
  if (input.length <= BACKUP_HEAD_BYTES + CHECKSUM_BYTES) return undefined;
  const head = input.slice(0, BACKUP_HEAD_BYTES);
  const view = new DataView(head.buffer);
  let stream = input.subarray(BACKUP_HEAD_BYTES, input.length - CHECKSUM_BYTES);
  if (pick.below(3) === 0) view.setBigUint64(pick.of(NUMBERS_AT), BigInt(pick.of(NUMBERS)), true);
  else {
    stream = mutated(stream, pick, stream).subarray(0, BACKUP_CHUNK_BYTES);
    view.setBigUint64(STREAM_BYTES_AT, BigInt(stream.length), true);
  }
  return new Uint8Array(Buffer.concat([head, stream, new Uint8Array(CHECKSUM_BYTES)]));
}

/** All of a node that a restore needs; opened by what is done with it, and closed behind it. */
async function withPorts<T>(files: MemoryFiles, work: (ports: NodePorts) => Promise<T>): Promise<T> {
  const { log, snapshots } = storesOn(files);
  const silent = () => {};
  const ports = {
    logStorage: log,
    snapshotStorage: snapshots,
    stateMachine: new KvStateMachine(),
    checksum: blind,
    random: { hex: (bytes: number) => "e".repeat(2 * bytes) },
    logger: { debug: silent, info: silent, warn: silent, error: silent },
  } as unknown as NodePorts;
  try {
    return await work(ports);
  } finally {
    await snapshots.close();
    await log.close();
  }
}
