import * as zlib from "node:zlib";
import { jointMembership } from "@hexraft/membership";
import { kvStateMachine } from "@hexraft/statemachine-kv";
import { fileStorage } from "@hexraft/storage-file";
import { crc32 } from "@hexraft/testing";
import { fileKit, type Model, memoryKit, type Workload, type World } from "@hexraft/testing/simulator";
import { kvModel, kvWorkload } from "./kv-model.js";
import { kvReleases } from "./kv-releases.js";
import { kvSearch } from "./kv-search.js";
import { kvSessions } from "./kv-sessions.js";

/** Small, so that a run rolls over, compacts and reads back; zeros are laid ahead, and files used again, as in production. */
const SEGMENT_BYTES_MAX = 16 * 1024;
/** From so many bytes on the host's own CRC-32 is the faster one. */
const NATIVE_BYTES_MIN = 64;

const service = {
  model: kvModel as Model,
  workload: kvWorkload as Workload,
  search: kvSearch,
  sessions: kvSessions,
  releases: kvReleases,
  modules: () => [kvStateMachine(), jointMembership()],
  checksum: {
    // Most of what is summed is a header: a native call costs more than the sum of it.
    crc32: (bytes: Uint8Array, previous = 0) =>
      bytes.length < NATIVE_BYTES_MIN ? crc32.crc32(bytes, previous) : zlib.crc32(bytes, previous),
    crc32Part: (bytes: Uint8Array, from: number, to: number, previous = 0) =>
      to - from < NATIVE_BYTES_MIN
        ? crc32.crc32Part(bytes, from, to, previous)
        : zlib.crc32(bytes.subarray(from, to), previous),
  },
};

/** Our worlds: the key-value service over files, and over disks in memory. */
export const worlds = {
  /** The file adapter on a disk that forgets what was not synced. */
  files: {
    ...service,
    disks: fileKit((directory, nodeId) => [
      // Odd nodes lay zeros ahead and use files again, even ones do not: both ways are simulated.
      fileStorage({ directory, segmentBytesMax: SEGMENT_BYTES_MAX, preallocate: Number(nodeId.slice(1)) % 2 === 1 }),
    ]),
  },
  /** Disks in memory: faster, and nothing is torn. */
  memory: { ...service, disks: memoryKit },
} satisfies Record<string, World>;

/** The name of a world. */
export type WorldName = keyof typeof worlds;
