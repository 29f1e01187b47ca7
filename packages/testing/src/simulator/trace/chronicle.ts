import type { NodeEvent } from "@hexraft/core";
import type { Configuration, Envelope, NodeId } from "@hexraft/core/ports";
import type { Effect, RaftEvent } from "@hexraft/core/protocol";
import type { NodeRecord } from "../invariants/node-record.js";
import type { Fate } from "../world/simulated-network.js";
import type { Counters } from "./counters.js";
import type { Trace } from "./trace.js";

/** Writes down what happens: lines for the trace, counts for the coverage. */
export class Chronicle {
  private readonly leading = new Set<NodeId>();

  constructor(
    private readonly trace: Trace,
    private readonly counters: Counters,
    private readonly records: ReadonlyMap<NodeId, NodeRecord>,
  ) {}

  /** A message met its fate. */
  fate(envelope: Envelope, fate: Fate): void {
    if (fate !== "sent" && fate !== "delivered") this.counters.add(`message.${fate}`);
    const { from, message } = envelope;
    if (fate === "sent" && message.type === "VoteResponse" && message.granted) this.ofWitness(from, "ballots");
    this.trace.message(envelope, fate);
  }

  /** A node made a step. */
  step(id: NodeId, event: RaftEvent, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === "Persist" && effect.truncateFrom !== undefined) {
        this.counters.add("truncations");
        this.ofWitness(id, "truncations");
      } else if (effect.type === "FetchEntries") this.counters.add("fetches");
    }
    if (event.type === "StorageFailed") this.counters.add("storageFailures");
  }

  /** A node told its users something. */
  event(id: NodeId, event: NodeEvent): void {
    const { trace, counters } = this;
    switch (event.kind) {
      case "role":
        if (event.role === "leader") {
          counters.add("elections");
          this.leading.add(id);
        } else this.leading.delete(id);
        return trace.note("role", id, `${event.role} in term ${event.term}: ${event.cause}`);
      case "configuration":
        this.configuration(id, event.stage, event.entry.configuration);
        return trace.note(
          "configuration",
          id,
          `${event.stage} at ${event.entry.id.index}: voters ${event.entry.configuration.voters.join(" ")}`,
        );
      case "snapshot":
        if (event.stage !== "sent") {
          const what = event.stage === "saved" ? "snapshotsSaved" : "snapshotInstalls";
          counters.add(what);
          this.ofWitness(id, what);
        }
        return trace.note("snapshot", id, `${event.stage} ${event.id.index}/${event.id.term}`);
      case "damage":
        if (event.stage === "repaired") this.ofWitness(id, "repairs");
        return counters.add(`damage.${this.damage(id, event)}`);
      case "halted":
        return trace.note("process", id, `halted: ${event.reason}`);
      case "error":
        return trace.note("process", id, event.reason);
      default:
        return;
    }
  }

  /** M12: counted apart. */
  private ofWitness(id: NodeId, what: string): void {
    if (this.records.get(id)?.isWitness === true) this.counters.add(`witness.${what}`);
  }

  /** L03: what was lost with its terms is forgotten, and made up for by plain replication; all else is found, and repaired. */
  private damage(id: NodeId, { stage, hole }: Extract<NodeEvent, { kind: "damage" }>): string {
    if (hole.last !== this.records.get(id)?.forgottenUpTo) return stage;
    return stage === "found" ? "forgotten" : "madeUpFor";
  }

  private configuration(id: NodeId, stage: "appended" | "committed" | "undone", now: Configuration): void {
    const { counters } = this;
    if (stage === "undone") counters.add("configuration.undone");
    if (stage !== "committed") return;
    counters.add("configurationChanges");
    if (now.votersOld.length > 0) counters.add("configuration.joint");
    else if (this.leading.has(id) && !now.voters.includes(id)) counters.add("configuration.withoutItsLeader");
    if (now.learners.length > 0) counters.add("configuration.withLearners");
  }
}
