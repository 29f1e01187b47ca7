import type { Configuration, LogId, LogIndex, LogWrite, NodeId, Term } from "@hexraft/core/ports";
import { decodeConfiguration, EntryType } from "@hexraft/core/ports";
import type { NodeRecord } from "./node-record.js";
import type { Accuse } from "./violation.js";

/** I2, I3, I11: what may be appended, and where it must be the same. */
export class LogMatching {
  private readonly prefixes: (Map<Term, { readonly prefix: number; readonly first: NodeId }> | undefined)[] = [];
  private readonly configurations = new Map<string, Configuration>();

  constructor(private readonly accuse: Accuse) {}

  /** The prefix hash of an entry that some node once appended. */
  readonly prefixOf = ({ index, term }: LogId): number | undefined => this.prefixes[index]?.get(term)?.prefix;

  /** I3: two logs that hold an entry of the same index and term are equal up to there. */
  appended({ id }: NodeRecord, { index, term }: LogId, prefix: number): void {
    const terms = (this.prefixes[index] ??= new Map());
    const known = terms.get(term);
    if (known === undefined) terms.set(term, { prefix, first: id });
    else if (known.prefix !== prefix)
      this.accuse("I3", `the logs of ${known.first} and ${id} both hold ${index}/${term}, and differ up to there`);
  }

  /** I2: a leader never takes back what it appended. */
  asked({ id, role, term, durable, commit }: NodeRecord, write: LogWrite): void {
    if (role === "leader" && (write.truncateFrom !== undefined || write.resetTo !== undefined))
      this.accuse("I2", `${id} leads term ${term} and cuts its own log at ${write.truncateFrom ?? "a snapshot"}`);
    for (const block of write.blocks ?? [])
      for (let index = block.first; index <= block.last; index++)
        if (block.typeAt(index) === EntryType.configuration)
          this.configuration(id, { index, term: block.term }, decodeConfiguration(block.payloadAt(index)), role);
    if (role === "leader" && write.blocks !== undefined) this.oneAtATime(id, durable.configurationsAfter(commit));
  }

  /** I11: whatever majority one configuration decides by meets every one of its neighbour's. */
  private configuration(id: NodeId, at: LogId, configuration: Configuration, role: string): void {
    const key = `${at.index}/${at.term}`;
    if (this.configurations.has(key)) return;
    const before = this.newestBefore(at.index, at.term);
    this.configurations.set(key, configuration);
    if (before === undefined || role !== "leader" || meets(before, configuration)) return;
    this.accuse("I11", `${id} appended ${key}, and two disjoint sets can decide in it and the one before`);
  }

  private newestBefore(index: LogIndex, term: Term): Configuration | undefined {
    let best: { readonly index: number; readonly term: number; readonly configuration: Configuration } | undefined;
    for (const [key, configuration] of this.configurations) {
      const [at = 0, of = 0] = key.split("/").map(Number);
      if (at >= index || of > term) continue;
      if (best === undefined || at > best.index || (at === best.index && of > best.term))
        best = { index: at, term: of, configuration };
    }
    return best?.configuration;
  }

  private oneAtATime(id: NodeId, uncommitted: readonly LogIndex[]): void {
    if (uncommitted.length > 1)
      this.accuse("I11", `${id} has configurations ${uncommitted.join(", ")} in its log, none of them committed`);
  }
}

/** Whether every set that decides under one configuration meets every set that decides under the other. */
function meets(a: Configuration, b: Configuration): boolean {
  return quorums(a).every((one) => quorums(b).every((other) => one.some((id) => other.includes(id))));
}

/** Minimal sets that decide: majorities of the voters, in the joint phase of both halves. */
function quorums({ voters, votersOld }: Configuration): readonly (readonly NodeId[])[] {
  const halves = votersOld.length === 0 ? [voters] : [voters, votersOld];
  return halves
    .map((half) => subsets(half, (half.length >> 1) + 1))
    .reduce((sets, more) => sets.flatMap((set) => more.map((other) => [...set, ...other])));
}

function subsets(ids: readonly NodeId[], size: number): readonly (readonly NodeId[])[] {
  if (size === 0) return [[]];
  return ids.flatMap((id, at) => subsets(ids.slice(at + 1), size - 1).map((rest) => [id, ...rest]));
}
