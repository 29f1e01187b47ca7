import { readFileSync } from "node:fs";
import { type KeyRange, keyRanges } from "@hexraft/client";
import { DEFAULT_OPTIONS, type ProtocolOptions } from "@hexraft/core";
import { isName } from "@hexraft/core/ports";
import { type SessionOptions, sessionOptions } from "@hexraft/sessions";
import type { TlsOptions } from "@hexraft/transport-tcp";
import { LOG_FORMATS, type LogFormat } from "../log/log.js";
import { type HostPort, parseAddress } from "./address.js";
import { badField } from "./bad-field.js";
import { type DoorBounds, resolveDoorBounds } from "./door-bounds.js";
import { type DoorSafety, resolveDoorSafety } from "./door-safety.js";

/** Everything `hexraft serve` needs to know, checked. */
export interface ServeOptions extends DoorSafety {
  /** The node's stable name. */
  readonly nodeId: string;
  /** The group's name. */
  readonly groupId: string;
  /** The ranges of the keys, each a group of its own; empty: one group, {@link groupId}, holds all keys. */
  readonly ranges: readonly KeyRange[];
  /** Where log, snapshots and identity live. */
  readonly dataDirectory: string;
  /** Where peers reach this process. */
  readonly listen: HostPort;
  /** What peers are told instead, `host:port`; checked by the transport. */
  readonly advertise?: string;
  /** T03: certificates of the nodes; their files are checked by the transport. */
  readonly tls?: TlsOptions;
  /** Whether peers beyond this machine may be talked to without encryption. */
  readonly plaintext: boolean;
  /** Where `HexraftClient` connects; absent: nowhere. */
  readonly client?: HostPort;
  /** HTTP/JSON front; absent: none. */
  readonly http?: HostPort;
  /** Redis protocol front; absent: none. */
  readonly resp?: HostPort;
  /** What one client may cost. */
  readonly doors: DoorBounds;
  /** C03: bounds of the session table. */
  readonly sessions: SessionOptions;
  /** The first voters, if this node may found the cluster; the first one named does. */
  readonly bootstrap: readonly { readonly id: string; readonly address: string }[];
  /** How long a request may take before its client is told, ms. */
  readonly requestTimeoutMs: number;
  /** How the log is written. */
  readonly log: LogFormat;
  /** Timing and sizes of the protocol; checked by core. */
  readonly raft: Partial<ProtocolOptions>;
}

/** The same as it comes from flags and from the config file. */
export type RawServeOptions = Readonly<Record<string, unknown>>;

const FIELDS = new Set([
  "nodeId",
  "groupId",
  "splitAt",
  "dataDirectory",
  "listen",
  "advertise",
  "tls",
  "plaintext",
  "client",
  "http",
  "resp",
  "access",
  "openDoors",
  "doorTls",
  "plaintextDoors",
  "renewIntervalMs",
  "doors",
  "sessions",
  "bootstrap",
  "requestTimeoutMs",
  "log",
  "raft",
]);

/**
 * Checks what flags and file say; a flag wins over the file.
 *
 * @throws RaftError `BadOption`, naming the field, its value and the rule it breaks (O05).
 */
