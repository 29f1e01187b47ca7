import type { NodeEvent } from "@hexraft/core";
import type { Envelope, NodeId } from "@hexraft/core/ports";
import type { Effect, RaftEvent } from "@hexraft/core/protocol";
import type { Fate } from "../world/simulated-network.js";
import type { Counters } from "./counters.js";
import type { Trace } from "./trace.js";

/** Writes down what happens: lines for the trace, counts for the coverage. */
export class Chronicle {
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
        if (event.role === "leader") counters.add("elections");
        return trace.note("role", id, `${event.role} in term ${event.term}: ${event.cause}`);
      case "configuration":
        if (event.stage === "committed") counters.add("configurationChanges");
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
}
