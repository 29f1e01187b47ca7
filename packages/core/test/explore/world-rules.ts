import { type Labels, type Renaming, renamed } from "./canonical.js";
import { type Fingerprint, fingerprintOf } from "./fingerprint.js";
import type { Answer, LocalState } from "./local-state.js";

/** An entry that was ever committed. */
interface Committed {
  /** As "term:payload". */
  readonly entry: string;
  /** The term of whoever said so first: every later leader must have it. */
  readonly by: number;
}

/** What a world remembers of its past, since the present may have forgotten it. */
export interface Past {
  /** I1: position of who led each term, by term. */
  readonly leaders: ReadonlyMap<number, number>;
  /** I7: from index 1 on. */
  readonly committed: readonly Committed[];
  /** Q01: how much was committed when a read was asked that is not answered yet, by number of the read. */
  readonly reads: ReadonlyMap<number, number>;
  readonly fingerprint: Fingerprint;
}

/** The past of a world, extended by what is now, or the rule that was broken. */
export class Pasts {
  private readonly known = new Map<string, Past>();
  readonly empty: Past;

  constructor(
    private readonly ids: readonly string[],
    private readonly renamings: readonly Renaming[],
  ) {
    this.empty = this.intern(new Map(), [], new Map());
  }

  /** A read is asked: it must not show less than what is committed now. */
  asked({ leaders, committed, reads }: Past, read: number): Past {
    return this.intern(leaders, committed, new Map(reads).set(read, committed.length));
  }

  /** @returns the past with what `node` became and answered in it, or what is wrong. */
  judge(
    past: Past,
    before: LocalState,
    nodes: readonly LocalState[],
    node: number,
    answers: readonly Answer[],
  ): Past | string {
    const state = nodes[node] as LocalState;
    const { facts } = state;
    if (facts.log !== before.facts.log || facts.commit !== before.facts.commit) {
      const mismatch = logMatching(this.ids, nodes, node);
      if (mismatch !== undefined) return mismatch;
    }
    const lost = this.lost(past, before, nodes, state);
    if (lost !== undefined) return lost;
    const leaders = this.withLeader(past, state);
    if (typeof leaders === "string") return leaders;
    const committed = this.withCommits(past, before, nodes, state);
    if (typeof committed === "string") return committed;
    const reads = this.withAnswers(past, state, answers);
    if (typeof reads === "string") return reads;
    if (leaders === past.leaders && committed === past.committed && reads === past.reads) return past;
    return this.intern(leaders, committed, reads);
  }

  /** I6: what is committed stays on a majority of the disks, also where a log is cut off or begun anew: of any half that counts. */
  private lost(
    { committed }: Past,
    { facts: was }: LocalState,
    nodes: readonly LocalState[],
    { node, facts: is }: LocalState,
  ): string | undefined {
    if (was.durable === is.durable) return undefined;
    const at = committed.findIndex(
      ({ entry }, index) =>
        was.durable[index] === entry &&
        is.durable[index] !== entry &&
        !nodes.some(({ facts }) => facts.halves.some((half) => isOnMajority(half, nodes, index, entry))),
    );
    if (at < 0) return undefined;
    return `I6 ${this.ids[node]} drops the committed entry ${at + 1} (${committed[at]?.entry}), and no majority has it any more`;
  }

  /** Q01: a read is served at no lower an index than was committed when it was asked. */
  private withAnswers({ reads }: Past, { node }: LocalState, answers: readonly Answer[]): Past["reads"] | string {
    if (answers.length === 0) return reads;
    const left = new Map(reads);
    for (const { read, index } of answers) {
      const floor = reads.get(read) ?? 0;
      if (index !== undefined && index < floor)
        return `Q01 ${this.ids[node]} serves a read at index ${index}, and ${floor} was committed before it was asked`;
      left.delete(read);
    }
    return left;
  }

