import type { NodeDescription } from "@hexraft/core";

/** One value with its labels. */
export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A metric that is read off a node's description when somebody scrapes. */
export interface Fact {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly labels?: readonly string[];
  /** All its samples. */
  readonly of: (node: NodeDescription) => readonly Sample[];
}

const ROLES = ["follower", "pre-candidate", "candidate", "leader"] as const;
const PEER_STATES = ["probe", "replicate", "snapshot"] as const;

const gauge = (name: string, help: string, of: (node: NodeDescription) => number): Fact => ({
  name: `hexraft_${name}`,
  help,
  type: "gauge",
  of: (node) => [{ value: of(node) }],
});

/** Of each peer, as its leader knows; nothing on other nodes. */
const peerGauge = (
  name: string,
  help: string,
  of: (peer: NodeDescription["peers"][number], node: NodeDescription) => number,
): Fact => ({
  name: `hexraft_peer_${name}`,
  help,
  type: "gauge",
  labels: ["peer"],
  of: (node) => node.peers.map((peer) => ({ value: of(peer, node), labels: { peer: peer.id } })),
});

/** A number that a component has counted since the start. */
const counted = (name: string, help: string, part: "log" | "postman" | "fsm", field: string, scale = 1): Fact => ({
  name: `hexraft_${name}`,
  help,
  type: "counter",
  of: ({ storage }) => {
    const value = (storage[part] as Readonly<Record<string, unknown>>)[field];
    return typeof value === "number" ? [{ value: value * scale }] : [];
  },
});

const labelled = (
  name: string,
  help: string,
  type: Fact["type"],
  label: string,
  of: (node: NodeDescription) => Readonly<Record<string, number>>,
): Fact => ({
  name: `hexraft_${name}`,
  help,
  type,
  labels: [label],
  of: (node) => Object.entries(of(node)).map(([key, value]) => ({ value, labels: { [label]: key } })),
});

/** Whether the group serves here. */
export const HALTED = gauge(
  "halted",
  "1 if the group has stopped in place on this node, or is refused there.",
  ({ halted }) => Number(halted !== ""),
);

/** O02: what a node's description says, as metrics. Base units: seconds, bytes, entries. */
export const NODE_FACTS: readonly Fact[] = [
  {
    name: "hexraft_node_info",
    help: "Who this is; always 1.",
    type: "gauge",
    labels: ["cluster", "incarnation", "address"],
    of: ({ identity: { clusterId, incarnation }, address }) => [
      { value: 1, labels: { cluster: clusterId, incarnation, address } },
    ],
  },
  labelled("role", "1 for the role that this node has.", "gauge", "role", ({ role }) =>
    Object.fromEntries(ROLES.map((each) => [each, Number(each === role)])),
  ),
  gauge("term", "The term.", ({ term }) => term),
  gauge("leader_known", "1 if this node knows who leads.", ({ leader }) => Number(leader !== null)),
  gauge(
    "leader_contact_age_seconds",
    "Since a leader was heard; on the leader, since a quorum was.",
    ({ leaderContactAgoMs }) => leaderContactAgoMs / 1_000,
  ),
  HALTED,
  gauge("state_machine_faulted", "1 if the state machine is not called any more.", ({ faulted }) =>
    Number(faulted !== ""),
  ),
  labelled(
    "state_machine_format",
    "Formats of commands and snapshots: the newest known here, and the one that is open.",
    "gauge",
    "format",
    ({ formatVersion, openFormat }) => ({ known: formatVersion, open: openFormat }),
  ),
  gauge("write_overdue", "1 if a write to the disk takes longer than writeOverdueMs.", ({ writeOverdue }) =>
    Number(writeOverdue),
  ),
  gauge("log_missing_entries", "Entries that the disk lost, and that are being repaired.", ({ holes }) =>
    holes.reduce((sum, { first, last }) => sum + last - first + 1, 0),
  ),
  gauge("log_first_index", "First entry of the log.", ({ base }) => base.index + 1),
  gauge("log_last_index", "Last entry of the log.", ({ last }) => last.index),
  gauge("durable_index", "Last entry on this node's own disk.", ({ durableIndex }) => durableIndex),
  gauge("commit_index", "Last entry known to be committed.", ({ commitIndex }) => commitIndex),
  gauge(
    "applied_index",
    "Last entry that the state machine has applied; its rate is entries per second.",
    ({ appliedIndex }) => appliedIndex,
  ),
  gauge("snapshot_index", "Last entry in the newest snapshot; 0 without one.", ({ snapshot }) => snapshot?.index ?? 0),
  gauge("configuration_index", "Entry of the configuration in force.", ({ configuration }) => configuration.id.index),
  labelled(
    "members",
    "Members of the configuration in force.",
    "gauge",
    "kind",
    ({ configuration: { configuration } }) => ({
      voter: configuration.voters.length,
      learner: configuration.learners.length,
      witness: configuration.witnesses.length,
    }),
  ),
  gauge("change_under_way", "1 while members change.", ({ change }) => Number(change !== null)),
  gauge("uncommitted_bytes", "Appended and not yet applied.", ({ uncommittedBytes }) => uncommittedBytes),
  gauge("log_cache_bytes", "Recent entries in memory.", ({ cachedBytes }) => cachedBytes),
  gauge("log_writes_under_way", "Writes handed out and not yet durable.", ({ writesUnderWay }) => writesUnderWay),
  gauge("pending_reads", "Reads that wait for confirmation.", ({ pendingReads }) => pendingReads),
  labelled("queue_length", "What waits, by queue.", "gauge", "queue", ({ queues }) =>
    Object.fromEntries(Object.entries(queues).filter(([queue]) => queue !== "droppedMessages")),
  ),
  labelled(
    "protocol_dropped_total",
    "Messages and answers that the protocol dropped, by reason.",
    "counter",
    "reason",
    ({ droppedMessages }) => droppedMessages,
  ),
  counted("log_writes_total", "Batches written and synced.", "log", "writes"),
  counted("log_write_seconds_total", "Time that these writes took, from order to durable.", "log", "writeMs", 0.001),
  counted("apply_batches_total", "Batches that the state machine was given.", "fsm", "batches"),
  counted("messages_sent_total", "Messages handed to the transport.", "postman", "sent"),
  counted("messages_dropped_total", "Messages that the transport did not take.", "postman", "dropped"),
  peerGauge("match_index", "Last entry that the peer holds for certain.", ({ match }) => match),
  peerGauge("lag_entries", "Entries that the peer lacks.", ({ match }, { last }) => last.index - match),
  peerGauge(
    "silent_seconds",
    "Since the peer's last answer; 0 while the group rests.",
    ({ silentMs }) => silentMs / 1_000,
  ),
  peerGauge(
    "in_flight_messages",
    "Messages that the peer has not acknowledged.",
    ({ messagesInFlight }) => messagesInFlight,
  ),
  peerGauge("in_flight_bytes", "Bytes of them.", ({ bytesInFlight }) => bytesInFlight),
  {
    name: "hexraft_peer_state",
    help: "1 for the state that replication to the peer is in.",
    type: "gauge",
    labels: ["peer", "state"],
    of: ({ peers }) =>
      peers.flatMap(({ id, state }) =>
        PEER_STATES.map((each) => ({ value: Number(each === state), labels: { peer: id, state: each } })),
      ),
  },
];
