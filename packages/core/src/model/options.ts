import { RaftError } from "./errors.js";
import type { Millis } from "./log-id.js";
import { type GroupId, isName, type NodeId } from "./node-id.js";

/** Sizes and durations that the protocol obeys. One table for all: see {@link DEFAULT_OPTIONS}. */
export interface ProtocolOptions {
  /** T, the minimum election timeout; waits are drawn from [T, 2T) (E03). ms, 10 … 600,000. */
  readonly electionTimeoutMs: Millis;
  /** Between two heartbeats of a leader. ms; at most T/3, so that two may be lost. */
  readonly heartbeatIntervalMs: Millis;
  /** E05: ask before campaigning. Switched off only to show why it is there (N07). */
  readonly preVote: boolean;
  /**
   * M12: this replica votes and keeps the log's metadata, and nothing else: no payloads, no state. It never leads, and serves no
   * reads, snapshots or repairs. For life: another start without it is refused. Name it under `witnesses` of the configuration.
   */
  readonly witness: boolean;
  /** Most entries of one AppendEntries and of one block. 1 … 65,536. */
  readonly batchEntriesMax: number;
  /** Most bytes of the blocks of one AppendEntries; one larger entry still goes (R10). */
  readonly batchBytesMax: number;
  /** R09: most AppendEntries in flight to one peer. 1 … 1,024. */
  readonly windowMessagesMax: number;
  /** R09: most bytes in flight to one peer; one message always goes. */
  readonly windowBytesMax: number;
  /** R10: largest command, bytes; what is larger is refused at propose. At most 2²⁴ − 1. */
  readonly entryBytesMax: number;
  /** Largest frame that the transport carries, bytes; entry and batch must fit (R10). */
  readonly frameBytesMax: number;
  /** R12: most bytes that are appended and not yet applied; beyond it proposals get `Overloaded`. */
  readonly uncommittedBytesMax: number;
  /**
   * Most bytes of recent blocks kept in memory, of those not applied yet or that a peer of the leader lacks; others are read back from the
   * log storage (R13). 64 MiB; 4 for a group of many.
   */
  readonly cacheBytesMax: number;
  /** R12, C05: most reads and forwarded proposals that wait at once; beyond it they get `Overloaded`. */
  readonly pendingRequestsMax: number;
  /** S07: a snapshot is taken when this many entries were applied since the last one. */
  readonly snapshotEveryEntries: number;
  /** S07: … or this many bytes of log. */
  readonly snapshotEveryBytes: number;
  /** S07: … or this much time, if anything was applied; 0 switches it off. ms. */
  readonly snapshotIntervalMs: Millis;
  /** E24: a write that takes longer makes a leader give up office. ms; 2T unless given. */
  readonly writeOverdueMs: Millis;
  /** Q05: a lease is so much shorter than T, and a host that stood still without its clock noticing for longer has none. ms; T/10 unless given. */
  readonly clockDriftMs: Millis;
  /** M04: entries that a new voter may lack when it has caught up. */
  readonly catchUpMarginEntries: number;
  /** M04: a change fails when a new voter gets no further for this long, or, once it has caught up, answers nothing. ms. */
  readonly catchUpTimeoutMs: Millis;
  /** M04: … or needed T or longer for this many rounds. */
  readonly catchUpRoundsMax: number;
  /** S10: most bytes of log kept for a peer that is being sent a snapshot, from the offer on until it replicates again. */
  readonly keptLogBytesMax: number;
  /** S04: most snapshots on their way to others at once, of a group and of all groups of the process together. 1 … 64. */
  readonly snapshotSendsMax: number;
  /** S04: most snapshots that come in at once, of all groups of the process together. 1 … 64. */
  readonly snapshotReceivesMax: number;
  /** S04: most bytes a second of all snapshots that leave the process together; 0: no limit, else at least 65,536. */
  readonly snapshotBytesPerSecondMax: number;
  /** L03: a damaged log that nobody could help with for so long stops the node. ms, 10 … 86,400,000. */
  readonly repairTimeoutMs: Millis;
  /** S03: entries kept behind the previous snapshot for slow followers. */
  readonly compactionMarginEntries: number;
}