export function resolveServeOptions(flags: RawServeOptions, file: RawServeOptions = {}): ServeOptions {
  for (const [field, value] of Object.entries(file))
    if (!FIELDS.has(field))
      throw badField(field, value, `is not a field of the config file; known are ${[...FIELDS].join(", ")}`);
  const given = { ...file, ...Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) };
  const {
    nodeId,
    groupId = "main",
    dataDirectory,
    listen,
    requestTimeoutMs = 5_000,
    log = "text",
  } = given as Record<string, unknown>;
  const advertise = given["advertise"];
  if (advertise !== undefined && (typeof advertise !== "string" || !advertise.includes(":")))
    throw badField("advertise", advertise, "must be host:port");
  const rawRaft = { ...record("raft", file["raft"] ?? {}), ...record("raft", flags["raft"] ?? {}) };
  const tls = { ...record("tls", file["tls"] ?? {}), ...record("tls", flags["tls"] ?? {}) };
  const plaintext = given["plaintext"] ?? false;
  if (typeof plaintext !== "boolean") throw badField("plaintext", plaintext, "must be true or false");
  const doorTls = { ...record("doorTls", file["doorTls"] ?? {}), ...record("doorTls", flags["doorTls"] ?? {}) };
  const safety = resolveDoorSafety({ ...given, doorTls });
  if (!isName(nodeId)) throw badField("nodeId", nodeId, "must be 1–64 characters of A–Z a–z 0–9 . _ -");
  if (!isName(groupId)) throw badField("groupId", groupId, "must be 1–64 characters of A–Z a–z 0–9 . _ -");
  if (typeof dataDirectory !== "string" || dataDirectory === "")
    throw badField("dataDirectory", dataDirectory, "must be the path of a directory");
  if (listen === undefined) throw badField("listen", listen, "must say where peers reach this node, host:port");
  if (typeof requestTimeoutMs !== "number" || !(requestTimeoutMs >= 1 && requestTimeoutMs <= 600_000))
    throw badField("requestTimeoutMs", requestTimeoutMs, "must be a number from 1 to 600000 ms");
  if (!LOG_FORMATS.includes(log as LogFormat)) throw badField("log", log, `must be one of ${LOG_FORMATS.join(", ")}`);
  for (const [field, value] of Object.entries(rawRaft))
    if (!(field in DEFAULT_OPTIONS))
      throw badField(
        `raft.${field}`,
        value,
        `is not an option of the protocol; known are ${Object.keys(DEFAULT_OPTIONS).join(", ")}`,
      );
  return {
    nodeId,
    groupId,
    ranges: rangesOf(given),
    dataDirectory,
    listen: parseAddress("listen", listen),
    ...(advertise !== undefined && { advertise }),
    // Fields that are missing or wrong are named by the transport.
    ...(Object.keys(tls).length > 0 && { tls: tls as unknown as TlsOptions }),
    plaintext,
    ...optionalAddress("client", given),
    ...optionalAddress("http", given),
    ...optionalAddress("resp", given),
    ...safety,
    doors: resolveDoorBounds(record("doors", file["doors"] ?? {})),
    sessions: sessionOptions(record("sessions", file["sessions"] ?? {})),
    bootstrap: parseBootstrap(given["bootstrap"], nodeId),
    requestTimeoutMs,
    log: log as LogFormat,
    raft: rawRaft,
  };
}

/** Reads a config file: one JSON object. @throws RaftError `BadOption`. */
export function readConfigFile(path: string): RawServeOptions {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw badField("config", path, `must be a file that can be read (${(error as Error).message})`);
  }
  try {
    return record("config", JSON.parse(text));
  } catch (error) {
    throw badField("config", path, `must hold one JSON object (${(error as Error).message})`);
  }
}

function record(field: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw badField(field, value, "must be an object");
  return value as Readonly<Record<string, unknown>>;
}

function optionalAddress<F extends string>(field: F, given: RawServeOptions): { [K in F]?: HostPort } {
  const value = given[field];
  return value === undefined ? {} : ({ [field]: parseAddress(field, value) } as { [K in F]?: HostPort });
}

/** `key,key,…`, or in a file also a list of keys. */
function rangesOf({ splitAt, groupId }: RawServeOptions): readonly KeyRange[] {
  if (splitAt === undefined) return [];
  if (groupId !== undefined)
    throw badField("groupId", groupId, "must not be given beside splitAt, which names the groups");
  const keys: unknown = typeof splitAt === "string" ? splitAt.split(",") : splitAt;
  if (!Array.isArray(keys) || keys.some((key) => typeof key !== "string"))
    throw badField("splitAt", splitAt, "must list keys, with commas between them");
  return keyRanges(keys as readonly string[]);
}

/** `id=host:port,id=host:port,…`, or in a file also `{ "id": "host:port" }`. */
function parseBootstrap(value: unknown, nodeId: string): ServeOptions["bootstrap"] {
  if (value === undefined) return [];
  const rule = "must list the first voters as id=host:port,id=host:port,…";
  const pairs: readonly (readonly [string, unknown])[] =
    typeof value === "string"
      ? value.split(",").map((part) => {
          const cut = part.indexOf("=");
          return [part.slice(0, Math.max(cut, 0)), part.slice(cut + 1)] as const;
        })
      : Object.entries(record("bootstrap", value));
  const voters = pairs.map(([id, address]) => {
    if (!isName(id) || typeof address !== "string" || !address.includes(":")) throw badField("bootstrap", value, rule);
    if (parseAddress("bootstrap", address).port === 0)
      throw badField("bootstrap", value, `${rule}; port 0 cannot be reached`);
    return { id, address };
  });
  const ids = new Set(voters.map(({ id }) => id));
  if (ids.size !== voters.length) throw badField("bootstrap", value, "must name each voter once");
  if (!ids.has(nodeId)) throw badField("bootstrap", value, `must name this node, ${nodeId}, among the first voters`);
  return voters;
}
