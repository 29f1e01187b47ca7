import type {
  ClusterId,
  ConfigurationEntry,
  DirectoryId,
  GroupId,
  HardState,
  Incarnation,
  LogHole,
  LogId,
  LogIndex,
  NodeId,
  StartNumber,
  TermRun,
} from "@hexraft/core/ports";

/** Bytes that are wrong or missing, although they were durable (L03). */
export interface DamagedRange {
  /** Path of the file. */
  readonly file: string;
  /** Where the range begins, bytes. */
  readonly offset: number;
  /** Its length, bytes; it may reach beyond the end of a file that was cut short. */
  readonly length: number;
  /** What is wrong there. */
  readonly what: string;
}

/** A segment file of a log. */
export interface InspectedSegment {
  /** Its path. */
  readonly file: string;
  /** Its number. */
  readonly number: number;
  /** How often the file was used, this time included. */
  readonly generation: number;
  /** Length of the file, bytes. */
  readonly bytes: number;
  /** Whether it has its foot. */
  readonly closed: boolean;
  /** Whole batches in it. */
  readonly batches: number;
  /** Lowest index of its blocks, later overwritten ones included; 0 if it has none. */
  readonly first: LogIndex;
  /** Highest index of its blocks, later overwritten ones included; 0 if it has none. */
  readonly last: LogIndex;
}

/** A segment file of a log that many groups share. */
export interface InspectedSharedSegment {
  /** Its path. */
  readonly file: string;
  /** Its number. */
  readonly number: number;
  /** How often the file was used, this time included. */
  readonly generation: number;
  /** Length of the file, bytes. */
  readonly bytes: number;
}

/** G01: the log that all groups of a process share. */
export interface InspectedSharedLog {
  /** Oldest first. */
  readonly segments: readonly InspectedSharedSegment[];
  /** A write that did not end, in words; opening will cut it (L02). Empty if there is none. */
  readonly unfinished: string;
}

/** A snapshot that is whole. */
export interface InspectedSnapshot {
  /** Its path. */
  readonly file: string;
  /** The last entry it includes. */
  readonly id: LogId;
  /** Bytes of its stream. */
  readonly sizeBytes: number;
  /** CRC-32 of its stream. */
  readonly checksum: number;
}

/** One replica, as far as its files can be read. */
export interface InspectedGroup {
  /** The group. */
  readonly groupId: GroupId;
  /** The replica's identity. */
  readonly incarnation: Incarnation;
  /** The newest hard state that is intact. */
  readonly hardState: HardState;
  /** R08: known to be committed. */
  readonly commitHint: LogIndex;
  /** The last removed entry. */
  readonly base: LogId;
  /** The last entry. */
  readonly last: LogId;
  /** Terms of base + 1 … last. */
  readonly runs: readonly TermRun[];
  /** Configurations in base + 1 … last, ascending. */
  readonly configurations: readonly ConfigurationEntry[];
  /** Oldest first; none of a group whose log is a shared one. */
  readonly segments: readonly InspectedSegment[];
  /** Newest first. */
  readonly snapshots: readonly InspectedSnapshot[];
  /**
   * L03: which entries were lost without their terms, and in which bytes: what the log says of itself ends before them. `null` if none were,
   * or the log is a shared one, which keeps no such file.
   */
  readonly forgotten: LogHole | null;
  /** A write that did not end, in words; opening will cut it (L02). Empty if there is none. */
  readonly unfinished: string;
  /** Why opening the log would be refused; empty if it would not. */
  readonly refusal: string;
}

/** What {@link inspectDirectory} found. */
export interface DirectoryReport {
  /** The directory. */
  readonly directory: string;
  /** Whose it is; `null` if its file is missing or wrong. */
  readonly identity: {
    /** The node. */
    readonly nodeId: NodeId;
    /** Its cluster; empty while it waits to be claimed. */
    readonly clusterId: ClusterId;
    /** The directory's own identity. */
    readonly directoryId: DirectoryId;
    /** Number of its latest start. */
    readonly startNumber: StartNumber;
  } | null;
  /** The log that its replicas share; `null` if each has its own. */
  readonly sharedLog: InspectedSharedLog | null;
  /** Its replicas, by name. */
  readonly groups: readonly InspectedGroup[];
  /** Everything that is wrong; empty if all is intact. */
  readonly damage: readonly DamagedRange[];
}
