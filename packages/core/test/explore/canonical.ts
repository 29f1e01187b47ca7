import type { Configuration } from "../../src/model/configuration.js";
import { decodeConfiguration } from "../../src/model/configuration-layout.js";
import { EntryType, LogBlock } from "../../src/model/log-block.js";
import { Fifo } from "../../src/protocol/fifo.js";
import { Peers } from "../../src/protocol/peers.js";
import { incarnationOf, type LabNode, T } from "../support/lab.js";

/** New names of the nodes, and of all that derives from them. */
export type Labels = ReadonlyMap<string, string>;

/** A way to rename the nodes among each other. */
export interface Renaming {
  readonly labels: Labels;
  /** Positions of the nodes, in the order of their new names. */
  readonly order: readonly number[];
}

/** All ways there are; the first changes nothing. */
export function renamings(ids: readonly string[]): Renaming[] {
  return permutations(ids).map((renamed) => ({
    labels: labelsOf(ids, (_, at) => renamed[at] as string),
    order: ids.map((id) => renamed.indexOf(id)),
  }));
}

/** The node's own view, in which nobody has a name. */
export const anonymous = (ids: readonly string[], self: string): Labels =>
  labelsOf(ids, (id) => (id === self ? "self" : "other"));

const labelsOf = (ids: readonly string[], nameOf: (id: string, at: number) => string): Labels =>
  new Map(
    ids.flatMap((id, at) =>
      [id, incarnationOf(id), `${id}/${incarnationOf(id)}`].map((name) => [name, `<${nameOf(id, at)}>`]),
    ),
  );

function permutations(items: readonly string[]): string[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

/**
 * What never decides anything within a scope: who the node is (its name is beside it), rules that are the same for all and
 * stay, and the members that all begin with; counters for people; sizes, since no bound is ever reached; log time; the present instant.
 */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "now",
  "seen",
  "identity",
  "options",
  "quorum",
  "membership",
  "generations",
  "dropped",
  "unapplied",
  "cachedBytes",
  "cacheBytesMax",
  "unappliedBytes",
  "bytesSinceSnapshot",
  "bytesInFlight",
  "bytesAppended",
  "keptSinceBytes",
  "bytes",
  // All priorities are equal, and no disk loses anything.
  "emptyWaits",
  "contactBeforeWait",
  "answeredInStart",
  "ackedInStart",
  "lastLogTimeMs",
  "logTimeMovedAt",
  // Q05, Q08: only reads by a lease or of a bounded age look at these, and no scope has any.
  "lease",
  "freshness",
  "standing",
  "answeredRoundInStart",
  // G02: nobody rests in a scope.
  "mayRest",
  "rest",
  "stirredAt",
  "wokeAt",
  // Numbers of writes are told as how many came after, and the outbox by what is pending in it.
  "writeNumber",
]);

/** Instants. Time passes by 3 T at once, so that each is either now or too long ago for whatever looks at it. */
const INSTANTS: ReadonlySet<string> = new Set([
  "leaderContactAt",
  "waitStartedAt",
  "heardAt",
  "waitingSince",
  "progressAt",
  "sentAt",
  "roundBegan",
  "tellUntil",
]);

/** Lists that stand for sets: the order in which nodes were first heard of decides nothing. */
const UNORDERED: ReadonlySet<string> = new Set(["starts"]);

interface Teller {
  readonly labels: Labels;
  readonly now: number;
  readonly writeNumber: number;
}

/** Everything about a node that decides what it will do, with its disk; no timers, times or generations in it. */
export function textOfNode(node: LabNode, now: number, writeNumber: number, labels: Labels): string {
  const { timers, ...rest } = node;
  return `${[...timers.keys()].toSorted().join()}|${tell(rest, { labels, now, writeNumber })}`;
}

/** A message with its envelope. */
export const textOfMessage = (envelope: object, labels: Labels): string =>
  tell(envelope, { labels, now: 0, writeNumber: 0 });

