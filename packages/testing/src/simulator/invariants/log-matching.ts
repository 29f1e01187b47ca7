import type { Configuration, LogId, LogIndex, LogWrite, NodeId, Term } from "@hexraft/core/ports";
import type { NodeRecord } from "./node-record.js";
import type { Accuse } from "./violation.js";

/** I2, I3, I11: what may be appended, and where it must be the same. */
export class LogMatching {
  private readonly prefixes: (Map<Term, { readonly prefix: number; readonly first: NodeId }> | undefined)[] = [];
  /** Pairs of configurations that were compared. */
  private readonly neighbours = new Set<string>();

  /** @param committed - the highest index that any node knows to be committed. */
  constructor(
    private readonly committed: () => LogIndex,
    private readonly accuse: Accuse,
  ) {}

  /** The prefix hash of an entry that some node once appended. */
  readonly prefixOf = ({ index, term }: LogId): number | undefined => this.prefixes[index]?.get(term)?.prefix;

  /** An entry landed on a disk. */
  appended(record: NodeRecord, id: LogId, prefix: number | undefined, configuration: Configuration | undefined): void {
    if (prefix !== undefined) this.mustMatch(record, id, prefix);
    if (configuration !== undefined) this.mustFollow(record, id, configuration);
  }

  /** I2: a leader never takes back what it appended. */
  asked({ id, role, term }: NodeRecord, write: LogWrite): void {
    if (role === "leader" && (write.truncateFrom !== undefined || write.resetTo !== undefined))
      this.accuse("I2", `${id} leads term ${term} and cuts its own log at ${write.truncateFrom ?? "a snapshot"}`);
  }

  /** I3: two logs that hold an entry of the same index and term are equal up to there. */
  private mustMatch(record: NodeRecord, { index, term }: LogId, prefix: number): void {
    const terms = (this.prefixes[index] ??= new Map());
    const known = terms.get(term);
    if (known === undefined) terms.set(term, { prefix, first: record.id });
    else if (known.prefix !== prefix)
      this.accuse(
        "I3",
        `the logs of ${known.first} and ${record.id} both hold ${index}/${term}, and differ up to there`,
      );
  }

  /** I11: in every log, whatever majority one configuration decides by meets every one of the one before; and that one is committed. */
  private mustFollow({ id, durable }: NodeRecord, at: LogId, configuration: Configuration): void {
    const before = durable.configurationBefore(at.index);
    if (before === undefined) return;
    const place = `${id} holds ${at.index}/${at.term}`;
    if (before.index > this.committed())
      this.accuse(
        "I11",
        `${place}, a configuration, and the one before it, ${before.index}, is not committed anywhere`,
      );
    const key = `${before.index}/${durable.termAt(before.index)}>${at.index}/${at.term}`;
    if (this.neighbours.has(key)) return;
    this.neighbours.add(key);
    if (!meets(before.configuration, configuration))
      this.accuse(
        "I11",
        `${place}, and two disjoint sets can decide in it and in the configuration before, ${before.index}`,
      );
  }
}

/** Whether every set that decides under one configuration meets every one that decides under the other: no split of all nodes lets both sides decide. */
function meets(a: Configuration, b: Configuration): boolean {
  const ids = [...new Set([...halvesOf(a), ...halvesOf(b)].flat())];
  const masksOf = (configuration: Configuration): readonly number[] =>
    halvesOf(configuration).map((half) => half.reduce((mask, id) => mask | (1 << ids.indexOf(id)), 0));
  const [one, other] = [masksOf(a), masksOf(b)];
  for (let side = 0; side < 1 << ids.length; side++) if (decides(one, side) && decides(other, ~side)) return false;
  return true;
}

const halvesOf = ({ voters, votersOld }: Configuration): readonly (readonly NodeId[])[] =>
  votersOld.length === 0 ? [voters] : [voters, votersOld];

/** Whether these nodes, a bit each, are a majority of each half. */
const decides = (halves: readonly number[], side: number): boolean =>
  halves.every((half) => 2 * bitsOf(half & side) > bitsOf(half));

function bitsOf(mask: number): number {
  let count = 0;
  for (let left = mask; left !== 0; left &= left - 1) count++;
  return count;
}
