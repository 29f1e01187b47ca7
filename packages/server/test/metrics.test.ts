import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { NodeDescription, NodeEvent } from "@hexraft/core";
import { describe, expect, it } from "vitest";
import { NODE_FACTS } from "../src/metrics/node-facts.js";
import { EVENT_COUNTERS, NodeMetrics } from "../src/metrics/node-metrics.js";

const PAGE = fileURLToPath(new URL("../../../docs/METRICS.md", import.meta.url));

const voters = { members: [], voters: ["n1", "n2"], votersOld: [], learners: ["n3"], learnersNext: [], witnesses: [] };
const peer = (id: string, match: number) => ({
  id,
  state: "replicate" as const,
  match,
  next: match + 1,
  messagesInFlight: 2,
  bytesInFlight: 300,
  silentMs: 40,
  hasLostData: false,
  isRelearning: false,
});
const description = {
  role: "leader",
  term: 7,
  leader: "n1",
  leaderContactAgoMs: 250,
  configuration: { id: { index: 1, term: 0 }, configuration: voters },
  change: null,
  base: { index: 10, term: 6 },
  last: { index: 99, term: 7 },
  durableIndex: 98,
  commitIndex: 97,
  appliedIndex: 96,
  snapshot: { index: 50, term: 7 },
  uncommittedBytes: 3_000,
  cachedBytes: 4_000,
  writesUnderWay: 1,
  writeOverdue: true,
  pendingReads: 5,
  droppedMessages: { malformed: 3 },
  peers: [peer("n2", 90), peer("n3", 99)],
  holes: [{ first: 20, last: 24, file: "f", offset: 0, length: 1 }],
  halted: "",
  faulted: "",
  formatVersion: 2,
  openFormat: 1,
  identity: { clusterId: "c1", incarnation: "i1" },
  address: "h:1",
  queues: { inbox: 1, proposals: 2, droppedMessages: 9 },
  storage: { log: { writes: 12, writeMs: 1_500 }, fsm: { batches: 30 }, postman: { sent: 77, dropped: 0 } },
} as unknown as NodeDescription;

/** What happens to a node, for whoever listens. */
class Happenings {
  private listeners: ((event: NodeEvent) => void)[] = [];
  readonly subscribe = (heard: (event: NodeEvent) => void) => {
    this.listeners.push(heard);
    return { unsubscribe: () => void (this.listeners = this.listeners.filter((each) => each !== heard)) };
  };
  readonly next = (event: NodeEvent) => {
    for (const heard of this.listeners) heard(event);
  };
}

function metrics(events = new Happenings(), described = () => description) {
  const made = new NodeMetrics("n1", new Map([["main", { describe: described, events$: events }]]));
  const scraped = async () => {
    const { body } = await made.scrape();
    return (name: string) => body.split("\n").filter((line) => line.startsWith(name));
  };
  return { made, scraped };
}

describe("metrics of a node", () => {
  it("O02 every fact is there with its unit, its labels, and whose it is", async () => {
    const { made, scraped } = metrics();
    const of = await scraped();
    const whose = 'node="n1",group="main"';
    expect(of("hexraft_term")).toEqual([`hexraft_term{${whose}} 7`]);
    expect(of("hexraft_leader_contact_age_seconds")).toEqual([`hexraft_leader_contact_age_seconds{${whose}} 0.25`]);
    expect(of('hexraft_role{role="leader"')).toEqual([`hexraft_role{role="leader",${whose}} 1`]);
    expect(of('hexraft_role{role="follower"')).toEqual([`hexraft_role{role="follower",${whose}} 0`]);
    expect(of("hexraft_log_missing_entries")).toEqual([`hexraft_log_missing_entries{${whose}} 5`]);
    expect(of("hexraft_members")).toContain(`hexraft_members{kind="voter",${whose}} 2`);
    expect(of("hexraft_queue_length")).toEqual([
      `hexraft_queue_length{queue="inbox",${whose}} 1`,
      `hexraft_queue_length{queue="proposals",${whose}} 2`,
    ]);
    expect(of("hexraft_log_write_seconds_total")).toEqual([`hexraft_log_write_seconds_total{${whose}} 1.5`]);
    expect(of("hexraft_protocol_dropped_total")).toEqual([
      `hexraft_protocol_dropped_total{reason="malformed",${whose}} 3`,
    ]);
    expect(of("hexraft_peer_lag_entries")).toEqual([
      `hexraft_peer_lag_entries{peer="n2",${whose}} 9`,
      `hexraft_peer_lag_entries{peer="n3",${whose}} 0`,
    ]);
    for (const { name } of NODE_FACTS)
      expect([name, of(`${name}{`)]).toEqual([name, expect.arrayContaining([expect.any(String)])]);
    expect(of("hexraft_process_cpu_seconds_total")).toHaveLength(1);
    made.close();
  });

  it("O02 a second scrape shows what is there then: counters are not added up, and peers that went are gone", async () => {
    let now = description;
    const { made, scraped } = metrics(undefined, () => now);
    await scraped();
    now = {
      ...description,
      peers: [peer("n3", 99)],
      role: "follower",
      droppedMessages: { malformed: 4 },
    };
    const of = await scraped();
    expect(of("hexraft_peer_lag_entries")).toHaveLength(1);
    expect(of("hexraft_protocol_dropped_total").join()).toMatch(/ 4$/);
    expect(of('hexraft_role{role="leader"').join()).toMatch(/ 0$/);
    made.close();
  });

  it("O02 O03 events are counted as they happen, until it is closed", async () => {
    const events = new Happenings();
    const { made, scraped } = metrics(events);
    const role = { kind: "role", role: "leader", term: 1, leader: "n1", cause: "" } as const;
    events.next(role);
    events.next(role);
    events.next({ kind: "snapshot", stage: "saved", id: { index: 1, term: 1 }, peer: null });
    events.next({ kind: "error", reason: "?" });
    made.close();
    events.next(role);
    const of = await scraped();
    expect(of("hexraft_role_changes_total").join()).toMatch(/role="leader".* 2$/);
    expect(of("hexraft_snapshots_total").join()).toMatch(/stage="saved".* 1$/);
    expect(of("hexraft_errors_total").join()).toMatch(/ 1$/);
    expect(of("hexraft_leader_changes_total").join()).toMatch(/ 0$/);
  });

  it("O02 docs/METRICS.md lists them all, with type, labels and meaning, and no others", () => {
    const listed = [
      ...readFileSync(PAGE, "utf8").matchAll(/^\| `(hexraft_\w+)` \| (\w+) \| ([^|]*?) ?\| (.*) \|$/gm),
    ].map(([, name, type, labels, help]) => [name, type, labels?.trim(), help]);
    const events = Object.values(EVENT_COUNTERS).map(({ name, help, label = "" }) => [name, "counter", label, help]);
    const facts = NODE_FACTS.map(({ name, type, labels = [], help }) => [name, type, labels.join(", "), help]);
    const build = ["hexraft_build_info", "gauge", "version", "Version of this process; always 1."];
    expect(listed).toEqual([build, ...facts, ...events]);
  });
});
