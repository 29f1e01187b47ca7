import { decodeConfigurationEntry, encodeConfigurationEntry } from "./configuration-layout.js";
import { RaftError } from "./errors.js";
import { badMessage, FieldReader } from "./field-reader.js";
import { type LogBlock, PAYLOAD_BYTES_LIMIT } from "./log-block.js";
import { type LogId, type LogIndex, TERM_MAX, type Term } from "./log-id.js";
import {
  blocksOf,
  type Envelope,
  type Heartbeat,
  type HeartbeatResponse,
  type InstallSnapshot,
  JOINED_MAX,
  type JoinedHeartbeat,
  type Message,
  type MessageType,
  type WokenGroup,
} from "./message.js";
import { isName } from "./node-id.js";
import type { SnapshotMeta } from "./snapshot-meta.js";

/*
 * Messages as positional arrays, for every transport (format 1):
 *
 *   [code, group, from, fromIncarnation, startNumber, recoveryNumber, to, toIncarnation, body]
 *
 * `body` is a flat array as LAYOUTS has it. Codes and positions never change meaning; both arrays grow at their tail
 * only (T09). Blocks travel beside the array: AppendEntries only says how many there are and of how many bytes together.
 * Nothing here trusts the other side: what `fromArray` hands out has been checked to the last element.
 */

/** Most characters of the reason in a ProposeResponse; what is longer is cut. */
export const REASON_CHARACTERS_MAX = 1_024;
/** Most bytes of a configuration entry: 255 members of 331 bytes, and what stands before them. */
const CONFIGURATION_BYTES_MAX = 2 ** 17;

const NO_BYTES = new Uint8Array(0);
const STATUSES = ["send", "done", "failed"] as const;
const OUTCOMES = ["ok", "refused", "unknown"] as const;
const isCode = (text: string) => /^[A-Za-z]{0,32}$/.test(text);
const isReason = (text: string) => text.length <= REASON_CHARACTERS_MAX;

interface Layout<M extends Message> {
  /** The message's number on the wire, for ever. */
  readonly code: number;
  /** T09: the version of the protocol that it came with; absent: the first. */
  readonly since?: number;
  /** Its body. */
  readonly write: (message: M) => unknown[];
  /** Its body again; `blocks` came beside it. */
  readonly read: (fields: FieldReader, blocks: readonly LogBlock[]) => Omit<M, "type">;
}
type Layouts = { readonly [T in MessageType]: Layout<Extract<Message, { type: T }>> };