/** Who a node is, and how it behaves. Everything but the ids has a default. */
export interface NodeOptions extends Partial<ProtocolOptions> {
  /** The node's stable name. */
  readonly nodeId: NodeId;
  /** The group's name. Default `main`. */
  readonly groupId?: GroupId;
}

/** Starting values, each with the reason it has this size. */
export const DEFAULT_OPTIONS: ProtocolOptions = {
  electionTimeoutMs: 1_000, // survives a long GC pause and a slow fsync; same-host clusters use 150
  heartbeatIntervalMs: 200, // T/5: four may be lost before an election
  preVote: true,
  witness: false,
  batchEntriesMax: 1_024,
  batchBytesMax: 512 * 1024, // one fsync's worth; larger only delays the first answer
  windowMessagesMax: 8,
  windowBytesMax: 4 * 1024 * 1024, // a 10 ms round trip at 400 MB/s
  entryBytesMax: 8 * 1024 * 1024,
  frameBytesMax: 16 * 1024 * 1024,
  uncommittedBytesMax: 64 * 1024 * 1024,
  cacheBytesMax: 64 * 1024 * 1024,
  pendingRequestsMax: 65_536,
  snapshotEveryEntries: 1_000_000,
  snapshotEveryBytes: 256 * 1024 * 1024,
  snapshotIntervalMs: 0,
  writeOverdueMs: 2_000, // 2T: a disk that slow fails the group more than an election does
  clockDriftMs: 100, // T/10: clocks 5 % apart, a hundred times what quartz does, and as much for stand-stills
  catchUpMarginEntries: 1_000, // some ten milliseconds of a busy log
  catchUpTimeoutMs: 30_000, // a process that is being started meanwhile gets there
  catchUpRoundsMax: 10, // as in the thesis
  keptLogBytesMax: 1024 * 1024 * 1024, // ten seconds of a full disk's writes
  snapshotSendsMax: 2, // one disk reads them all
  snapshotReceivesMax: 2, // and one writes them
  snapshotBytesPerSecondMax: 0, // flow control alone: the receiver's disk sets the pace
  repairTimeoutMs: 60_000, // members that are being restarted are back by then
  compactionMarginEntries: 10_000,
};

/** Less than this a second would not get a piece across before the transfer counts as stalled. Bytes. */
const SNAPSHOT_RATE_MIN = 65_536;

type Range = readonly [field: keyof ProtocolOptions, low: number, high: number, unit: string];
const RANGES: readonly Range[] = [
  ["electionTimeoutMs", 10, 600_000, "ms"],
  ["heartbeatIntervalMs", 1, 200_000, "ms"],
  ["batchEntriesMax", 1, 65_536, "entries"],
  ["batchBytesMax", 1_024, 2 ** 30, "bytes"],
  ["windowMessagesMax", 1, 1_024, "messages"],
  ["windowBytesMax", 1_024, 2 ** 30, "bytes"],
  ["entryBytesMax", 1, 2 ** 24 - 1, "bytes"],
  ["frameBytesMax", 4_096, 2 ** 30, "bytes"],
  ["uncommittedBytesMax", 1_024, 2 ** 40, "bytes"],
  ["cacheBytesMax", 1_024, 2 ** 40, "bytes"],
  ["pendingRequestsMax", 1, 10_000_000, "requests"],
  ["snapshotEveryEntries", 1, 2 ** 40, "entries"],
  ["snapshotEveryBytes", 1_024, 2 ** 50, "bytes"],
  ["snapshotIntervalMs", 0, 30 * 86_400_000, "ms"],
  ["writeOverdueMs", 10, 86_400_000, "ms"],
  ["clockDriftMs", 1, 600_000, "ms"],
  ["catchUpMarginEntries", 0, 2 ** 40, "entries"],
  ["catchUpTimeoutMs", 10, 86_400_000, "ms"],
  ["catchUpRoundsMax", 1, 1_000, "rounds"],
  ["keptLogBytesMax", 0, 2 ** 50, "bytes"],
  ["snapshotSendsMax", 1, 64, "snapshots"],
  ["snapshotReceivesMax", 1, 64, "snapshots"],
  ["snapshotBytesPerSecondMax", 0, 2 ** 40, "bytes"],
  ["repairTimeoutMs", 10, 86_400_000, "ms"],
  ["compactionMarginEntries", 0, 2 ** 40, "entries"],
];

