import {
  type CommandBatch,
  type Configuration,
  type LogId,
  type LogIndex,
  type NodeId,
  type OpenedState,
  RaftError,
  Rejected,
  type StateMachine,
  type Term,
} from "@hexraft/core/ports";
import { type Gathered, GatheredBatch } from "./gathered-batch.js";
import type { SessionCodec } from "./session-codec.js";
import { SessionRefused } from "./session-command.js";
import {
  commandInSession,
  EntryKind,
  ESCAPE_BYTES,
  readOpenSession,
  SESSION_MARK,
  u64At,
  unknownKind,
} from "./session-layout.js";
import { layOutTable, splitSnapshot } from "./session-snapshot.js";
import { type KeptResult, SessionTable } from "./session-table.js";

/** Formats of the wrapped state machine are counted from here: below it, a snapshot is of a time before sessions. */
export const SESSION_FORMAT = 65_536;

type Results = readonly unknown[];
/** Yields what is to be executed, and is given its results. */
type Steps = Generator<readonly Gathered[], Results, Results>;

/** Commands that are to be executed together, and what becomes of their results. */
class Group {
  readonly commands: Gathered[] = [];
  readonly places: number[] = [];
  readonly kept: (KeptResult | undefined)[] = [];
  /** Those of them that are in a session. */
  inSession = 0;

  add(command: Gathered, place: number, kept?: KeptResult): void {
    this.commands.push(command);
    this.places.push(place);
    this.kept.push(kept);
    if (kept !== undefined) this.inSession++;
  }
}

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
  private table = new SessionTable();
  private innerFormat = 1;

  /** Around `inner`, whose results `codec` lays out. */
  constructor(
    private readonly inner: StateMachine<Query, Answer>,
    private readonly codec: SessionCodec,
  ) {
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
    const { appliedIndex, formatVersion } = await this.inner.open();
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
    this.innerFormat = formatVersion;
    return { appliedIndex, formatVersion: SESSION_FORMAT + formatVersion };
  }

  /** One result per command. @throws RaftError `FormatUnknown` for what a newer version wrote (R15). */
  apply(batch: CommandBatch): Results | Promise<Results> {
    let marked = false;
    batch.each((payload) => {
      if (payload[0] === SESSION_MARK) marked = true;
    });
    if (!marked) return this.inner.apply(batch);
    return this.drive(this.applying(batch));
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
    if (formatVersion >= 2 * SESSION_FORMAT)
      throw new RaftError(
        "FormatUnknown",
        "refused",
        `The snapshot at ${id.index} has format ${formatVersion} of sessions; run a version that knows it.`,
      );
    const { table, rest } = await splitSnapshot(bytes);
    await this.inner.snapshotLoad(rest, { id, formatVersion: formatVersion - SESSION_FORMAT });
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

  /** Goes through the entries in order. */
  private *applying(batch: CommandBatch): Steps {
    const entries: Gathered[] = [];
    batch.each((payload, index, term, logTimeMs) => entries.push({ payload, index, term, logTimeMs }));
    const results: unknown[] = new Array(entries.length).fill(undefined);
    const repeats: { readonly place: number; readonly kept: KeptResult }[] = [];
    let group = new Group();
    for (const [place, entry] of entries.entries()) {
      const { payload, index, logTimeMs } = entry;
      if (payload[0] !== SESSION_MARK) {
        group.add(entry, place);
        continue;
      }
      switch (payload[1]) {
        case EntryKind.escaped:
          group.add({ ...entry, payload: payload.subarray(ESCAPE_BYTES) }, place);
          continue;
        case EntryKind.open: {
          group = yield* this.execute(group, results);
          results[place] = orRejected(() => {
            const { nonce, options } = readOpenSession(payload);
            return this.table.open(nonce, options, index, logTimeMs);
          });
          continue;
        }
        case EntryKind.inSession: {
          const command = orRejected(() => commandInSession(payload));
          if (command instanceof Rejected) {
            results[place] = command;
            continue;
          }
          // Whether sessions expire for the results of the group must be known before the next command is judged.
          if (!this.table.hasRoomFor(group.inSession + 1)) group = yield* this.execute(group, results);
          const verdict = this.table.admit(u64At(payload, 2), u64At(payload, 10), u64At(payload, 18), logTimeMs);
          if (verdict instanceof SessionRefused) results[place] = verdict;
          else if (verdict.isNew) group.add({ ...entry, payload: command }, place, verdict.result);
          else repeats.push({ place, kept: verdict.result });
          continue;
        }
        default:
          throw unknownKind("command", payload[1]);
      }
    }
    yield* this.execute(group, results);
    for (const { place, kept } of repeats) results[place] = this.told(kept);
    return results;
  }

  private *execute(group: Group, results: unknown[]): Generator<readonly Gathered[], Group, Results> {
    const { commands, places, kept } = group;
    if (commands.length === 0) return group;
    const own = yield commands;
    if (own.length !== commands.length)
      throw new Error(`apply returned ${own.length} results for ${commands.length} commands; it owes one for each`);
    for (const [i, place] of places.entries()) {
      results[place] = own[i];
      const result = kept[i];
      if (result !== undefined) this.table.keep(result, this.codec.encodeResult(own[i]));
    }
    this.table.enforceBounds();
    return new Group();
  }

  /** What the execution before resulted in, told once more. */
  private told({ bytes }: KeptResult): unknown {
    if (bytes) return this.codec.decodeResult(bytes);
    return new SessionRefused("ResultNotKept", "The command was executed once; its result was too long to be kept.");
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

/** Bytes that are nothing the session layer could do are rejected, as a state machine rejects its own. */
function orRejected<T>(read: () => T): T | Rejected {
  try {
    return read();
  } catch (error) {
    if (error instanceof RaftError && error.code === "BadCommand") return new Rejected("BadCommand", error.message);
    throw error;
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
