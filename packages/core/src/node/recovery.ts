import { stateOf } from "../components/snapshot-stream.js";
import { StorageNews } from "../components/storage-news.js";
import { NO_STATE_FORMAT, WitnessState, wasWitness } from "../components/witness-state.js";
import type { ConfigurationEntry } from "../model/configuration.js";
import { decodeConfiguration } from "../model/configuration-layout.js";
import { RaftError } from "../model/errors.js";
import type { Formats } from "../model/formats.js";
import type { HardState } from "../model/hard-state.js";
import type { LogBlock } from "../model/log-block.js";
import { holeText, isHole, type LogHole } from "../model/log-hole.js";
import { LOG_START, type LogId, type LogIndex, type Millis, type Term } from "../model/log-id.js";
import type { GroupId, NodeId } from "../model/node-id.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import type { OpenedLog } from "../ports/log-storage.js";
import type { RaftStart } from "../protocol/state/raft-start.js";
import type { NodePorts } from "./node-ports.js";
import { formatsOf, refuseNewer } from "./state-formats.js";

const NO_HOLES: readonly LogHole[] = [];

/** What was found on disk: all that a node comes back from (R16). */
export interface Recovered {
  readonly opened: OpenedLog;
  /** What the protocol starts from; the identity is added by the node. */
  readonly start: Omit<RaftStart, "identity" | "options" | "quorum" | "membership">;
  /** What the state machine holds. */
  readonly appliedId: LogId;
  /** Log time of that entry, ms; the snapshot's or 0. */
  readonly appliedLogTimeMs: Millis;
  /** F05: as the state machine said, and as its snapshot says. */
  readonly formats: Formats;
  /** What the storage says from now on. */
  readonly news: StorageNews;
}

/**
 * Opens log, snapshots and state machine and makes one consistent whole of them (R16, S06): the newest snapshot that is
 * intact is loaded, a log that a crash left behind an installed snapshot is begun anew after it, and a hole between
 * snapshot and log is said, never jumped over.
 *
 * @throws RaftError of the adapters, or `Damaged`.
 */
export async function recover(ports: NodePorts, nodeId: NodeId, groupId: GroupId): Promise<Recovered> {
  const { logStorage, snapshotStorage, stateMachine, random, logger } = ports;
  const news = new StorageNews();
  const opened = await logStorage.open({
    nodeId,
    groupId,
    newDirectoryId: random.hex(8),
    newIncarnation: random.hex(8),
    watcher: news,
  });
  if (opened.cut !== "") logger.warn("a torn tail was cut off the log", { cut: opened.cut });
  const metas = await snapshotStorage.open();
  const isWitness = stateMachine instanceof WitnessState;
  if (!isWitness && metas.some((meta) => meta.formatVersion === NO_STATE_FORMAT)) throw wasWitness();
  const state = await stateMachine.open();
  const { appliedIndex } = state;
  refuseNewer(stateMachine, state, metas);
  const snapshot = await loadNewest(ports, metas, opened, appliedIndex);
  const formats = formatsOf(stateMachine, state, snapshot);
  const applied = Math.max(appliedIndex, snapshot?.id.index ?? 0);
  const restoring = restoringAbove(opened, applied);
  if (restoring > 0)
    logger.error("the state cannot be rebuilt: no snapshot here fills the gap; the leader is asked for one", {
      applied,
      logBeginsAfter: opened.base.index,
    });
  const certain = Math.max(opened.base.index, snapshot?.id.index ?? 0, opened.commitHint);
  if (opened.forgotten !== undefined && appliedIndex > certain)
    // L03: what it holds beyond may have taken the place of what this log says.
    throw damaged(
      `The state machine holds entries up to ${appliedIndex}. ${holeText(opened.forgotten)}, and nobody knows their terms: which of ` +
        "the log's own entries it holds cannot be told. Keep both for inspection, and let this node rejoin with empty ones.",
    );
  const log = await agreeWithSnapshot(ports, opened, snapshot);
  if (applied > log.last.index)
    throw damaged(
      `The state machine holds entries up to ${applied}, but the log ends at ${log.last.index}: its directory was lost or replaced. ` +
        "Restore both or neither.",
    );
  const appliedId = { index: applied, term: termAt(log, applied) ?? snapshot?.id.term ?? 0 };
  const previousSnapshot = metas.find((meta) => snapshot !== null && meta.id.index < snapshot.id.index) ?? null;
  return {
    opened,
    start: {
      hardState: log.hardState,
      base: log.base,
      last: log.last,
      runs: log.runs,
      lastLogTimeMs: (await lastBlock(ports, log))?.logTimeMs ?? snapshot?.logTimeMs ?? 0,
      configurations: await configurations(ports, log, snapshot),
      commit: Math.max(log.base.index, snapshot?.id.index ?? 0, Math.min(opened.commitHint, log.last.index), applied),
      applied,
      holes: log.holes ?? NO_HOLES,
      ...(opened.forgotten !== undefined && { forgotten: opened.forgotten }),
      restoring,
      formats,
      snapshot,
      previousSnapshot,
    },
    appliedId,
    appliedLogTimeMs: snapshot !== null && applied === snapshot.id.index ? snapshot.logTimeMs : 0,
    formats,
    news,
  };
}

