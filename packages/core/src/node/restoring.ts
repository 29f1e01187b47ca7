import type { BackupAbout } from "../components/backup-layout.js";
import { openBackup } from "../components/backup-stream.js";
import { stateOf } from "../components/snapshot-stream.js";
import { WitnessState } from "../components/witness-state.js";
import { NO_CONFIGURATION } from "../model/configuration.js";
import { RaftError } from "../model/errors.js";
import { FRESH_HARD_STATE } from "../model/hard-state.js";
import { LOG_START } from "../model/log-id.js";
import type { GroupId, NodeId } from "../model/node-id.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import type { NodePorts } from "./node-ports.js";
import { type Recovered, recover } from "./recovery.js";
import { refuseNewer } from "./state-formats.js";

/** F08: what was restored. */
export interface Restored {
  /** What the backup says of itself. */
  readonly about: BackupAbout;
  /** O06: the state machine's hash over it; empty if it has none. */
  readonly stateHash: string;
}

/** Whether a replica holds the state of a backup, and belongs to no cluster yet. */
export const isRestored = ({ start }: Recovered): boolean =>
  start.snapshot !== null && start.configurations.length === 0;

/**
 * F08: makes the first replica of a new cluster out of a backup, in an empty directory: the state, and a log that begins
 * behind it, so that whatever names an index goes on to be right. No member and no identity of the old cluster is in it. It waits
 * to be founded (M13), and then the others get the state as anybody does who has no log.
 *
 * What does not load, or is in a newer format than this release knows (F05), is not kept: the state machine takes the bytes as they are written.
 */
export async function restore(
  ports: NodePorts,
  nodeId: NodeId,
  groupId: GroupId,
  bytes: AsyncIterable<Uint8Array>,
): Promise<Restored> {
  if (ports.stateMachine instanceof WitnessState) throw refused("a witness holds no state");
  const { about, stream } = await openBackup(bytes, ports.checksum);
  if (about.groupId !== groupId)
    throw refused(`it is of group ${about.groupId}, and this replica is of group ${groupId}; give both the same name`);
  const recovered = await recover(ports, nodeId, groupId);
  const fault = whyNotNew(recovered);
  if (fault !== undefined) throw refused(`${fault}; a backup goes into an empty directory`);
  refuseNewer(ports.stateMachine, { formatVersion: recovered.formats.known }, [about]);
  await keepState(ports, about, stream);
  await ports.logStorage.write({ hardState: { ...FRESH_HARD_STATE, term: about.id.term }, resetTo: about.id });
  return { about, stateHash: ports.stateMachine.stateHash?.() ?? "" };
}

/** F08: the state under the founders' configuration: what the cluster begins with, in the place of a first entry. */
export async function underConfiguration(
  { snapshotStorage }: NodePorts,
  restored: SnapshotMeta,
  configuration: SnapshotMeta["configuration"],
): Promise<SnapshotMeta> {
  const sink = await snapshotStorage.begin({ ...restored, configuration }, "local");
  try {
    for await (const chunk of snapshotStorage.read(restored, 0)) await sink.write(chunk);
    return await sink.commit();
  } catch (error) {
    await sink.abort(false);
    throw error;
  }
}

async function keepState(
  { snapshotStorage, stateMachine }: NodePorts,
  about: BackupAbout,
  stream: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { id, logTimeMs, formatVersion } = about;
  const configuration = { id: LOG_START, configuration: NO_CONFIGURATION };
  const meta = { id, configuration, logTimeMs, formatVersion, sizeBytes: 0, checksum: 0 };
  const sink = await snapshotStorage.begin(meta, "local");
  const chunks = stream[Symbol.asyncIterator]();
  async function* kept(): AsyncGenerator<Uint8Array> {
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      await sink.write(next.value);
      yield next.value;
    }
  }
  try {
    await stateMachine.snapshotLoad(stateOf(kept()), { id, formatVersion });
    // A state machine need not read what it does not need; a backup is kept whole.
    for await (const _ of kept());
    await sink.commit();
  } catch (error) {
    await sink.abort(false);
    throw error;
  }
}

function whyNotNew({ opened, start, appliedId }: Recovered): string | undefined {
  if (opened.clusterId !== "") return `this replica belongs to cluster ${opened.clusterId}`;
  if (start.snapshot !== null) return `this replica holds a state up to entry ${start.snapshot.id.index}`;
  if (start.last.index > 0 || appliedId.index > 0) return `this replica has a log up to entry ${start.last.index}`;
  return undefined;
}

const refused = (reason: string): RaftError =>
  new RaftError("RecoveryRefused", "refused", `The backup was not restored: ${reason}.`);
