import type { Configuration, LogId, LogIndex, NodeId, RaftView, Term } from "@hexraft/core/ports";
import type { LogShadow } from "./log-shadow.js";
import type { NodeRecord } from "./node-record.js";
import type { Accuse } from "./violation.js";

interface Committed {
  readonly term: Term;
  /** The term of the leader that committed it, or in which it was first seen to be. */
  readonly inTerm: Term;
  readonly by: NodeId;
}

/** I1, I4, I6, I7, I8: who leads, what is committed, and that it stays so. */
export class Commits {
  private readonly leaders = new Map<Term, NodeId>();
  private readonly entries: (Committed | undefined)[] = [];
  /** The highest index that any node ever knew to be committed. */
  highest: LogIndex = 0;

  constructor(
    private readonly records: ReadonlyMap<NodeId, NodeRecord>,
    private readonly accuse: Accuse,
  ) {}

  /** What is committed at this index, once that is known. */
  at(index: LogIndex): { readonly term: Term } | undefined {
    return this.entries[index];
  }

  /** Leaders so far, by term. */
  get leaderOfTerm(): ReadonlyMap<Term, NodeId> {
    return this.leaders;
  }

  /** After a step of this node. */
  stepped(record: NodeRecord, raft: RaftView): void {
    const { id } = record;
    const { role, term, commitIndex } = raft;
    if (term < record.term) this.accuse("I8", `the term of ${id} fell from ${record.term} to ${term}`);
    if (commitIndex < record.commit)
      this.accuse("I8", `the commit index of ${id} fell from ${record.commit} to ${commitIndex}`);
    const leadsOn = role === "leader" && record.role === "leader" && record.term === term;
    if (leadsOn && raft.lastIndex < record.last)
      this.accuse("I2", `${id} leads term ${term}, and its log shrank from ${record.last} to ${raft.lastIndex}`);
    const tookOffice = role === "leader" && (record.role !== "leader" || record.term !== term);
    record.role = role;
    record.term = term;
    record.highestTerm = Math.max(record.highestTerm, term);
    if (tookOffice) this.tookOffice(record, raft);
    if (commitIndex > record.commit) this.committed(record, raft);
    record.last = raft.lastIndex;
  }

  private tookOffice({ id, durable }: NodeRecord, raft: RaftView): void {
    const { term } = raft;
    this.mustBeElected(id, raft);
    const other = this.leaders.get(term);
    if (other !== undefined && other !== id) this.accuse("I1", `${other} and ${id} both lead in term ${term}`);
    this.leaders.set(term, id);
    for (let index = this.highest; index > 0; index--) {
      const entry = this.entries[index];
      if (entry === undefined || entry.inTerm >= term) continue;
      if (!durable.covers({ index, term: entry.term }))
        this.accuse(
          "I4",
          `${id} leads in term ${term} without ${index}/${entry.term}, which ${entry.by} committed in term ${entry.inTerm}`,
        );
      return; // Log matching carries it to all before.
    }
  }

  private committed(record: NodeRecord, raft: RaftView): void {
    const { id } = record;
    const upTo = raft.commitIndex;
    let isNew: LogId | undefined;
    for (let index = record.commit + 1; index <= upTo; index++) {
      const term = raft.termAt(index);
      if (term === undefined) continue;
      const known = this.entries[index];
      if (known === undefined) {
        this.entries[index] = { term, inTerm: raft.term, by: id };
        isNew = { index, term };
      } else if (known.term !== term)
        this.accuse("I7", `${id} has ${index}/${term} committed, and ${known.by} had ${index}/${known.term}`);
    }
    record.commit = upTo;
    this.highest = Math.max(this.highest, upTo);
    if (isNew !== undefined && raft.role === "leader") this.mustBeDurable(record, isNew, raft);
  }

  /** I11: by ballots of voters of its configuration, each on its disk; or forgotten for a higher term since. */
  private mustBeElected(id: NodeId, raft: RaftView): void {
    const { term } = raft;
    const { configuration } = raft.configurationAt(raft.lastIndex);
    const voted = (voter: NodeId): boolean => {
      const hardState = this.heldBy(voter, configuration)?.hardState;
      return (
        hardState !== undefined && (hardState.term > term || (hardState.term === term && hardState.vote?.id === id))
      );
    };
    if (!isQuorum(configuration, voted))
      this.accuse(
        "I11",
        `${id} leads term ${term}, and of the voters only [${configuration.voters.filter(voted).join(", ")}] wrote down a vote for it`,
      );
  }

  private heldBy(id: NodeId, configuration: Configuration): LogShadow | undefined {
    const member = configuration.members.find((known) => known.id === id);
    return this.records.get(id)?.promisedBy(member?.incarnation ?? "");
  }

  /**
   * I6: on the disks of a quorum, each of which may lose power in the next instant. Its quorum is that of the configuration with which the
   * step began: what the step appended behind it counts from then on (M01).
   */
  private mustBeDurable({ id, last }: NodeRecord, entry: LogId, raft: RaftView): void {
    const { configuration } = raft.configurationAt(Math.min(last, raft.lastIndex));
    const holds = (voter: NodeId): boolean => this.heldBy(voter, configuration)?.covers(entry) === true;
    if (!isQuorum(configuration, holds))
      this.accuse(
        "I6",
        `${id} committed ${entry.index}/${entry.term} in term ${raft.term}, and only the disks of ` +
          `[${configuration.members
            .map((member) => member.id)
            .filter(holds)
            .join(", ")}] hold it`,
      );
  }
}

function isQuorum({ voters, votersOld }: Configuration, holds: (voter: NodeId) => boolean): boolean {
  const isMajority = (half: readonly NodeId[]): boolean => half.filter(holds).length > half.length / 2;
  return isMajority(voters) && (votersOld.length === 0 || isMajority(votersOld));
}