/** S09, S11: what is between the state and the log is gone here: a snapshot that reaches the log's beginning is wanted. */
const restoringAbove = ({ base }: OpenedLog, applied: LogIndex): LogIndex =>
  applied < base.index ? Math.max(1, base.index - 1) : 0;

type Log = Pick<OpenedLog, "hardState" | "base" | "last" | "runs" | "configurationIndices" | "holes">;

/** The newest snapshot whose bytes are intact; an older one only if the log goes on from it without a gap (S09). */
async function loadNewest(
  { snapshotStorage, stateMachine, logger }: NodePorts,
  metas: readonly SnapshotMeta[],
  opened: OpenedLog,
  appliedIndex: LogIndex,
): Promise<SnapshotMeta | null> {
  let fault: RaftError | undefined;
  for (const meta of metas) {
    // F06: a state machine with a durable state of its own is never put back behind it.
    if (meta.id.index <= appliedIndex) return meta;
    if (fault !== undefined && meta.id.index < opened.base.index) break;
    try {
      const bytes = snapshotStorage.read(meta, 0, stateMachine.snapshotBytesHeldMax);
      await stateMachine.snapshotLoad(stateOf(bytes), { id: meta.id, formatVersion: meta.formatVersion });
      return meta;
    } catch (error) {
      if (!(error instanceof RaftError) || error.code !== "Damaged") throw error;
      fault = error;
      logger.error("a snapshot is damaged; looking for an older one", { index: meta.id.index, reason: error.message });
    }
  }
  // A log that was never compacted rebuilds the state alone; any other node asks for a snapshot (S11).
  return null;
}

/**
 * A crash between "the received snapshot is durable" and "the log begins anew after it" leaves a log that ends before the
 * snapshot, or that holds another term where it ends: what an install finishes first of all, it is finished here.
 */
async function agreeWithSnapshot(
  { logStorage }: NodePorts,
  opened: OpenedLog,
  snapshot: SnapshotMeta | null,
): Promise<Log> {
  if (snapshot === null || snapshot.id.index < opened.base.index) return opened;
  if (termAt(opened, snapshot.id.index) === snapshot.id.term) return opened;
  const { id } = snapshot;
  // The term never goes back, and no vote was given in a term that this replica did not know.
  const hardState: HardState =
    opened.hardState.term >= id.term ? opened.hardState : { ...opened.hardState, term: id.term, vote: null };
  await logStorage.write({ hardState, resetTo: id });
  return { hardState, base: id, last: id, runs: [], configurationIndices: [] };
}

/** The snapshot's configuration, and those of the log above it, ascending (M01, M10). */
async function configurations(
  ports: NodePorts,
  log: Log,
  snapshot: SnapshotMeta | null,
): Promise<readonly ConfigurationEntry[]> {
  const found: ConfigurationEntry[] = [];
  if (snapshot !== null && snapshot.configuration.configuration.voters.length > 0) found.push(snapshot.configuration);
  const known = found[0]?.id.index ?? 0;
  for (const index of log.configurationIndices) {
    if (index <= known) continue;
    const block = await blockAt(ports, index);
    // L03: it takes its place once it is repaired; until then this node decides nothing.
    if (block === undefined) continue;
    found.push({ id: { index, term: block.term }, configuration: decodeConfiguration(block.payloadAt(index)) });
  }
  return found;
}

/** The last entry's block, unless the log is empty or has lost it. @throws RaftError if a witness wrote it, and this is none. */
async function lastBlock(ports: NodePorts, { base, last }: Log): Promise<LogBlock | undefined> {
  const block = last.index === base.index ? undefined : await blockAt(ports, last.index);
  if (block?.isBare === true && !(ports.stateMachine instanceof WitnessState)) throw wasWitness();
  return block;
}

/** `undefined` if it was lost and can be put back (L03). */
async function blockAt({ logStorage }: NodePorts, index: LogIndex): Promise<LogBlock | undefined> {
  try {
    const [block] = await logStorage.read(index, 1);
    if (block === undefined) throw damaged(`Entry ${index} cannot be read back from the log.`);
    return block;
  } catch (error) {
    if (isHole(error)) return undefined;
    throw error;
  }
}

/** The term of an entry, if the log knows it. */
function termAt(log: Log, index: LogIndex): Term | undefined {
  if (index === log.base.index) return log.base.term;
  if (index === LOG_START.index || index < log.base.index || index > log.last.index) return undefined;
  let term: Term | undefined;
  for (const run of log.runs) if (run.first <= index) term = run.term;
  return term;
}

const damaged = (message: string): RaftError => new RaftError("Damaged", "refused", message);