  /** I1, and I4: a new leader has whatever was committed before its term. */
  private withLeader({ leaders, committed }: Past, { node, facts }: LocalState): Past["leaders"] | string {
    const known = leaders.get(facts.term);
    if (!facts.isLeader || known === node) return leaders;
    if (known !== undefined) return `I1 ${this.ids[known]} and ${this.ids[node]} both led term ${facts.term}`;
    const lost = committed.findIndex(({ entry, by }, at) => by < facts.term && facts.log[at] !== entry);
    if (lost >= 0)
      return `I4 ${this.ids[node]} leads term ${facts.term} without the committed entry ${lost + 1} (${committed[lost]?.entry})`;
    return new Map(leaders).set(facts.term, node);
  }

  /** I7, and I6: what is committed for the first time is on a majority of the disks at that instant, of each half (M02). */
  private withCommits(
    { committed }: Past,
    { facts: was }: LocalState,
    nodes: readonly LocalState[],
    { node, facts }: LocalState,
  ): Past["committed"] | string {
    const news: Committed[] = [];
    for (let index = 1; index <= facts.commit; index++) {
      const entry = facts.log[index - 1] as string;
      const known = committed[index - 1]?.entry;
      if (known === undefined) {
        // The step that commits a joint configuration appends C-new: neither may be without its majority.
        const halves = [...was.halves, ...facts.halves];
        if (!halves.every((half) => isOnMajority(half, nodes, index - 1, entry)))
          return `I6 ${this.ids[node]} committed ${entry} at index ${index}, which is on ${holders(nodes, index - 1, entry)} disks`;
        news.push({ entry, by: facts.term });
      } else if (known !== entry)
        return `I7 ${this.ids[node]} has ${entry} at index ${index}, where ${known} was committed`;
    }
    return news.length === 0 ? committed : [...committed, ...news];
  }

  private intern(leaders: Past["leaders"], committed: Past["committed"], reads: Past["reads"]): Past {
    const text = (labels: Labels | undefined): string => {
      const name = (node: number): string => labels?.get(this.ids[node] as string) ?? String(node);
      const led = Array.from(leaders, ([term, node]) => `${term}=${name(node)}`).toSorted();
      const open = Array.from(reads, ([read, floor]) => `${read}>${floor}`);
      return `${led.join()}|${committed.map(({ entry, by }) => `${renamed(entry, labels)}@${by}`).join()}|${open.join()}`;
    };
    const key = text(undefined);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const past = {
      leaders,
      committed,
      reads,
      fingerprint: fingerprintOf(this.renamings.map(({ labels }) => text(labels))),
    };
    this.known.set(key, past);
    return past;
  }
}

/** How many disks hold that entry there; positions begin at 0. */
const holders = (nodes: readonly LocalState[], at: number, entry: string): number =>
  nodes.filter(({ facts }) => facts.durable[at] === entry).length;

const isOnMajority = (half: readonly number[], nodes: readonly LocalState[], at: number, entry: string): boolean =>
  half.filter((node) => nodes[node]?.facts.durable[at] === entry).length * 2 > half.length;

/** I3: where two logs have an entry of one index and term, all before it is equal. */
function logMatching(ids: readonly string[], nodes: readonly LocalState[], node: number): string | undefined {
  const mine = (nodes[node] as LocalState).facts.log;
  for (const { node: other, facts } of nodes) {
    if (other === node) continue;
    let at = Math.min(mine.length, facts.log.length) - 1;
    while (at >= 0 && termOf(mine[at]) !== termOf(facts.log[at])) at--;
    for (; at >= 0; at--)
      if (mine[at] !== facts.log[at])
        return `I3 ${ids[node]} and ${ids[other]} agree later, but differ at index ${at + 1}: ${mine[at]} and ${facts.log[at]}`;
  }
  return undefined;
}

const termOf = (entry: string | undefined): string | undefined => entry?.split(":")[0];
