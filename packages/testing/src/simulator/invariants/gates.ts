import type { ConfigurationEntry, NodeId } from "@hexraft/core/ports";
import type { Counters } from "../trace/counters.js";
import type { SimulatedNode } from "../world/simulated-node.js";
import type { Referee } from "./referee.js";

/**
 * F05: a format is opened at one place of the log, and from there on nobody votes who cannot read it. What replicas are given is judged where they
 * are given it; here it is who.
 */
export class Gates {
  /** Whether faults are over: what is opened from now on the operators see to. */
  isHealed = false;
  /** Where each format was opened. */
  private readonly places = new Map<number, number>();

  constructor(
    private readonly nodes: ReadonlyMap<NodeId, SimulatedNode>,
    private readonly referee: Referee,
    private readonly counters: Counters,
  ) {}

  /** A node passed a gate. */
  passed(id: NodeId, { formatVersion, index }: { readonly formatVersion: number; readonly index: number }): void {
    const at = this.places.get(formatVersion);
    if (at !== undefined && at !== index)
      this.referee.accuse("F05", `${id} opens format ${formatVersion} at ${index}, and others at ${at}`);
    if (at !== undefined) return;
    this.places.set(formatVersion, index);
    this.counters.add(this.isHealed ? "upgrades.openedLate" : "upgrades.opened");
    const { configuration } = this.nodes.get(id)?.node?.describe() ?? {};
    if (configuration !== undefined) this.judge(id, formatVersion, configuration);
  }

  /** It knows a configuration to be committed: who came behind a gate could have been refused. */
  configured(id: NodeId, entry: ConfigurationEntry): void {
    for (const [format, gate] of this.places) if (entry.id.index > gate) this.judge(id, format, entry);
  }

  private judge(id: NodeId, format: number, { id: at, configuration }: ConfigurationEntry): void {
    for (const voter of [...configuration.voters, ...configuration.votersOld]) {
      const release = this.nodes.get(voter)?.release ?? 0;
      if (release >= format || this.referee.record(voter).isWitness) continue;
      const what = `format ${format} is open, and ${voter} votes, which runs release ${release}`;
      this.referee.accuse("F05", `${what}: configuration ${at.index}, as ${id} knows it`);
    }
  }
}