const LAYOUTS: Layouts = {
  PreVoteRequest: {
    code: 1,
    write: ({ term, round, last }) => [term, round, last.index, last.term],
    read: (fields) => ({ term: fields.term(), round: fields.count("round"), last: fields.logId("last") }),
  },
  PreVoteResponse: {
    code: 2,
    write: ({ term, round, granted }) => [term, round, granted],
    read: (fields) => ({ term: fields.term(), round: fields.count("round"), granted: fields.flag("granted") }),
  },
  VoteRequest: {
    code: 3,
    write: ({ term, last, transfer }) => [term, last.index, last.term, transfer],
    read: (fields) => ({ term: fields.term(), last: fields.logId("last"), transfer: fields.flag("transfer", false) }),
  },
  VoteResponse: {
    code: 4,
    write: ({ term, granted }) => [term, granted],
    read: (fields) => ({ term: fields.term(), granted: fields.flag("granted") }),
  },
  AppendEntries: {
    code: 5,
    write: ({ term, prev, commit, blocks }) => [term, prev.index, prev.term, commit, blocks.length, sizeOf(blocks)],
    read: (fields, blocks) => {
      const head = { term: fields.term(), prev: fields.logId("prev"), commit: fields.index("commit") };
      const count = fields.count("block count");
      const sizeBytes = fields.count("block bytes");
      checkBlocks("AppendEntries", head.term, head.prev, blocks, count, sizeBytes);
      return { ...head, blocks };
    },
  },
  AppendEntriesResponse: {
    code: 6,
    write: (m) => {
      const said = [m.term, m.success, m.match, m.prevIndex, m.hintIndex, m.hintTerm, m.last, m.needsSnapshot];
      if (m.forgottenUpTo !== undefined) return [...said, Number(m.isWitness === true), m.forgottenUpTo];
      return m.isWitness === true ? [...said, 1] : said;
    },
    read: (fields) => {
      const said = {
        term: fields.term(),
        success: fields.flag("success"),
        match: fields.index("match"),
        prevIndex: fields.index("prev index"),
        hintIndex: fields.index("hint index"),
        hintTerm: fields.term("hint term"),
        last: fields.index("last"),
        needsSnapshot: fields.index("needs snapshot", 0),
      };
      const isWitness = fields.count("witness", 0) > 0;
      return { ...said, ...(isWitness && { isWitness }), ...readForgotten(fields) };
    },
  },
  Heartbeat: {
    code: 7,
    write: ({ term, commit, round, standing }) => [
      term,
      commit,
      round,
      ...(standing === undefined
        ? []
        : [standing.answeredRound, standing.answeredInStart, standing.ageMs, standing.commit]),
    ],
    read: (fields) => {
      const head = { term: fields.term(), commit: fields.index("commit"), round: fields.count("round") };
      const answeredRound = fields.count("answered round", 0);
      const answeredInStart = fields.count("answered in start", 0);
      const ageMs = fields.count("age", 0);
      const commit = fields.index("leader's commit", 0);
      return answeredRound === 0 ? head : { ...head, standing: { answeredRound, answeredInStart, ageMs, commit } };
    },
  },
  HeartbeatResponse: {
    code: 8,
    write: (m) => [m.term, m.round, m.last, m.needsSnapshot, ...writeForgotten(m)],
    read: (fields) => ({
      term: fields.term(),
      round: fields.count("round"),
      last: fields.index("last"),
      needsSnapshot: fields.index("needs snapshot", 0),
      ...readForgotten(fields),
    }),
  },
  InstallSnapshot: { code: 9, write: writeInstallSnapshot, read: readInstallSnapshot },
  InstallSnapshotResponse: {
    code: 10,
    write: ({ term, transfer, status, offset, match }) => [term, transfer, STATUSES.indexOf(status), offset, match],
    read: (fields) => ({
      term: fields.term(),
      transfer: fields.count("transfer"),
      status: fields.oneOf("status", STATUSES),
      offset: fields.count("offset"),
      match: fields.index("match"),
    }),
  },
  TimeoutNow: {
    code: 11,
    write: ({ term, last }) => [term, last.index, last.term],
    read: (fields) => ({ term: fields.term(), last: fields.logId("last") }),
  },
  Propose: {
    code: 12,
    write: ({ forTerm, request, payload }) => [forTerm, request, payload],
    read: (fields) => ({
      forTerm: fields.term("term meant"),
      request: fields.count("request"),
      payload: fields.bytes("payload", PAYLOAD_BYTES_LIMIT),
    }),
  },
  ProposeResponse: {
    code: 13,
    write: ({ request, outcome, code, reason, result, applied }) => [
      request,
      OUTCOMES.indexOf(outcome),
      code,
      sendable(reason),
      result,
      ...(applied === undefined ? [] : [applied]),
    ],
    read: (fields) => {
      const answer = {
        request: fields.count("request"),
        outcome: fields.oneOf("outcome", OUTCOMES),
        code: fields.text("code", isCode, "must be at most 32 letters", ""),
        reason: fields.text("reason", isReason, `must be at most ${REASON_CHARACTERS_MAX} characters`, ""),
        result: fields.bytes("result", PAYLOAD_BYTES_LIMIT, NO_BYTES),
      };
      const applied = fields.index("applied", 0);
      return applied === 0 ? answer : { ...answer, applied };
    },
  },
  ReadIndex: {
    code: 14,
    write: ({ request }) => [request],
    read: (fields) => ({ request: fields.count("request") }),
  },
  ReadIndexResponse: {
    code: 15,
    write: ({ request, confirmed, index }) => [request, confirmed, index],
    read: (fields) => ({
      request: fields.count("request"),
      confirmed: fields.flag("confirmed"),
      index: fields.index("index"),
    }),
  },
  Removed: {
    code: 16,
    write: ({ configurationIndex, id, incarnation }) => [configurationIndex, id, incarnation],
    read: (fields) => ({
      configurationIndex: fields.index("configuration index"),
      id: fields.name("id"),
      incarnation: fields.incarnation("incarnation"),
    }),
  },
  RepairRequest: {
    code: 17,
    since: 2,
    write: ({ first, last }) => [first, last],
    read: (fields) => rangeOf(fields),
  },
  RepairResponse: {
    code: 18,
    since: 2,
    write: ({ first, last, prevTerm, nextTerm, leaderTerm, commit, base, blocks }) => [
      first,
      last,
      prevTerm,
      nextTerm,
      leaderTerm,
      commit,
      base,
      blocks.length,
      sizeOf(blocks),
    ],
    read: (fields, blocks) => {
      const head = {
        ...rangeOf(fields),
        prevTerm: fields.term("term before"),
        nextTerm: fields.term("term after"),
        leaderTerm: fields.term("leader's term"),
        commit: fields.index("commit"),
        base: fields.index("base"),
      };
      const count = fields.count("block count");
      const sizeBytes = fields.count("block bytes");
      const prev = { index: head.first - 1, term: head.prevTerm };
      checkBlocks("RepairResponse", TERM_MAX, prev, blocks, count, sizeBytes);
      if ((blocks.at(-1)?.last ?? 0) > head.last) throw badMessage("RepairResponse holds more than was asked for");
      return { ...head, blocks };
    },
  },
  RestOffer: {
    code: 19,
    since: 2,
    write: ({ term, commit, round, version }) => [term, commit, round, version],
    read: (fields) => ({
      term: fields.term(),
      commit: fields.index("commit"),
      round: fields.count("round"),
      version: fields.count("version"),
    }),
  },
  RestAnswer: {
    code: 20,
    since: 2,
    write: ({ term, round, rests }) => [term, round, rests],
    read: (fields) => ({ term: fields.term(), round: fields.count("round"), rests: fields.flag("rests") }),
  },
  ProcessBeat: {
    code: 21,
    since: 2,
    write: ({ version, since, woken, held, heldStart }) => [
      version,
      since,
      held,
      heldStart,
      woken === null,
      wokenText(woken ?? []),
    ],
    read: (fields) => {
      const head = { version: fields.count("version"), since: fields.count("since") };
      const held = { held: fields.count("held"), heldStart: fields.count("held start") };
      const isUntold = fields.flag("woken untold");
      const rule = `must be at most ${WOKEN_NAMED_MAX} names, each with a version`;
      const woken = wokenIn(fields.text("woken groups", (list) => wokenIn(list).every(isWoken), rule));
      return { ...head, ...held, woken: isUntold ? null : woken };
    },
  },
  JoinedHeartbeats: {
    code: 22,
    since: 2,
    write: ({ heartbeats }) => [heartbeats.length, ...heartbeats.map(writeJoined)],
    read: (fields) => ({
      heartbeats: Array.from({ length: fields.whole("heartbeats", 1, JOINED_MAX) }, () =>
        readJoined(new FieldReader(fields.nested("heartbeat"), "a joined heartbeat")),
      ),
    }),
  },
};

