import {
  type Checksum,
  type ClusterId,
  holeError,
  type LogBlock,
  type LogIndex,
  type LogStorage,
  type LogWrite,
  type OpenedLog,
  type OpenLog,
  RaftError,
} from "@hexraft/core/ports";
import { closedAlready } from "../format/faults.js";
import { type GroupOperation, RecordKind } from "../log/record.js";
import { planWrite, type WritePlan } from "../log/write-plan.js";
import type { GroupDirectory } from "./group-directory.js";
import { type GroupLog, holeOf, type Place } from "./group-log.js";
import { readPlaces } from "./place-reader.js";
import type { SharedLog } from "./shared-log.js";

/** The log of one group in a shared log. */
export class GroupLogStorage implements LogStorage {
  private log: GroupLog | undefined;
  private state: "new" | "open" | "closed" = "new";
  /** Where the log will end once everything asked for is written. */
  private plannedLast: LogIndex = 0;
  /** G03: why this group may not write any more, where the log goes on without it. */
  private death: unknown;

  constructor(
    private readonly shared: SharedLog,
    private readonly group: string,
    private readonly checksum: Checksum,
    private readonly directory: GroupDirectory,
  ) {}

  async open(request: OpenLog): Promise<OpenedLog> {
    if (this.state !== "new") throw closedAlready(`group ${this.group}`);
    if (request.groupId !== this.group)
      throw new RaftError(
        "BadOption",
        "refused",
        `the log of group ${this.group} was opened as ${request.groupId}; ask the storage for the group that is meant`,
        { field: "groupId", value: request.groupId },
      );
    const { book } = this.shared.living();
    if (book.named(this.group) === undefined) {
      // What an earlier group of this name left behind, if a crash came before it was cleared away.
      await this.directory.clear();
      await this.shared.declare(this.group, request.newIncarnation, "there");
    }
    const log = book.named(this.group) as GroupLog;
    if (log.damage !== undefined) throw log.damage;
    this.log = log;
    this.plannedLast = log.lastIndex;
    this.state = "open";
    log.watcher = request.watcher;
    this.directory.opened(log);
    const holes = log.holes();
    const { clusterId, directoryId, startNumber } = this.shared.identity;
    const { incarnation, hardState, commitHint, base, last } = log;
    return {
      clusterId,
      directoryId,
      incarnation,
      startNumber,
      hardState,
      commitHint: Math.min(commitHint, last.index),
      base,
      last,
      runs: log.runs(),
      configurationIndices: log.configurationIndices(),
      ...(holes.length > 0 && { holes }),
      cut: this.shared.cut,
    };
  }

  adopt(clusterId: ClusterId): Promise<void> {
    return this.guarded(() => {
      this.living();
      return this.shared.adopt(clusterId);
    });
  }

  write(write: LogWrite): Promise<void> {
    try {
      const log = this.living();
      const { writer } = this.shared.living();
      const plan = this.plan(log, write);
      return writer.write(() => plan);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** L03: what was lost is appended once more, as a copy that stands elsewhere: no file is laid anew that others use, too. */
  repair(blocks: readonly LogBlock[]): Promise<void> {
    return this.guarded(async () => {
      for (;;) {
        const log = this.living();
        const { writer, book } = this.shared.living();
        const copies = book.copiesOfLost(log, blocks);
        if (copies.length === 0) return;
        // Not all of them are admitted if a truncation comes in between: what is still lost then is copied once more.
        await writer.write(() => ({ operations: copies, last: 0 }));
      }
    });
  }

  /** Empty if `from` is above the last entry, or at or below the base by now. */
  read(from: LogIndex, bytesMax: number): Promise<readonly LogBlock[]> {
    return this.guarded(async () => {
      const log = this.living();
      this.shared.living();
      for (;;) {
        if (from <= log.base.index || from > log.lastIndex) return [];
        const { blocks, lost } = await readPlaces(log.placesFrom(from), from, bytesMax, this.checksum);
        // Copied forward while it was being read (G05): it stands elsewhere now.
        if (blocks.length === 0 && lost !== undefined && !log.holds(lost)) continue;
        if (lost !== undefined) log.lose(lost);
        if (blocks.length === 0) throw holeError(holeOf(lost as Place));
        return blocks;
      }
    });
  }

  async close(): Promise<void> {
    if (this.state !== "open") return;
    this.state = "closed";
    if (this.log !== undefined) this.log.watcher = undefined;
    await this.shared.settled();
  }

  describe(): Readonly<Record<string, unknown>> {
    const { log } = this;
    return {
      group: this.group,
      state: log?.damage === undefined ? this.state : "damaged",
      base: log?.base.index ?? 0,
      last: log?.lastIndex ?? 0,
      holes: log?.holes().length ?? 0,
      shared: this.shared.describe(),
    };
  }

  private plan(log: GroupLog, write: LogWrite): WritePlan {
    let plan: WritePlan;
    try {
      plan = planWrite(write, this.plannedLast, this.checksum, log.number);
    } catch (error) {
      this.death = error;
      throw error;
    }
    this.plannedLast = plan.last;
    const { compactTo } = write;
    if (compactTo === undefined || compactTo.index > plan.last) return plan;
    const base: GroupOperation = { group: log.number, operation: { kind: RecordKind.base, id: compactTo } };
    return { ...plan, operations: [...plan.operations, base] };
  }

  private living(): GroupLog {
    if (this.state !== "open" || this.log === undefined) throw closedAlready(`group ${this.group}`);
    if (this.log.damage !== undefined) throw this.log.damage;
    if (this.death !== undefined) throw this.death;
    return this.log;
  }

  private async guarded<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }
}
