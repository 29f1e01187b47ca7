import type { NodeDescription, NodeEvent } from "@hexraft/core";
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { VERSION } from "../version.js";
import { type Fact, NODE_FACTS } from "./node-facts.js";

/** What is measured. */
export interface MeasuredNode {
  readonly id: string;
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

/**
 * O02: one node in Prometheus' form. All but the events is read off the node's description when somebody scrapes, so that an
 * operation costs nothing.
 */
export class NodeMetrics {
  private readonly registry = new Registry();
  private readonly facts: readonly { readonly fact: Fact; readonly metric: Gauge | Counter }[];
  private readonly listening: { unsubscribe(): void };

  constructor(
    private readonly node: MeasuredNode,
    group: string,
  ) {
    const registers = [this.registry];
    this.registry.setDefaultLabels({ node: node.id, group });
    new Gauge({
      name: "hexraft_build_info",
      help: "Version of this process; always 1.",
      labelNames: ["version"],
      registers,
    })
      .labels(VERSION)
      .set(1);
    this.facts = NODE_FACTS.map((fact) => {
      const { name, help, labels = [], type } = fact;
      const about = { name, help, labelNames: [...labels], registers };
      return { fact, metric: type === "gauge" ? new Gauge(about) : new Counter(about) };
    });
    const counters = Object.fromEntries(
      Object.entries(EVENT_COUNTERS).map(([kind, { name, help, label }]) => [
        kind,
        new Counter({ name, help, labelNames: label === undefined ? [] : [label], registers }),
      ]),
    ) as Record<keyof typeof EVENT_COUNTERS, Counter>;
    this.listening = node.events$.subscribe((event) => count(counters, event));
  }

  /** The present values. */
  async scrape(): Promise<Scrape> {
    const description = this.node.describe();
    for (const { fact, metric } of this.facts) {
      // Peers come and go, and what a component counted is the whole already.
      metric.reset();
      for (const { value, labels = {} } of fact.of(description))
        if (metric instanceof Gauge) metric.set(labels, value);
        else metric.inc(labels, value);
    }
    const texts = [await this.registry.metrics(), await processRegistry().metrics()];
    return { type: this.registry.contentType, body: texts.join("\n") };
  }

  /** Counts no more. */
  close(): void {
    this.listening.unsubscribe();
  }
}

function count(counters: Record<keyof typeof EVENT_COUNTERS, Counter>, event: NodeEvent): void {
  switch (event.kind) {
    case "role":
      return counters.role.inc({ role: event.role });
    case "leader":
      return counters.leader.inc();
    case "snapshot":
      return counters.snapshot.inc({ stage: event.stage });
    case "error":
      return counters.error.inc();
    default:
  }
}