const JOINED_TYPES = ["Heartbeat", "HeartbeatResponse"] as const;

function writeJoined({ group, fromIncarnation, recoveryNumber, toIncarnation, message }: JoinedHeartbeat): unknown[] {
  const { write } = LAYOUTS[message.type] as Layout<Message>;
  const type = JOINED_TYPES.indexOf(message.type);
  return [group, fromIncarnation, recoveryNumber, toIncarnation, type, ...write(message)];
}

function readJoined(fields: FieldReader): JoinedHeartbeat {
  const head = {
    group: fields.name("group"),
    fromIncarnation: fields.incarnation("sender's incarnation"),
    recoveryNumber: fields.count("recovery number"),
    toIncarnation: fields.incarnation("receiver's incarnation"),
  };
  const type = fields.oneOf("type", JOINED_TYPES);
  const message = { type, ...LAYOUTS[type].read(fields, []) } as Heartbeat | HeartbeatResponse;
  fields.end();
  return { ...head, message };
}

/** G02: most groups that one beat names; of more than that the receiver wakes all. */
export const WOKEN_NAMED_MAX = 128;

/** As text, `name/version` with commas between: an array in an array in an array is as deep as a frame goes. */
const wokenText = (woken: readonly WokenGroup[]): string =>
  woken.map(({ group, version }) => `${group}/${version}`).join(",");

