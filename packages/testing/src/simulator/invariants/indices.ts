import type { LogIndex, Millis, NodeId, RaftView, Term } from "@hexraft/core/ports";
import type { Accuse } from "./violation.js";

/** What a leader knew of its peers when it was last looked at. */
interface Progress {
  readonly term: Term;
  /** Index of the configuration: whoever is taken out and put in again begins anew (M10). */
  readonly under: LogIndex;
  readonly matches: ReadonlyMap<NodeId, LogIndex>;
}

/** I8, I9, I10: the indices of a node among themselves, and what a leader knows of its peers. */
export class Indices {
  private readonly known = new Map<NodeId, Progress>();

  constructor(private readonly accuse: Accuse) {}

  /** Looks at a node between two steps. */
  look(id: NodeId, raft: RaftView, now: Millis): void {
    const description = raft.describe(now);
    const { base, last, snapshot, appliedIndex, commitIndex, durableIndex, peers, configuration } = description;
    // Between the reset of the log and the loading of a received snapshot the log begins where that snapshot ends, and may have
    // grown on. S09: whoever lost its snapshots to rot has a log behind nothing until it is sent one.
    const hasNone = description.restoring > 0 || (base.index > 0 && description.installing >= base.index);
    const purged = (hasNone || base.index <= (snapshot?.index ?? 0)) && (snapshot?.index ?? 0) <= commitIndex;
    if (!purged || appliedIndex > commitIndex || commitIndex > last.index || durableIndex > last.index)
      this.accuse(
        "I9",
        `${id}: purged ${base.index}, snapshot ${snapshot?.index ?? 0}, applied ${appliedIndex}, commit ${commitIndex}, ` +
          `durable ${durableIndex}, last ${last.index}`,
      );
    if (peers.length === 0) return void this.known.delete(id);
    const before = this.known.get(id);
    const goesOn = before?.term === description.term && before.under === configuration.id.index;
    // Those that leave or catch up stand outside the configuration: another replica may take such a name at any time.
    const isMember = (peer: NodeId): boolean =>
      configuration.configuration.members.some((member) => member.id === peer);
    for (const { id: peer, match, next, isRelearning } of peers) {
      if (next <= match)
        this.accuse("I10", `${id} would send ${peer} entry ${next} next, which it has: match ${match}`);
      // L03: whoever says that it forgot is brought up to date from the beginning.
      const earlier = goesOn && isMember(peer) && !isRelearning ? (before.matches.get(peer) ?? 0) : 0;
      if (match < earlier) this.accuse("I8", `what ${id} knows ${peer} to hold fell from ${earlier} to ${match}`);
    }
    const matches = new Map(peers.filter((peer) => isMember(peer.id)).map((peer) => [peer.id, peer.match]));
    this.known.set(id, { term: description.term, under: configuration.id.index, matches });
  }

  /** A node began anew. */
  forget(id: NodeId): void {
    this.known.delete(id);
  }
}
