import type { ConfigurationEntry } from "../../model/configuration.js";
import type { Formats } from "../../model/formats.js";
import type { HardState } from "../../model/hard-state.js";
import type { LogHole } from "../../model/log-hole.js";
import type { LogId, LogIndex, Millis, TermRun } from "../../model/log-id.js";
import type { LocalIdentity } from "../../model/node-id.js";
import type { ProtocolOptions } from "../../model/options.js";
import type { SnapshotMeta } from "../../model/snapshot-meta.js";
import type { MembershipPolicy, QuorumPolicy } from "../policies.js";

/** What recovery found, and the rules to play by. */
export interface RaftStart {
  /** Who it is. */
  readonly identity: LocalIdentity;
  /** What it obeys. */
  readonly options: ProtocolOptions;
  /** New hard state. */
  readonly hardState: HardState;
  /** The last removed entry. */
  readonly base: LogId;
  /** The last entry. */
  readonly last: LogId;
  /** Terms of the log. */
  readonly runs: readonly TermRun[];
  /** C03 log time of the last entry, or of the snapshot; ms. */
  readonly lastLogTimeMs: Millis;
  /** Ascending: the one at or below the base, if any, then those of the log. */
  readonly configurations: readonly ConfigurationEntry[];
  /** R08: max(snapshot index, hint, applied index of F06). */
  readonly commit: LogIndex;
  /** What the state machine holds already. */
  readonly applied: LogIndex;
  /** The newest snapshot, and the one before it. */
  readonly snapshot: SnapshotMeta | null;
  /** The one before it: what the log may be compacted up to (S03). */
  readonly previousSnapshot: SnapshotMeta | null;
  /** F05: which formats its state machine knows, and which one is in force. Absent: it has none to speak of. */
  readonly formats?: Formats;
  /** L03: entries that the disk lost; absent: none. */
  readonly holes?: readonly LogHole[];
  /** L03: entries that it lost with their terms; the log ends before them. Absent: none. */
  readonly forgotten?: LogHole;
  /** S11: no snapshot and log rebuild the state, and one above this index would; absent or 0: they do. */
  readonly restoring?: LogIndex;
  /** G02: whether its process beats for it while it rests. Absent: it never does. */
  readonly mayRest?: boolean;
  /** Which sets of voters decide. */
  readonly quorum: QuorumPolicy;
  /** How members change. */
  readonly membership: MembershipPolicy;
}