function wokenIn(list: string): readonly WokenGroup[] {
  if (list === "") return [];
  return list.split(",", WOKEN_NAMED_MAX + 1).map((text) => {
    const [group = "", version = ""] = text.split("/", 2);
    return { group, version: /^[0-9]{1,16}$/.test(version) ? Number(version) : -1 };
  });
}

const isWoken = ({ group, version }: WokenGroup, at: number): boolean =>
  isName(group) && Number.isSafeInteger(version) && version >= 0 && at < WOKEN_NAMED_MAX;

/** Number of every message on the wire: they never change. */
export const MESSAGE_CODES = Object.fromEntries(
  Object.entries(LAYOUTS).map(([type, { code }]) => [type, code]),
) as Readonly<Record<MessageType, number>>;

/** T09: the version of the protocol that a message came with: a peer that speaks an older one is not sent it. */
export const versionOf = (type: MessageType): number => LAYOUTS[type].since ?? 1;

const TYPE_OF_CODE = new Map(Object.entries(MESSAGE_CODES).map(([type, code]) => [code, type as MessageType]));

/** The envelope as an array of strings, whole numbers, flags, bytes and one nested array; its blocks are not in it. */
export function toArray(envelope: Envelope): unknown[] {
  const { group, from, fromIncarnation, startNumber, recoveryNumber, to, toIncarnation, message } = envelope;
  const { code, write } = LAYOUTS[message.type] as Layout<Message>;
  return [code, group, from, fromIncarnation, startNumber, recoveryNumber, to, toIncarnation, write(message)];
}

/**
 * The envelope again, out of an array that came from outside, and the blocks that came with it.
 *
 * @throws RaftError `BadMessage`, naming the element that breaks its rule.
 */
export function fromArray(array: unknown, blocks: readonly LogBlock[]): Envelope {
  const fields = new FieldReader(array, "an envelope");
  const type = TYPE_OF_CODE.get(fields.count("code"));
  if (type === undefined) throw badMessage("its code is unknown");
  const header = {
    group: fields.name("group"),
    from: fields.name("from"),
    fromIncarnation: fields.incarnation("sender's incarnation"),
    startNumber: fields.whole("start number", 1, Number.MAX_SAFE_INTEGER),
    recoveryNumber: fields.count("recovery number"),
    to: fields.name("to"),
    toIncarnation: fields.incarnation("receiver's incarnation"),
  };
  const body = new FieldReader(fields.nested("body"), `the body of ${type}`);
  fields.end();
  if (header.from === header.to) throw badMessage(`${header.from} says it to itself`);
  const message = { type, ...LAYOUTS[type].read(body, blocks) } as Message;
  if (blocks.length > blocksOf(message).length) throw badMessage(`${type} came with blocks`);
  body.end();
  return { ...header, message };
}

