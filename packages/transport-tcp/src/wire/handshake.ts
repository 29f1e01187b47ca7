import {
  type ClusterId,
  type DirectoryId,
  FieldReader,
  type GroupId,
  type Incarnation,
  isClusterId,
  isIncarnation,
  type NodeId,
  type PeerIdentity,
  type SnapshotStreamHeader,
  type StartNumber,
  type TransportIdentity,
} from "@hexraft/core/ports";

/** First element of every hello. */
export const MAGIC = "hexraft";
/** Versions of the protocol that a release speaks, all between two (T09). */
export interface Versions {
  /** The oldest. */
  readonly min: number;
  /** The newest. */
  readonly max: number;
}

/** The versions that this release speaks: its own, and the one before, so that two neighbours talk. */
export const VERSIONS: Versions = { min: 1, max: 2 };
/** Most groups that a hello names: a waiting process is claimed by any one of them. */
export const MEANT_MAX = 256;
/** Most characters of a reason to reject. */
const REASON_CHARACTERS_MAX = 512;

/** What a connection is for. The order is on the wire. */
const PURPOSES = ["messages", "identify", "snapshot"] as const;
/** What a connection is for: messages from the dialer on, one question who listens there, or the bytes of one snapshot. */
export type Purpose = (typeof PURPOSES)[number];

/** Why a connection is refused (T02). A program may compare these; a person reads the text beside them. */
export type RejectCode =
  | "BadHello"
  | "Version"
  | "Self"
  | "WrongNode"
  | "WrongCluster"
  | "NotClaimed"
  | "OlderStart"
  | "NoReceiver"
  | "Identity"
  | "NotMember"
  | "BadFrame"
  | "SnapshotFailed";

/** The first frame of a connection: who dials, whom it means, and what for. */
export interface Hello {
  /** What the dialer speaks. */
  readonly versions: Versions;
  /** What it wants. */
  readonly purpose: Purpose;
  /** Its cluster; empty while it waits. */
  readonly clusterId: ClusterId;
  /** Its name. */
  readonly nodeId: NodeId;
  /** Its directory. */
  readonly directoryId: DirectoryId;
  /** Its run (T11). */
  readonly startNumber: StartNumber;
  /** Whom it expects to reach; empty for `identify`. */
  readonly to: NodeId;
  /** M13: per group the incarnation it means; for `identify` the group asked about, with an empty one. */
  readonly meant: readonly (readonly [group: GroupId, incarnation: Incarnation])[];
  /** For `snapshot`: which one. */
  readonly stream: SnapshotStreamHeader | null;
}

/** The answer that lets a dialer in. */
export interface Welcome extends PeerIdentity {
  /** The version spoken from now on. */
  readonly version: number;
}

/** The last frame of a connection that is refused. */
export interface Reject {
  /** For programs. */
  readonly code: string;
  /** For people. */
  readonly reason: string;
}

/** A hello of this node. */
export function helloOf(
  local: TransportIdentity,
  versions: Versions,
  wish: Pick<Hello, "purpose" | "to" | "meant"> & { readonly stream?: SnapshotStreamHeader },
): Hello {
  const { clusterId, nodeId, directoryId, startNumber } = local;
  return { versions, clusterId, nodeId, directoryId, startNumber, ...wish, stream: wish.stream ?? null };
}

/** As a positional array. */
export function helloToArray(hello: Hello): unknown[] {
  const { versions, purpose, clusterId, nodeId, directoryId, startNumber, to, meant, stream } = hello;
  const streamed =
    stream === null
      ? []
      : [stream.group, stream.from, stream.fromIncarnation, stream.toIncarnation, stream.transfer, stream.offset];
  const names = meant.slice(0, MEANT_MAX).flat();
  return [
    MAGIC,
    versions.min,
    versions.max,
    PURPOSES.indexOf(purpose),
    clusterId,
    nodeId,
    directoryId,
    startNumber,
    to,
    names,
    streamed,
  ];
}

/** Whether this is a hello of this protocol at all; only the versions are read, so that any release can answer any other. */
export function versionsIn(fields: unknown): Versions {
  const reader = new FieldReader(fields, "a hello");
  reader.text("magic", (text) => text === MAGIC, `must be ${MAGIC}`);
  const min = reader.whole("lowest version", 1, 65_535);
  return { min, max: reader.whole("highest version", min, 65_535) };
}

