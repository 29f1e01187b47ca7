import {
  type Configuration,
  type ConfigurationEntry,
  configurationFault,
  MEMBERS_MAX,
  type Member,
  NO_CONFIGURATION,
} from "./configuration.js";
import { RaftError } from "./errors.js";
import { TERM_MAX } from "./log-id.js";
import { isIncarnation, isName, type NodeId } from "./node-id.js";
import { sharedNames } from "./shared-names.js";
import { SharedValues } from "./shared-values.js";

/*
 * Bytes of a configuration, in log entries and snapshots (format 1, little-endian; names and addresses are ASCII):
 *
 *   0  u8 version 1   1  u8 reserved, 0   2  u16 members
 *   then per member, in order:
 *      u8 part (bit 0 voter, 1 voter of C-old, 2 learner, 3 learner next, 4 witness; 5–7 are 0)
 *      u8 priority   8 bytes incarnation   u8 length, id   u8 length, address
 *
 * Bytes of a configuration entry: u64 index, u64 term, and the configuration up to the end.
 *
 * Every replica must read the same members out of the same bytes, or two of them would count different majorities. So
 * nothing is ever skipped: bytes behind the last member are damage, and an unknown version is refused, not guessed.
 */
const VERSION = 1;
const HEADER_BYTES = 4;
const ENTRY_ID_BYTES = 16;
const INCARNATION_BYTES = 8;
/** Part, priority, incarnation, two lengths. */
const MEMBER_FIXED_BYTES = 1 + 1 + INCARNATION_BYTES + 1 + 1;
const PARTS = ["voters", "votersOld", "learners", "learnersNext", "witnesses"] as const;
/** Names and addresses of members: a thousand groups have the same. */
const TEXTS = new SharedValues<string>();
const ADDRESS = /^[\x21-\x7e]{1,255}$/;

/** Whether `text` may be a member's address: 1–255 printable ASCII characters, no blank. */
export const isAddress = (text: unknown): text is string => typeof text === "string" && ADDRESS.test(text);

/**
 * The bytes of a configuration, as a configuration entry of the log carries them. The order of members is kept; the
 * lists of voters, learners and witnesses come back in that order, whatever order they had.
 *
 * @throws RaftError `ChangeRefused` if it is no configuration, naming the rule it breaks (M08).
 */
export function encodeConfiguration(configuration: Configuration): Uint8Array {
  const fault = configurationFault(configuration) ?? membersFault(configuration.members);
  if (fault !== undefined) throw refused(fault);
  return layDown(configuration, 0);
}

/**
 * Reads a configuration entry's payload.
 *
 * @throws RaftError `FormatUnknown` for another version, `Damaged` for anything else that is not exactly one configuration.
 */
export function decodeConfiguration(bytes: Uint8Array): Configuration {
  const configuration = readFrom(bytes, 0);
  const fault = configurationFault(configuration);
  if (fault !== undefined) throw damaged(fault);
  return configuration;
}

/**
 * The bytes of a configuration with its place in the log, for snapshots. Only the entry of index 0, which stands for
 * "none has come yet", may be empty.
 *
 * @throws RaftError `ChangeRefused` if it is no configuration, or no place in a log.
 */
export function encodeConfigurationEntry(entry: ConfigurationEntry): Uint8Array {
  const fault = entryFault(entry) ?? membersFault(entry.configuration.members);
  if (fault !== undefined) throw refused(fault);
  const bytes = layDown(entry.configuration, ENTRY_ID_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(entry.id.index), true);
  view.setBigUint64(8, BigInt(entry.id.term), true);
  return bytes;
}

/**
 * Reads what {@link encodeConfigurationEntry} wrote.
 *
 * @throws RaftError `FormatUnknown` or `Damaged`, as {@link decodeConfiguration}.
 */
export function decodeConfigurationEntry(bytes: Uint8Array): ConfigurationEntry {
  if (bytes.length < ENTRY_ID_BYTES) throw damaged("ends before its index and term");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const index = Number(view.getBigUint64(0, true));
  const term = Number(view.getBigUint64(8, true));
  const entry = { id: { index, term }, configuration: readFrom(bytes, ENTRY_ID_BYTES) };
  const fault = entryFault(entry);
  if (fault !== undefined) throw damaged(fault);
  return entry;
}

/** Bytes of the configuration behind `offset` bytes left free. */
function layDown(configuration: Configuration, offset: number): Uint8Array {
  let size = offset + HEADER_BYTES;
  for (const { id, address } of configuration.members) size += MEMBER_FIXED_BYTES + id.length + address.length;
  const bytes = new Uint8Array(size);
  bytes[offset] = VERSION;
  bytes[offset + 2] = configuration.members.length; // at most 255: the u16's high byte stays 0
  const parts = PARTS.map((part) => new Set(configuration[part]));
  let at = offset + HEADER_BYTES;
  for (const member of configuration.members) {
    bytes[at] = parts.reduce((flags, ids, bit) => (ids.has(member.id) ? flags | (1 << bit) : flags), 0);
    bytes[at + 1] = member.priority;
    for (let i = 0; i < INCARNATION_BYTES; i++)
      bytes[at + 2 + i] = Number.parseInt(member.incarnation.slice(2 * i, 2 * i + 2), 16);
    at = putText(bytes, at + 2 + INCARNATION_BYTES, member.id);
    at = putText(bytes, at, member.address);
  }
  return bytes;
}

