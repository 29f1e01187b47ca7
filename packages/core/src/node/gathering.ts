import { type Done, ProposalGroup } from "../components/proposal-group.js";
import type { Term } from "../model/log-id.js";
import type { BoundedRead } from "../protocol/event.js";
import { SparseMap } from "../protocol/sparse-map.js";

/** What callers want of one turn. It is stepped at the turn's end: each kind as one event. */
export class Gathering {
  /** Commands of callers here. */
  readonly proposals = new ProposalGroup(undefined);
  /** R18: those of peers' callers, by the only term that they may be proposed in. */
  private readonly forwarded = new SparseMap<Term, ProposalGroup>();
  /** Q03: linearizable reads, which share one round. */
  readonly reads: number[] = [];
  /** Q05: reads under the lease. */
  readonly leaseReads: number[] = [];
  /** Q08: reads of bounded age. */
  readonly boundedReads: BoundedRead[] = [];

  /** Adds a peer's command. */
  forward(payload: Uint8Array, onlyInTerm: Term, done: Done): void {
    let group = this.forwarded.get(onlyInTerm);
    if (group === undefined) this.forwarded.set(onlyInTerm, (group = new ProposalGroup(onlyInTerm)));
    group.add(payload, null, done);
  }

  /** All commands, those of callers here first. */
  get groups(): readonly ProposalGroup[] {
    return [this.proposals, ...this.forwarded.values()].filter(({ count }) => count > 0);
  }

  /** Commands of callers here, and reads. */
  get waiting(): number {
    return this.proposals.count + this.reads.length + this.leaseReads.length + this.boundedReads.length;
  }
}