/** @throws RaftError `BadMessage`. */
export function helloFromArray(fields: unknown): Hello {
  const versions = versionsIn(fields);
  const reader = new FieldReader(fields, "a hello");
  for (const known of ["magic", "lowest version", "highest version"]) reader.nested(known);
  const purpose = reader.oneOf("purpose", PURPOSES);
  const head = {
    versions,
    purpose,
    clusterId: clusterIn(reader),
    nodeId: reader.name("node id"),
    directoryId: reader.incarnation("directory id"),
    startNumber: reader.whole("start number", 1, Number.MAX_SAFE_INTEGER),
    to:
      purpose === "identify"
        ? reader.text("node meant", (text) => text === "", "must be empty")
        : reader.name("node meant"),
  };
  const meant = meantIn(reader.nested("incarnations meant"), purpose);
  const streamed = reader.nested("stream");
  reader.end();
  return { ...head, meant, stream: purpose === "snapshot" ? streamIn(streamed) : null };
}

/** M13: whoever welcomes is of a release that does not say what its log is of, or was not asked. */
const NOT_SAID = -1;

/** As a positional array. */
export function welcomeToArray(welcome: Welcome): unknown[] {
  const { version, clusterId, nodeId, directoryId, startNumber, incarnation, recoveryNumber } = welcome;
  const said = recoveryNumber === undefined ? [] : [recoveryNumber === null ? 0 : 1 + recoveryNumber];
  return [version, clusterId, nodeId, directoryId, startNumber, incarnation, ...said];
}

/** The answer to a hello that offered `versions`. @throws RaftError `BadMessage`. */
export function welcomeFromArray(fields: unknown, versions: Versions = VERSIONS): Welcome {
  const reader = new FieldReader(fields, "a welcome");
  const welcome = {
    version: reader.whole("version", versions.min, versions.max),
    clusterId: clusterIn(reader),
    nodeId: reader.name("node id"),
    directoryId: reader.incarnation("directory id"),
    startNumber: reader.whole("start number", 1, Number.MAX_SAFE_INTEGER),
    incarnation: reader.text("incarnation", (text) => text === "" || isIncarnation(text), "must be 16 digits or empty"),
  };
  const recovery = reader.whole("recovery of the log", NOT_SAID, Number.MAX_SAFE_INTEGER, NOT_SAID);
  reader.end();
  if (recovery === NOT_SAID) return welcome;
  return { ...welcome, recoveryNumber: recovery === 0 ? null : recovery - 1 };
}

/** As a positional array. */
export function rejectToArray({ code, reason }: Reject): unknown[] {
  return [code, reason.slice(0, REASON_CHARACTERS_MAX).replace(/\p{Surrogate}/gu, "\uFFFD")];
}

/** @throws RaftError `BadMessage`. */
export function rejectFromArray(fields: unknown): Reject {
  const reader = new FieldReader(fields, "a reject");
  const code = reader.text("code", (text) => /^[A-Za-z]{1,32}$/.test(text), "must be 1–32 letters");
  const isShort = (text: string) => text.length <= REASON_CHARACTERS_MAX;
  const reason = reader.text("reason", isShort, `must be at most ${REASON_CHARACTERS_MAX} characters`);
  reader.end();
  return { code, reason };
}

function clusterIn(reader: FieldReader): ClusterId {
  return reader.text("cluster id", (text) => text === "" || isClusterId(text), "must be 32 digits or empty");
}

function meantIn(fields: unknown, purpose: Purpose): Hello["meant"] {
  const reader = new FieldReader(fields, "the incarnations meant");
  const count = Math.min((fields as readonly unknown[]).length / 2, MEANT_MAX);
  const meant: [GroupId, Incarnation][] = [];
  for (let i = 0; i < count; i++) {
    const group = reader.name("group");
    const isMeant = (text: string) => isIncarnation(text) || (purpose === "identify" && text === "");
    meant.push([group, reader.text("incarnation", isMeant, "must be 16 hexadecimal digits")]);
  }
  reader.end();
  return meant;
}

function streamIn(fields: unknown): SnapshotStreamHeader {
  const reader = new FieldReader(fields, "a snapshot stream");
  const stream = {
    group: reader.name("group"),
    from: reader.name("sender"),
    fromIncarnation: reader.incarnation("sender's incarnation"),
    toIncarnation: reader.incarnation("receiver's incarnation"),
    transfer: reader.count("transfer"),
    offset: reader.count("offset"),
  };
  reader.end();
  return stream;
}
