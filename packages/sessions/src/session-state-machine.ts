import {
  type CommandBatch,
  type Configuration,
  GatheredBatch,
  type LogId,
  type LogIndex,
  type NodeId,
  type OpenedState,
  RaftError,
  type StateMachine,
  type Term,
} from "@hexraft/core/ports";
import { applying, type Results, type Steps } from "./applying.js";
import type { SessionCodec } from "./session-codec.js";
import { formatInside, isOfSessions, NONCE_FORMAT, SESSION_FORMAT } from "./session-format.js";
import { SESSION_MARK } from "./session-layout.js";
import { layOutTable, splitSnapshot } from "./session-snapshot.js";
import { SessionTable } from "./session-table.js";

/**
 * C03 C04: a state machine around another one, in which a command of a session executes once, however often it is in the
 * log. Commands without a session pass through as they are. What a command of a session resulted in is kept, encoded,
 * until its client has acknowledged it or its session has expired, and is in every snapshot.
 *
 * Commands still reach the state machine many at a time; the split depends on nothing but speed.
 */
export class SessionStateMachine<Query = unknown, Answer = unknown> implements StateMachine<Query, Answer> {
  /** O06: of the state machine's own hash and the table; there only if it has one. */
  readonly stateHash?: () => string;
  /** S04: what the state machine says of itself. */
  readonly snapshotBytesHeldMax?: number;
  /** F05: passed on; there only if the state machine hears of formats. */
  readonly formatOpened?: (formatVersion: number) => void;
  private table = new SessionTable();
  /** F05: the newest format of the state machine itself. */
  private knownInside = 0;

  /** Around `inner`, whose results `codec` lays out. */
  constructor(
    private readonly inner: StateMachine<Query, Answer>,
    private readonly codec: SessionCodec,
  ) {
    if (inner.snapshotBytesHeldMax !== undefined) this.snapshotBytesHeldMax = inner.snapshotBytesHeldMax;
    if (inner.formatOpened !== undefined)
      this.formatOpened = (formatVersion) => this.openInside(formatInside(formatVersion));
    if (inner.stateHash !== undefined)
      this.stateHash = () => `${inner.stateHash?.()}-${hashOf(layOutTable(this.table))}`;
  }

  /** Sessions in the table. */
  get sessions(): number {
    return this.table.size;
  }

  /** Bytes of all kept results, each with its overhead. */
  get keptBytes(): number {
    return this.table.keptBytes;
  }

  /**
   * Opens the state machine.
   *
   * @throws RaftError `BadOption` if it keeps its own durable state: what it is not replayed is missing in the table (F06).
   */
  async open(): Promise<OpenedState> {
    const { appliedIndex, formatVersion, firstFormat = 1 } = await this.inner.open();
    if (appliedIndex > 0)
      throw new RaftError(
        "BadOption",
        "refused",
        `The state machine keeps its own durable state, up to entry ${appliedIndex}, and the session table is not in it; use it without sessions.`,
        { appliedIndex },
      );
    if (formatVersion >= SESSION_FORMAT)
      throw new RaftError(
        "BadOption",
        "refused",
        `Format ${formatVersion} is beyond ${SESSION_FORMAT - 1}, the last one that sessions can go around.`,
      );
    this.knownInside = formatVersion;
    return { appliedIndex, formatVersion: NONCE_FORMAT + formatVersion, firstFormat: SESSION_FORMAT + firstFormat };
  }

  /** One result per command. @throws RaftError `FormatUnknown` for what a newer version wrote (R15). */
  apply(batch: CommandBatch): readonly unknown[] | Promise<readonly unknown[]> {
    if (!batch.someBeginWith(SESSION_MARK)) return this.inner.apply(batch);
    return this.drive(applying(batch, this.table, this.codec));
  }

  /** The state machine's own answer. */
  read(query: Query): Answer | Promise<Answer> {
    return this.inner.read(query);
  }

  /** The table, and the state machine's snapshot of the same instant. */
  snapshotSave(): AsyncIterable<Uint8Array> {
    return following(layOutTable(this.table), this.inner.snapshotSave());
  }

  /**
   * Replaces the table and the state machine's state. A snapshot of a time before sessions has an empty table.
   *
   * @throws RaftError `Damaged`, `FormatUnknown`, or what the state machine throws.
   */
  async snapshotLoad(
    bytes: AsyncIterable<Uint8Array>,
    { id, formatVersion }: { readonly id: LogId; readonly formatVersion: number },
  ): Promise<void> {
    if (formatVersion < SESSION_FORMAT) {
      await this.inner.snapshotLoad(bytes, { id, formatVersion });
      this.table = new SessionTable();
      return;
    }
    if (!isOfSessions(formatVersion))
      throw new RaftError(
        "FormatUnknown",
        "refused",
        `The snapshot at ${id.index} has format ${formatVersion} of sessions; run a version that knows it.`,
      );
    const { table, rest } = await splitSnapshot(bytes);
    await this.inner.snapshotLoad(rest, { id, formatVersion: formatInside(formatVersion) });
    this.table = table;
  }

  /** Passed on. */
  leaderStart(term: Term): void {
    this.inner.leaderStart?.(term);
  }
  /** Passed on. */
  leaderStop(): void {
    this.inner.leaderStop?.();
  }
  /** Passed on. */
  startFollowing(leader: NodeId, term: Term): void {
    this.inner.startFollowing?.(leader, term);
  }
  /** Passed on. */
  stopFollowing(leader: NodeId, term: Term): void {
    this.inner.stopFollowing?.(leader, term);
  }
  /** Passed on. */
  configurationCommitted(configuration: Configuration, index: LogIndex): void {
    this.inner.configurationCommitted?.(configuration, index);
  }
  /** Passed on. */
  error(error: Error): void {
    this.inner.error?.(error);
  }
  /** Passed on. */
  shutdown(): void | Promise<void> {
    return this.inner.shutdown?.();
  }

  /** A release that is older inside and newer around is no newer one, though its number is higher. */
  private openInside(formatVersion: number): void {
    if (formatVersion > this.knownInside)
      throw new RaftError(
        "FormatUnknown",
        "refused",
        `Format ${formatVersion} of the state machine is open, and the one here knows ${this.knownInside}; start the release that knows it.`,
      );
    this.inner.formatOpened?.(formatVersion);
  }

  /** Lets the state machine execute what is yielded, without a promise if it answers without one. */
  private drive(steps: Steps, before?: Results): Results | Promise<Results> {
    let step = before === undefined ? steps.next() : steps.next(before);
    while (!step.done) {
      const own = this.inner.apply(new GatheredBatch(step.value));
      if ("then" in own) return own.then((settled) => this.drive(steps, settled));
      step = steps.next(own);
    }
    return step.value;
  }
}

async function* following(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

/** FNV-1a, 32 bits, in hexadecimal: it finds replicas that differ by error, not by malice. */
function hashOf(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