/** What may be given. */
const KNOWN: ReadonlySet<string> = new Set([...Object.keys(DEFAULT_OPTIONS), "nodeId", "groupId"]);

/** Room a frame needs beside its blocks: envelope, headers. Bytes. */
export const FRAME_OVERHEAD_BYTES = 4_096;

/** O05: the error for an option: names field, value and rule. */
export function badOption(field: string, value: unknown, rule: string): RaftError {
  return new RaftError(
    "BadOption",
    "refused",
    `option ${field} is ${JSON.stringify(value) ?? String(value)}, but it ${rule}`,
    {
      field,
      value,
      rule,
    },
  );
}

/** Options with every default filled in. */
export interface ResolvedOptions extends ProtocolOptions {
  /** The node's name. */
  readonly nodeId: NodeId;
  /** The group's name. */
  readonly groupId: GroupId;
}

/**
 * Fills in the defaults and checks every option (O05).
 * If only `electionTimeoutMs` is given, the heartbeat interval follows it at T/5, `writeOverdueMs` at 2T, and `clockDriftMs` at T/10.
 *
 * @throws RaftError `BadOption`, naming the field, its value and the rule it breaks.
 */
export function resolveOptions(given: NodeOptions): ResolvedOptions {
  if (!isName(given.nodeId)) throw badOption("nodeId", given.nodeId, "must be 1–64 characters of A–Z a–z 0–9 . _ -");
  const groupId = given.groupId ?? "main";
  if (!isName(groupId)) throw badOption("groupId", groupId, "must be 1–64 characters of A–Z a–z 0–9 . _ -");
  for (const field of Object.keys(given))
    if (!KNOWN.has(field))
      throw badOption(field, (given as unknown as Record<string, unknown>)[field], "is not an option of a node");
  const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const { electionTimeoutMs } = given;
  const derived =
    typeof electionTimeoutMs === "number"
      ? {
          heartbeatIntervalMs: electionTimeoutMs / 5,
          writeOverdueMs: 2 * electionTimeoutMs,
          clockDriftMs: electionTimeoutMs / 10,
        }
      : {};
  const options = { ...DEFAULT_OPTIONS, ...derived, ...defined, nodeId: given.nodeId, groupId };
  for (const [field, low, high, unit] of RANGES) {
    const value = options[field];
    if (typeof value !== "number" || !(value >= low && value <= high))
      throw badOption(field, value, `must be a number from ${low} to ${high} ${unit}`);
    if (unit !== "ms" && !Number.isInteger(value)) throw badOption(field, value, "must be a whole number");
  }
  for (const field of ["preVote", "witness"] as const)
    if (typeof options[field] !== "boolean") throw badOption(field, options[field], "must be true or false");
  if (options.heartbeatIntervalMs > options.electionTimeoutMs / 3)
    throw badOption(
      "heartbeatIntervalMs",
      options.heartbeatIntervalMs,
      `must be at most a third of electionTimeoutMs (${options.electionTimeoutMs} ms), so that two heartbeats may be lost`,
    );
  if (options.clockDriftMs >= options.electionTimeoutMs)
    throw badOption(
      "clockDriftMs",
      options.clockDriftMs,
      `must be less than electionTimeoutMs (${options.electionTimeoutMs} ms), or no lease would be left (Q05)`,
    );
  const rate = options.snapshotBytesPerSecondMax;
  if (rate !== 0 && rate < SNAPSHOT_RATE_MIN)
    throw badOption(
      "snapshotBytesPerSecondMax",
      rate,
      `must be 0, for no limit, or at least ${SNAPSHOT_RATE_MIN} bytes`,
    );
  const largest = Math.max(options.entryBytesMax, options.batchBytesMax) + FRAME_OVERHEAD_BYTES;
  if (options.frameBytesMax < largest)
    throw badOption(
      "frameBytesMax",
      options.frameBytesMax,
      `must be at least ${largest} bytes, so that every legal entry and batch fits a frame (R10)`,
    );
  if (options.uncommittedBytesMax < options.entryBytesMax)
    throw badOption(
      "uncommittedBytesMax",
      options.uncommittedBytesMax,
      `must be at least entryBytesMax (${options.entryBytesMax})`,
    );
  return options;
}
