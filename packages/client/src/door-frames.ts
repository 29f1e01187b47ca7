import { RaftError } from "@hexraft/core/ports";
import { LENGTH_BYTES, packArray, unpackArray } from "@hexraft/transport-tcp";

/**
 * The bytes between a client and a node's client door. A frame is `u32 length | u8 kind | body`, the length counting kind
 * and body; numbers are little-endian. What is said seldom is a msgpack array, positional, growing at its tail (T09), and is
 * found here; requests and answers are records (`door-records.ts`).
 */

/** Kinds of frames. */
export const FrameKind = {
  /** Client → node, first: `[magic, lowest version, highest version]`, `user, password` or two nulls, and the group if one is meant. */
  hello: 1,
  /** Node → client: `[version, node id, leader id, cluster id, sessions, group]`. */
  welcome: 2,
  /** Client → node: records of `DoorRequest`. */
  requests: 3,
  /** Node → client: records of `DoorAnswer`. */
  answers: 4,
  /** Node → client, last: `[reason, code]`. */
  goodbye: 5,
  /** Q08. Node → client: `[token]`, which covers every answer before the next one of these. */
  token: 6,
} as const;

/** What a node says of itself when a client comes. */
export interface Welcome {
  /** The node. */
  readonly nodeId: string;
  /** Whom it follows, or itself; empty if it knows of none. */
  readonly leader: string;
  /** Empty while it waits to be claimed. */
  readonly clusterId: string;
  /** C03: whether commands may come in sessions. Absent: no. */
  readonly sessions?: boolean;
  /** Whose leader it is. Empty: the node serves several groups, and the client named none. */
  readonly group?: string;
}

/** Largest frame from a client, bytes: a command of the largest size, and room to spare. */
export const REQUEST_FRAME_BYTES_MAX = 20 * 1024 * 1024;
/** Largest frame to a client, bytes: an answer of the largest size, and room to spare. */
export const ANSWER_FRAME_BYTES_MAX = 72 * 1024 * 1024;
/** The only version so far. */
export const DOOR_VERSION = 1;

const MAGIC = "hexraft-client";
const DEFAULT_USER = "default";
/** Bytes of a frame before its body: how long it is, and its kind. */
export const HEAD_BYTES = LENGTH_BYTES + 1;
/** Where the body begins in a frame whose length was taken off. */
export const BODY_AT = 1;
const ARRAY_LIMITS = { depthMax: 1, elementsMax: 64 } as const;

/** A message that does not fit: the other side does not speak this protocol. */
export const malformed = (what: string) => new RaftError("BadMessage", "refused", what);

/** Who a client says it is. */
export interface Credentials {
  /** The user's name. Default `default`, as for Redis clients that know a password only. */
  readonly user?: string;
  /** Its password. */
  readonly password: string;
}

/** What a client says of itself when it comes. */
export interface Hello {
  /** Who it says it is; `undefined` if it does not say. */
  readonly credentials: Required<Credentials> | undefined;
  /** The group that it means; `undefined`: the only one. */
  readonly group: string | undefined;
}

/** What a client says first; credentials and group grew at the tail (T09). */
export function layOutHello(credentials?: Credentials, group?: string): Buffer {
  const who = credentials === undefined ? [] : [credentials.user ?? DEFAULT_USER, credentials.password];
  const [user = null, password = null] = who;
  const tail = group === undefined ? who : [user, password, group];
  return layOutArray(FrameKind.hello, [MAGIC, DOOR_VERSION, DOOR_VERSION, ...tail]);
}

/**
 * Checks what a client said first.
 *
 * @throws RaftError `BadMessage`, or `FormatUnknown` for other versions.
 */
export function checkHello(frame: Uint8Array): Hello {
  const stranger = "this is the client port of a hexraft node, and what spoke is no HexraftClient";
  if (frame[0] !== FrameKind.hello) throw malformed(stranger);
  const [magic, lowest, highest, user, password, group] = readArray(frame);
  if (magic !== MAGIC || typeof lowest !== "number" || typeof highest !== "number") throw malformed(stranger);
  if (lowest > DOOR_VERSION || highest < DOOR_VERSION)
    throw new RaftError(
      "FormatUnknown",
      "refused",
      `The client speaks versions ${lowest} to ${highest} of the client protocol, this node version ${DOOR_VERSION}; use a client of its release.`,
    );
  return {
    credentials: typeof user === "string" && typeof password === "string" ? { user, password } : undefined,
    group: typeof group === "string" ? group : undefined,
  };
}

/** What a node answers; sessions and group grew at the tail (T09). */
export const layOutWelcome = ({ nodeId, leader, clusterId, sessions = false, group = "" }: Welcome): Buffer =>
  layOutArray(FrameKind.welcome, [DOOR_VERSION, nodeId, leader, clusterId, sessions, group]);

/** Q08: what a node has shown until now, before the answers that show it. */
export const layOutToken = (token: string): Buffer => layOutArray(FrameKind.token, [token]);

/** Reads it again. @throws RaftError `BadMessage` */
export function readToken(frame: Uint8Array): string {
  const [token] = readArray(frame);
  if (typeof token !== "string") throw malformed("a read token that is no text");
  return token;
}

/** The last thing that a node says: why, and a code for programs if there is one. */
export const layOutGoodbye = (reason: string, code = ""): Buffer =>
  layOutArray(FrameKind.goodbye, [reason.slice(0, 1_000), code]);

/** Reads a welcome. @throws RaftError `BadMessage` */
export function readWelcome(frame: Uint8Array): Welcome {
  if (frame[0] !== FrameKind.welcome) throw malformed("no client port of a hexraft node answers here");
  const [version, nodeId, leader, clusterId, sessions, group] = readArray(frame);
  if (
    version !== DOOR_VERSION ||
    typeof nodeId !== "string" ||
    typeof leader !== "string" ||
    typeof clusterId !== "string"
  )
    throw malformed("the node's welcome does not fit this version");
  return { nodeId, leader, clusterId, sessions: sessions === true, group: typeof group === "string" ? group : "" };
}

/** Reads a goodbye. @throws RaftError `BadMessage` */
export function readGoodbye(frame: Uint8Array): { readonly reason: string; readonly code: string } {
  const [reason, code] = readArray(frame);
  return { reason: String(reason), code: typeof code === "string" ? code : "" };
}

/** Lays out why a request was not done: code, words, and the leader to ask instead (empty: none known). */
export const layOutError = (code: string, message: string, leader: string): Uint8Array =>
  packArray([code, message, leader]);

/** Reads it again. @throws RaftError `BadMessage` */
export function readError(bytes: Uint8Array): {
  readonly code: string;
  readonly message: string;
  readonly leader: string;
} {
  const [code, message, leader] = fieldsOf(bytes);
  if (typeof code !== "string" || typeof message !== "string" || typeof leader !== "string")
    throw malformed("an error answer does not fit this version");
  return { code, message, leader };
}

function readArray(frame: Uint8Array): readonly unknown[] {
  return fieldsOf(frame.subarray(BODY_AT));
}

function fieldsOf(bytes: Uint8Array): readonly unknown[] {
  const fields = unpackArray(bytes, ARRAY_LIMITS);
  if (!Array.isArray(fields)) throw malformed("an array was expected");
  return fields;
}

function layOutArray(kind: number, fields: readonly unknown[]): Buffer {
  const bytes = packArray(fields);
  const out = Buffer.allocUnsafe(HEAD_BYTES + bytes.length);
  out.writeUInt32LE(BODY_AT + bytes.length, 0);
  out[LENGTH_BYTES] = kind;
  out.set(bytes, HEAD_BYTES);
  return out;
}
