import type { Envelope, NodeId, Term } from "@hexraft/core/ports";
import type { Commits } from "./commits.js";
import type { NodeRecord } from "./node-record.js";
import type { Accuse } from "./violation.js";

/**
 * I10, I12: what leaves a node must be true of its disk at that instant, or a power cut would make it a liar: its term,
 * its ballot, the entries it acknowledges; and a leader promises a follower nothing that the follower does not have.
 */
export class Sayings {
  constructor(
    private readonly records: ReadonlyMap<NodeId, NodeRecord>,
    private readonly commits: Commits,
    private readonly accuse: Accuse,
  ) {}

  /** A message leaves. */
  said(envelope: Envelope): void {
    const { from, to, message } = envelope;
    const record = this.records.get(from);
    if (record === undefined) return;
    switch (message.type) {
      case "PreVoteRequest":
        return this.holdsTerm(record, message.type, message.term - 1);
      case "PreVoteResponse":
        return message.granted ? undefined : this.holdsTerm(record, message.type, message.term);
      case "VoteRequest":
        return this.holdsBallot(record, message.type, message.term, from);
      case "VoteResponse":
        if (message.granted) this.holdsBallot(record, message.type, message.term, to);
        return this.holdsTerm(record, message.type, message.term);
      case "AppendEntriesResponse":
        if (message.success && message.match > record.durable.last.index)
          this.lie(record, `that it holds entry ${message.match}`);
        return this.holdsTerm(record, message.type, message.term);
      case "InstallSnapshotResponse":
        if (message.status === "done" && message.match > record.durable.last.index)
          this.lie(record, `that it holds the state up to ${message.match}`);
        return this.holdsTerm(record, message.type, message.term);
      case "Heartbeat":
        this.isTold(envelope, message.commit);
        return this.holdsTerm(record, message.type, message.term);
      case "RepairResponse":
        if (record.isWitness && message.blocks.length > 0)
          this.accuse("M12", `${from} is a witness, and gives ${to} entries for a repair`);
        return;
      case "Propose":
      case "ProposeResponse":
      case "ReadIndex":
      case "ReadIndexResponse":
      case "Removed":
      case "RepairRequest":
      case "ProcessBeat":
      case "JoinedHeartbeats":
        return;
      default:
        return this.holdsTerm(record, message.type, message.term);
    }
  }

  private holdsTerm(record: NodeRecord, type: string, term: Term): void {
    if (term > record.durable.hardState.term) this.lie(record, `${type} of term ${term}`);
  }

  /** A ballot of an older term is forgotten, rightly: the higher term keeps this node from ever voting there again. */
  private holdsBallot(record: NodeRecord, type: string, term: Term, whom: NodeId): void {
    const { hardState } = record.durable;
    if (hardState.term > term || (hardState.term === term && hardState.vote?.id === whom)) return;
    this.lie(record, `${type}, a vote for ${whom} in term ${term}`);
  }

  /**
   * I10: a heartbeat's commit index is one that its receiver has, as it was committed, or had before its disk lost it (L03): the
   * leader hears of that with the next answer.
   */
  private isTold({ from, to, toIncarnation }: Envelope, commit: number): void {
    const committed = this.commits.at(commit);
    const record = this.records.get(to);
    const durable = record?.promisedBy(toIncarnation);
    if (commit === 0 || committed === undefined || durable === undefined) return;
    if (durable === record?.durable && commit <= record.forgottenUpTo) return;
    if (!durable.covers({ index: commit, term: committed.term }))
      this.accuse("I10", `${from} tells ${to} that ${commit} is committed, and the log of ${to} does not hold it`);
  }

  private lie({ id, durable }: NodeRecord, what: string): void {
    const { hardState, last } = durable;
    this.accuse(
      "I12",
      `${id} says ${what}; a power cut would leave it term ${hardState.term}, vote ${hardState.vote?.id ?? "free"}, ` +
        `last entry ${last.index}/${last.term}`,
    );
  }
}
