import {
  type CommandBatch,
  type LogId,
  type OpenedState,
  RaftError,
  Rejected,
  type StateMachine,
} from "@hexraft/core/ports";
import type { KvAnswer, KvAnswerOf } from "./answer.js";
import { heldOf } from "./bytes.js";
import { type KvLimits, kvLimits } from "./kv-limits.js";
import { ByteReader } from "./layout/byte-reader.js";
import { readCommand } from "./layout/command-layout.js";
import { checkQuery } from "./layout/query-check.js";
import type { KvQuery } from "./query.js";
import type { KvRejection, KvResult } from "./result.js";
import { answerQuery } from "./state/answer-query.js";
import { applyCommand, type HeldCommand } from "./state/apply-command.js";
import { KeySpace } from "./state/key-space.js";
import { FORMAT_VERSION, loadSnapshot, saveSnapshot } from "./state/kv-snapshot.js";

/**
 * A sorted map from bytes to bytes in memory, replicated. Everything in it follows from the commands alone: time is the
 * log time of the last command, which goes on only as commands are committed. A key whose deadline that time has reached
 * is gone, for commands and queries alike, so that replicas at one index answer alike; its memory comes free in sweeps of
 * bounded length, one with each command.
 *
 * A snapshot is a copy on write: taking it costs nothing at the instant, and memory only for what changes until it is saved.
 */
export class KvStateMachine implements StateMachine<KvQuery, KvAnswer> {
  /** A record is taken out of a chunk before the next one is asked for. */
  readonly snapshotBytesHeldMax = 0;
  private readonly limits: KvLimits;
  private space = new KeySpace();

  /** @param options - bound the queries; commands are bounded where they are encoded. @throws RaftError `BadOption`. */
  constructor(options: Partial<KvLimits> = {}) {
    this.limits = kvLimits(options);
  }

  /** The state is volatile: it is rebuilt from snapshot and log. */
  open(): OpenedState {
    return { appliedIndex: 0, formatVersion: FORMAT_VERSION };
  }

  /**
   * One result per command. Bytes that are no command are rejected; a format that this version does not know is a fault
   * (R15), since a newer replica would do what this one cannot.
   *
   * @throws RaftError `FormatUnknown`.
   */
  apply(batch: CommandBatch): readonly KvResult[] {
    return batch.map((payload, _index, _term, logTimeMs) => this.applyOne(payload, logTimeMs));
  }

  /** The answer, from the state as it is. @throws RaftError `BadCommand` if the query does not fit its type or a limit. */
  read<Q extends KvQuery>(query: Q): KvAnswerOf<Q> {
    checkQuery(query, this.limits);
    return answerQuery(this.space, query) as KvAnswerOf<Q>;
  }

  /** The state at the instant of the call, in chunks of 256 KiB; equal states give equal bytes. */
  snapshotSave(): AsyncIterable<Uint8Array> {
    return saveSnapshot(this.space.freeze());
  }

  /**
   * Replaces the state, once all of it has come; until then, and if it fails, the old one stays.
   *
   * @throws RaftError `FormatUnknown`, or `Damaged` if the bytes are not a whole snapshot.
   */
  async snapshotLoad(
    bytes: AsyncIterable<Uint8Array>,
    about: { readonly id: LogId; readonly formatVersion: number },
  ): Promise<void> {
    if (about.formatVersion !== FORMAT_VERSION) {
      const advice = `this version knows format ${FORMAT_VERSION}; run one that knows the other`;
      throw new RaftError(
        "FormatUnknown",
        "refused",
        `The snapshot at ${about.id.index} has format ${about.formatVersion}; ${advice}.`,
      );
    }
    this.space = await loadSnapshot(bytes);
  }

  /**
   * O06: 16 hexadecimal digits. The sum of a 64-bit hash per record over key, value, deadline and age, so it is kept up to
   * date by each command and costs nothing to ask. It finds replicas that differ by error, not by malice.
   */
  stateHash(): string {
    const hex = (half: number) => half.toString(16).padStart(8, "0");
    return hex(this.space.hashHigh) + hex(this.space.hashLow);
  }

  private applyOne(payload: Uint8Array, logTimeMs: number): KvResult {
    this.space.logTimeMs = Math.max(this.space.logTimeMs, logTimeMs);
    let command: HeldCommand;
    try {
      command = readCommand(new ByteReader(payload, "command", heldOf));
    } catch (error) {
      if (!(error instanceof RaftError) || error.code !== "BadCommand") throw error;
      return new Rejected("BadCommand" satisfies KvRejection, error.message);
    }
    return applyCommand(this.space, command);
  }
}
