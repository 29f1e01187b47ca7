import type { NodeDescription, NodeEvent } from "@hexraft/core";
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { VERSION } from "../version.js";
import { type Fact, HALTED, NODE_FACTS } from "./node-facts.js";

/** What is measured. */
export interface MeasuredNode {
  describe(): NodeDescription;
  readonly events$: { subscribe(heard: (event: NodeEvent) => void): { unsubscribe(): void } };
}

/** What is scraped, in the words of HTTP. */
export interface Scrape {
  readonly type: string;
  readonly body: string;
}

/** O02, O03: what is counted as it happens, by kind of event. */
export const EVENT_COUNTERS = {
  role: { name: "hexraft_role_changes_total", help: "Changes of role, by the new one.", label: "role" },
  leader: {
    name: "hexraft_leader_changes_total",
    help: "Changes of the leader that is known, or of its term.",
    label: undefined,
  },
  snapshot: { name: "hexraft_snapshots_total", help: "Snapshots saved, installed and sent.", label: "stage" },
  error: { name: "hexraft_errors_total", help: "Errors that the node told of.", label: undefined },
} as const;

let ofProcess: Registry | undefined;

/** Of the whole process, whichever nodes are in it: made once, when somebody scrapes. */
function processRegistry(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess, prefix: "hexraft_" });
  }
  return ofProcess;
}

/** Whose a sample is. */
const WHOSE = ["node", "group"] as const;

/**
 * O02: a node, in each of its groups, in Prometheus' form. All but the events is read off the node's description when somebody scrapes, so that an
 * operation costs nothing.
 */
export class NodeMetrics {
  private readonly registry = new Registry();
  private readonly facts: readonly { readonly fact: Fact; readonly metric: Gauge | Counter }[];
  private readonly listening: readonly { unsubscribe(): void }[];

  constructor(
    private readonly nodeId: string,
    private readonly groups: ReadonlyMap<string, MeasuredNode>,
    /** G03: groups that this process refuses; they count as halted, and nothing else is known of them. */
    private readonly refused: readonly string[] = [],
  ) {
    const registers = [this.registry];
    new Gauge({
      name: "hexraft_build_info",
      help: "Version of this process; always 1.",
      labelNames: ["version", "node"],
      registers,
    })
      .labels(VERSION, nodeId)
      .set(1);
    this.facts = NODE_FACTS.map((fact) => {
      const { name, help, labels = [], type } = fact;
      const about = { name, help, labelNames: [...labels, ...WHOSE], registers };
      return { fact, metric: type === "gauge" ? new Gauge(about) : new Counter(about) };
    });
    const counters = Object.fromEntries(
      Object.entries(EVENT_COUNTERS).map(([kind, { name, help, label }]) => [
        kind,
        new Counter({ name, help, labelNames: [...(label === undefined ? [] : [label]), ...WHOSE], registers }),
      ]),
    ) as Counters;
    this.listening = Array.from(groups, ([group, { events$ }]) => {
      const whose = { node: nodeId, group };
      // What did not happen yet is counted as 0, so that the first time is a rise.
      counters.leader.inc(whose, 0);
      counters.error.inc(whose, 0);
      return events$.subscribe((event) => count(counters, event, whose));
    });
  }

  /** The present values. */
  async scrape(): Promise<Scrape> {
    // Peers come and go, and what a component counted is the whole already.
    for (const { metric } of this.facts) metric.reset();
    for (const [group, node] of this.groups) {
      const description = node.describe();
      for (const { fact, metric } of this.facts)
        for (const { value, labels } of fact.of(description)) {
          const all = { ...labels, node: this.nodeId, group };
          if (metric instanceof Gauge) metric.set(all, value);
          else metric.inc(all, value);
        }
    }
    for (const { fact, metric } of this.facts)
      if (fact === HALTED) for (const group of this.refused) metric.inc({ node: this.nodeId, group }, 1);
    const texts = [await this.registry.metrics(), await processRegistry().metrics()];
    return { type: this.registry.contentType, body: texts.join("\n") };
  }

  /** Counts no more. */
  close(): void {
    for (const each of this.listening) each.unsubscribe();
  }
}

type Counters = Readonly<Record<keyof typeof EVENT_COUNTERS, Counter>>;

function count(counters: Counters, event: NodeEvent, whose: Readonly<Record<(typeof WHOSE)[number], string>>): void {
  switch (event.kind) {
    case "role":
      return counters.role.inc({ role: event.role, ...whose });
    case "leader":
      return counters.leader.inc(whose);
    case "snapshot":
      return counters.snapshot.inc({ stage: event.stage, ...whose });
    case "error":
      return counters.error.inc(whose);
    default:
  }
}