function tell(value: unknown, teller: Teller): string {
  if (typeof value === "string") return teller.labels.get(value) ?? renamed(value, teller.labels);
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof LogBlock) return tellBlock(value, teller.labels);
  if ("votersOld" in value) return membersIn(value as Configuration, teller.labels);
  if (value instanceof Fifo) return tell([...value], teller);
  if (value instanceof Peers) return tell(new Set(value.values()), teller);
  if (Array.isArray(value)) return `[${value.map((item) => tell(item, teller)).join()}]`;
  if (value instanceof Map)
    return `{${Array.from(value, ([key, item]) => `${tell(key, teller)}:${tell(item, teller)}`)
      .toSorted()
      .join()}}`;
  if (value instanceof Set)
    return `{${Array.from(value, (item) => tell(item, teller))
      .toSorted()
      .join()}}`;
  return tellProperties(value as Record<string, unknown>, teller);
}

function tellProperties(value: Record<string, unknown>, teller: Teller): string {
  let text = "(";
  for (const name of Object.keys(value)) {
    if (LEFT_OUT.has(name)) continue;
    const item = value[name];
    if (name === "outbox") text += `${tellOutbox(item as Numbered, teller)},`;
    else if (isWriteNumber(name, value)) text += `#${teller.writeNumber - (item as number)},`;
    else if (UNORDERED.has(name) && Array.isArray(item)) text += `${tell(new Set<unknown>(item), teller)},`;
    else if (INSTANTS.has(name)) text += `${teller.now - (item as number) < T ? "now" : "past"},`;
    else text += `${tell(item, teller)},`;
  }
  return `${text})`;
}

/** Of a write, or of the write that an install waits for; transfers have numbers, too, that mean something to others. */
const isWriteNumber = (name: string, owner: Record<string, unknown>): boolean =>
  (name === "number" && ("then" in owner || "lastDurable" in owner)) || (name === "write" && owner.write !== 0);

interface Numbered {
  readonly hardStateWrite: number;
  readonly persistedUpTo: number;
  readonly silent: boolean;
}

/** Between two steps an outbox is empty; what it remembers is which write under way holds a hard state. */
function tellOutbox({ hardStateWrite, persistedUpTo, silent }: Numbered, { writeNumber }: Teller): string {
  return `${silent}/${hardStateWrite > persistedUpTo ? writeNumber - hardStateWrite : "-"}`;
}

function tellBlock(block: LogBlock, labels: Labels): string {
  let text = `${block.first}t${block.term}`;
  for (let index = block.first; index <= block.last; index++) text += `.${entryText(block, index, labels)}`;
  return text;
}

/** What an entry says. */
export function entryText(block: LogBlock, index: number, labels?: Labels): string {
  const type = block.typeAt(index);
  if (type === EntryType.configuration) return membersIn(decodeConfiguration(block.payloadAt(index)), labels);
  return type === EntryType.command ? String.fromCharCode(...block.payloadAt(index)) : "begin";
}

/** Who votes, in each half, and who learns: `{abc>bcd}` is joint, `{>abc~d}` is not. */
function membersIn({ voters, votersOld, learners }: Configuration, labels?: Labels): string {
  const learning = learners.length > 0 ? `~${named(learners, labels)}` : "";
  return `{${named(votersOld, labels)}>${named(voters, labels)}${learning}}`;
}

const named = (ids: readonly string[], labels?: Labels): string =>
  ids
    .map((id) => labels?.get(id) ?? id)
    .toSorted()
    .join("");

/** Whether an entry, as said by {@link entryText}, is one that a machine applies without a word: members, or a beginning. */
export const isSilent = (text: string): boolean => text === "begin" || text.startsWith("{");

/** The same entry where the nodes, one letter each, have other names. */
export const renamed = (entry: string, labels: Labels | undefined): string =>
  labels === undefined || !entry.includes("{")
    ? entry
    : entry.replace(/(?<=\{.*)[a-z]+/g, (ids) => named(ids.split(""), labels));
