/**
 * Who may import whom: the import tables of docs/ARCHITECTURE.md, as data.
 *
 * An entry of a room is read aloud as written: `'protocol types'` allows `import type` only,
 * `'rxjs in timer-service.ts'` allows it in that one file. A name with a slash-free folder of core is
 * that room; any other name is a package.
 */

/** packages/core/src, room by room. A room may always import itself. */
export const rooms: Record<string, readonly string[]> = {
  model: [],
  protocol: ["model"],
  ports: ["model", "protocol types", "inversify types", "rxjs types in scheduler.ts"],
  components: ["ports", "protocol", "model", "inversify"],
  node: ["components", "ports", "protocol", "model", "inversify", "rxjs types", "rxjs in node-events.ts"],
  composition: ["node", "components", "ports", "protocol", "model", "inversify", "reflect-metadata"],
  // index.ts, the list of what users get
  ".": ["composition", "node", "components", "ports", "protocol", "model"],
};

/** Rooms whose code is a function of state and event: no time, no chance, no host, nothing asynchronous. */
export const pureRooms: readonly string[] = ["model", "protocol"];

/** What a pure room must not even name, and what to do instead. */
export const impureNames: Record<string, string> = {
  Promise: "want an effect, and an event that says it is done",
  Date: "time comes from the event (`now`)",
  performance: "time comes from the event (`now`)",
  setTimeout: "want an ArmTimer effect",
  setInterval: "want an ArmTimer effect",
  setImmediate: "the turn belongs to the Inbox",
  queueMicrotask: "the turn belongs to the Inbox",
  process: "the core knows no host",
  Buffer: "the core knows no host; use Uint8Array",
  crypto: "chance belongs to RandomSource",
  console: "return data; Logger is a port",
};

/** Dependencies between packages point one way. Nothing may import `server` or `sim`. */
export const packages: Record<string, readonly string[]> = {
  core: [],
  "runtime-node": ["core", "core/ports"],
  "transport-tcp": ["core", "core/ports"],
  "storage-file": ["core", "core/ports"],
  "storage-lmdb": ["core", "core/ports"],
  "statemachine-kv": ["core", "core/ports"],
  sessions: ["core", "core/ports"],
  "statemachine-composed": ["core", "core/ports"],
  membership: ["core", "core/ports", "core/protocol"],
  testing: ["core", "core/ports", "core/protocol"],
  client: ["core", "core/ports", "sessions", "statemachine-kv", "transport-tcp"],
  server: [
    "core",
    "core/ports",
    "core/protocol",
    "runtime-node",
    "transport-tcp",
    "storage-file",
    "sessions",
    "statemachine-kv",
    "membership",
    "client",
    "testing/proxy",
  ],
  chaos: [
    "core",
    "core/ports",
    "client",
    "statemachine-kv",
    "transport-tcp",
    "testing",
    "testing/linearizability",
    "testing/proxy",
  ],
  sim: [
    "core",
    "core/ports",
    "storage-file",
    "sessions",
    "statemachine-kv",
    "membership",
    "testing",
    "testing/simulator",
    "testing/linearizability",
  ],
  benchmarks: [
    "core",
    "core/ports",
    "core/protocol",
    "runtime-node",
    "transport-tcp",
    "storage-file",
    "storage-lmdb",
    "statemachine-kv",
    "membership",
    "testing",
    "testing/proxy",
    "client",
  ],
};

/** Third-party packages that have one home, with the reason. A package not named here is free. */
export const homes: Record<string, { in: readonly string[]; why: string }> = {
  rxjs: { in: ["core", "runtime-node", "testing"], why: "RxJS drives timers and events$, never the path of an entry" },
  lmdb: { in: ["storage-lmdb"], why: "the database belongs to one adapter; the others never see it" },
  msgpackr: {
    in: ["transport-tcp", "statemachine-kv", "benchmarks"],
    why: "msgpack belongs to the wire and to codecs; other bytes have a fixed layout",
  },
};

/** Packages that must not touch Node.js, with the reason. */
export const hostFree: Record<string, string> = {
  core: "the core runs on a server, in a page and in a simulator: go through a port",
  "storage-file": "the disk is reached only through the FileSystem port, so that the simulator runs this very code",
};