/**
 * §5.3: what follows prev follows it without a gap, terms never fall, and no entry is younger than its leader. A leader
 * that breaks this would put a log into its followers that no leader can ever have had.
 */
function checkBlocks(
  type: MessageType,
  term: Term,
  prev: LogId,
  blocks: readonly LogBlock[],
  count: number,
  sizeBytes: number,
): void {
  if (blocks.length !== count) throw badMessage(`${type} announces ${count} blocks, and ${blocks.length} came`);
  let index = prev.index;
  let before = prev.term;
  let bytes = 0;
  for (const block of blocks) {
    if (block.first !== index + 1)
      throw badMessage(`a block begins at ${block.first}, and the one before ends at ${index}`);
    if (block.term < before) throw badMessage(`a block of term ${block.term} follows term ${before}`);
    index = block.last;
    before = block.term;
    bytes += block.sizeBytes;
  }
  if (before > term) throw badMessage(`${type} of term ${term} holds an entry of term ${before}`);
  if (bytes !== sizeBytes) throw badMessage(`${type} announces ${sizeBytes} bytes of blocks, and ${bytes} came`);
}

const sizeOf = (blocks: readonly LogBlock[]): number => blocks.reduce((sum, block) => sum + block.sizeBytes, 0);

/** The entries that a repair is about: at least one. */
function rangeOf(fields: FieldReader): { readonly first: number; readonly last: number } {
  const first = fields.whole("first", 1, Number.MAX_SAFE_INTEGER);
  return { first, last: fields.whole("last", first, Number.MAX_SAFE_INTEGER - 1) };
}

function writeInstallSnapshot({ term, transfer, meta }: InstallSnapshot): unknown[] {
  const { id, configuration, logTimeMs, formatVersion, sizeBytes, checksum } = meta;
  const members = encodeConfigurationEntry(configuration);
  return [term, transfer, id.index, id.term, members, Math.floor(logTimeMs), formatVersion, sizeBytes, checksum];
}

function readInstallSnapshot(fields: FieldReader): Omit<InstallSnapshot, "type"> {
  const head = { term: fields.term(), transfer: fields.count("transfer") };
  const id = fields.logId("snapshot");
  const meta: SnapshotMeta = {
    id,
    configuration: configurationIn(fields.bytes("configuration", CONFIGURATION_BYTES_MAX)),
    logTimeMs: fields.count("log time"),
    formatVersion: fields.whole("format version", 1, Number.MAX_SAFE_INTEGER),
    sizeBytes: fields.count("size"),
    checksum: fields.whole("checksum", 0, 2 ** 32 - 1),
  };
  // S01: a configuration above the snapshot's index may yet be undone by a truncation, so no snapshot carries one.
  if (meta.configuration.id.index > id.index) throw badMessage("a snapshot's configuration lies above its index");
  return { ...head, meta };
}

function configurationIn(bytes: Uint8Array): SnapshotMeta["configuration"] {
  try {
    return decodeConfigurationEntry(bytes);
  } catch (error) {
    throw badMessage(error instanceof RaftError ? error.message : "its configuration cannot be read");
  }
}

/** A reason may come from an application's own error: cut to its bound, and without halves of characters, which no UTF-8 holds. */
function sendable(reason: string): string {
  return reason.slice(0, REASON_CHARACTERS_MAX).replace(/\p{Surrogate}/gu, "\uFFFD");
}

/** L03; older neighbours send none, and pass it over. */
const writeForgotten = ({ forgottenUpTo }: { readonly forgottenUpTo?: LogIndex }): LogIndex[] =>
  forgottenUpTo === undefined ? [] : [forgottenUpTo];

function readForgotten(fields: FieldReader): { readonly forgottenUpTo?: LogIndex } {
  const forgottenUpTo = fields.index("forgotten up to", 0);
  return forgottenUpTo === 0 ? {} : { forgottenUpTo };
}