function putText(bytes: Uint8Array, at: number, text: string): number {
  bytes[at] = text.length;
  for (let i = 0; i < text.length; i++) bytes[at + 1 + i] = text.charCodeAt(i);
  return at + 1 + text.length;
}

/** What the bytes from `offset` to their end say; every length is held against the bytes there before it is used. */
function readFrom(bytes: Uint8Array, offset: number): Configuration {
  if (bytes.length < offset + HEADER_BYTES) throw damaged("ends before its header");
  const version = bytes[offset];
  if (version !== VERSION)
    throw new RaftError(
      "FormatUnknown",
      "refused",
      `a configuration has format ${version}, and this release reads format ${VERSION}; start a newer release on this node`,
    );
  const count = (bytes[offset + 2] as number) | ((bytes[offset + 3] as number) << 8);
  if (bytes[offset + 1] !== 0) throw damaged("has a reserved byte set");
  if (count > MEMBERS_MAX) throw damaged(`has ${count} members; at most ${MEMBERS_MAX} are allowed`);
  const members: Member[] = [];
  const parts: number[] = [];
  let at = offset + HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    if (at + MEMBER_FIXED_BYTES > bytes.length) throw damaged(`ends inside member ${i}`);
    const flags = bytes[at] as number;
    if (flags >= 1 << PARTS.length) throw damaged(`member ${i} has unknown flags ${flags}`);
    const priority = bytes[at + 1] as number;
    const incarnation = hex(bytes, at + 2);
    const id = textAt(bytes, at + 2 + INCARNATION_BYTES, i);
    const address = textAt(bytes, at + 2 + INCARNATION_BYTES + 1 + id.length, i);
    at += MEMBER_FIXED_BYTES + id.length + address.length;
    members.push({ id, incarnation, address, priority });
    parts.push(flags);
  }
  if (at !== bytes.length) throw damaged(`has ${bytes.length - at} bytes behind its last member`);
  const fault = membersFault(members);
  if (fault !== undefined) throw damaged(fault);
  if (count === 0) return NO_CONFIGURATION;
  // Lists are no longer than they need to be, and those of the same names are one: a process may hold thousands (G02).
  const having = (part: (typeof PARTS)[number]): readonly NodeId[] => {
    const ids = members.filter((_, i) => ((parts[i] as number) & (1 << PARTS.indexOf(part))) !== 0).map(({ id }) => id);
    return ids.length === 0 ? NO_CONFIGURATION[part] : sharedNames(ids);
  };
  return {
    members: members.slice(),
    voters: having("voters"),
    votersOld: having("votersOld"),
    learners: having("learners"),
    learnersNext: having("learnersNext"),
    witnesses: having("witnesses"),
  };
}

const DIGITS = Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

/** In one piece, as all names: one that was put together keeps its parts, in each of thousands of groups (G02). */
function hex(bytes: Uint8Array, at: number): string {
  const digits: number[] = [];
  for (const byte of bytes.subarray(at, at + INCARNATION_BYTES))
    digits.push(DIGITS[byte >> 4] as number, DIGITS[byte & 15] as number);
  return String.fromCharCode(...digits);
}

function textAt(bytes: Uint8Array, at: number, member: number): string {
  const end = at + 1 + (bytes[at] ?? 0);
  if (end > bytes.length) throw damaged(`ends inside member ${member}`);
  const text = String.fromCharCode(...bytes.subarray(at + 1, end));
  return TEXTS.of(text, text);
}

function membersFault(members: readonly Member[]): string | undefined {
  for (const { id, incarnation, address, priority } of members) {
    if (!isName(id)) return "has a member whose id is not 1–64 characters of A–Z a–z 0–9 . _ -";
    if (!isIncarnation(incarnation)) return `gives ${id} an incarnation that is not 16 hexadecimal digits`;
    if (!isAddress(address)) return `gives ${id} an address that is not 1–255 printable ASCII characters`;
    if (!Number.isInteger(priority) || priority < 0 || priority > 255)
      return `gives ${id} the priority ${priority}; it must be a whole number from 0 to 255`;
  }
  return undefined;
}

function entryFault({ id, configuration }: ConfigurationEntry): string | undefined {
  if (!Number.isSafeInteger(id.index) || id.index < 0) return `stands at index ${id.index}`;
  if (!Number.isSafeInteger(id.term) || id.term < 0 || id.term > TERM_MAX) return `stands in term ${id.term}`;
  return id.index === 0 && configuration.members.length === 0 ? undefined : configurationFault(configuration);
}

const refused = (fault: string) => new RaftError("ChangeRefused", "refused", `the configuration ${fault}`);
const damaged = (fault: string) => new RaftError("Damaged", "refused", `the bytes of a configuration: it ${fault}`);
