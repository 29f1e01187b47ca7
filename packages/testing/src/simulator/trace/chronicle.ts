import type { NodeEvent } from "@hexraft/core";
import type { Configuration, Envelope, NodeId } from "@hexraft/core/ports";
import type { Effect, RaftEvent } from "@hexraft/core/protocol";
import type { Fate } from "../world/simulated-network.js";
import type { Counters } from "./counters.js";
import type { Trace } from "./trace.js";

/** Writes down what happens: lines for the trace, counts for the coverage. */
export class Chronicle {
  private readonly leading = new Set<NodeId>();

  constructor(
    private readonly trace: Trace,
    private readonly counters: Counters,
  ) {}

  /** A message met its fate. */
  fate(envelope: Envelope, fate: Fate): void {
    if (fate !== "sent" && fate !== "delivered") this.counters.add(`message.${fate}`);
    this.trace.message(envelope, fate);
  }

  /** A node made a step. */
  step(event: RaftEvent, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === "Persist" && effect.truncateFrom !== undefined) this.counters.add("truncations");
      else if (effect.type === "FetchEntries") this.counters.add("fetches");
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
        if (event.stage !== "sent") counters.add(event.stage === "saved" ? "snapshotsSaved" : "snapshotInstalls");
        return trace.note("snapshot", id, `${event.stage} ${event.id.index}/${event.id.term}`);
      case "halted":
        return trace.note("process", id, `halted: ${event.reason}`);
      case "error":
        return trace.note("process", id, event.reason);
      default:
        return;
    }
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
