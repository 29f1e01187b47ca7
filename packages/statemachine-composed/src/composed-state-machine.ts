import {
  type CommandBatch,
  type Configuration,
  type Gathered,
  GatheredBatch,
  type LogId,
  type LogIndex,
  type NodeId,
  type OpenedState,
  RaftError,
  Rejected,
  type StateMachine,
  type Term,
} from "@hexraft/core/ports";
import { layOutParts, readParts, unknownFormat } from "./composed-snapshot.js";
import { type ComposedOptions, checkFormats, checkKnown, type FormatsOfParts, firstOf } from "./formats-of-parts.js";
import { type NamedBytes, readNamed } from "./named-bytes.js";
import { type ComposedQuery, checkParts, PartResult, type Parts } from "./parts.js";
import { formatFault, openPart, type RunningPart, runningPart } from "./running-part.js";

/** Where no formats are listed; each part's format is in the snapshot beside its name. */
const ONLY_FORMAT = 1;

/** What of a batch is one part's, and where its results belong. */
interface Share {
  readonly commands: Gathered[];
  readonly places: number[];
}

/**
 * F04: several state machines under their own names, as one. Each gets its own commands in the order of the log; since none sees
 * another's state, a batch reaches each of them in one call. Their snapshots are begun at one instant and are one.
 */
export class ComposedStateMachine<P extends Parts> implements StateMachine<ComposedQuery<P>> {
  /** O06: each part's name and hash; there only if every part has one. */
  readonly stateHash?: () => string;
  /** F05: told to each part whose own format is another one there; there only if formats are listed. */
  readonly formatOpened?: (formatVersion: number) => void;
  private readonly running: readonly RunningPart[];
  private readonly formats: readonly FormatsOfParts[] | undefined;
  /** Of the whole. */
  private openFormat = ONLY_FORMAT;

  /** @throws RaftError `BadOption`. */
  constructor(parts: P, { formats }: ComposedOptions<P> = {}) {
    checkParts(parts);
    checkFormats(parts, formats);
    this.formats = formats;
    if (formats !== undefined) this.formatOpened = (formatVersion) => this.openParts(formatVersion);
    this.running = Object.entries(parts)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { stateMachine }]) => runningPart(name, stateMachine()));
    if (this.running.every(({ machine }) => machine.stateHash !== undefined))
      this.stateHash = () => this.running.map(({ name, machine }) => `${name}:${machine.stateHash?.()}`).join(" ");
  }

  /**
   * Opens all of them.
   *
   * @throws RaftError `BadOption` if one keeps its own durable state: the others would not be replayed below it (F06); or is not of the release
   * that the listed formats end with (F05).
   */
  async open(): Promise<OpenedState> {
    for (const part of this.running) {
      const { appliedIndex, formatVersion, firstFormat = 1 } = await part.machine.open();
      if (appliedIndex > 0)
        throw new RaftError(
          "BadOption",
          "refused",
          `State machine ${part.name} keeps its own durable state, up to entry ${appliedIndex}, which the others beside it do not; give it a group of its own.`,
          { name: part.name, appliedIndex },
        );
      part.known = formatVersion;
      part.open = part.first = part.hears ? firstFormat : formatVersion;
    }
    if (this.formats === undefined) {
      for (const part of this.running) openPart(part, part.known);
      return { appliedIndex: 0, formatVersion: ONLY_FORMAT };
    }
    checkKnown(this.formats, this.running);
    const firstFormat = firstOf(this.formats, this.running);
    this.openParts(firstFormat);
    return { appliedIndex: 0, formatVersion: this.formats.length, firstFormat };
  }

  /**
   * One result per command, each from its part. Bytes that are no command are rejected.
   *
   * @throws RaftError `FormatUnknown` for a part that is not here: a newer replica would do what this one cannot (R15).
   */
  apply(batch: CommandBatch): readonly unknown[] | Promise<readonly unknown[]> {
    const results: unknown[] = new Array(batch.count).fill(undefined);
    const shares = this.shared(batch, results);
    return this.applyFrom(0, shares, results);
  }

  /** The part's own answer. @throws RaftError `BadCommand` if there is no such part, or what the part throws. */
  read({ to, query }: ComposedQuery<P>): unknown {
    const part = this.running.find(({ name }) => name === to);
    if (part !== undefined) return part.machine.read(query);
    throw new RaftError(
      "BadCommand",
      "refused",
      `There is no state machine ${JSON.stringify(to)} to ask; known are ${this.names()}.`,
    );
  }

  /** All of them at the instant of the call, each in the format that is open for it (F05). Who does not know a part yet is sent none of it. */
  snapshotSave(): AsyncIterable<Uint8Array> {
    const line = this.formats?.[this.openFormat - 1];
    const there = this.running.filter(({ name, touched }) => touched || line === undefined || line[name] !== undefined);
    return layOutParts(
      there.map(({ name, open, machine }) => ({ name, formatVersion: open, bytes: machine.snapshotSave() })),
    );
  }

  /**
   * Replaces the state of all of them. One that came later than the snapshot stays empty.
   *
   * @throws RaftError `Damaged`; `FormatUnknown` if the snapshot holds a part that is not here, or in a format that it does not know, or lacks one
   * that has a state.
   */
  async snapshotLoad(
    bytes: AsyncIterable<Uint8Array>,
    about: { readonly id: LogId; readonly formatVersion: number },
  ): Promise<void> {
    const known = this.formats?.length ?? ONLY_FORMAT;
    if (about.formatVersion > known)
      throw unknownFormat(`has format ${about.formatVersion}, and ${known} is known here`);
    const line = this.formats?.[about.formatVersion - 1];
    const left = new Map(this.running.map((part) => [part.name, part]));
    await readParts(bytes, async ({ name, formatVersion, bytes: own }) => {
      const part = left.get(name);
      if (part === undefined)
        throw unknownFormat(`holds ${JSON.stringify(name)}, which is not here (${this.names()}) or came twice`);
      const fault = formatFault(part, formatVersion, line?.[name]);
      if (fault !== undefined) throw unknownFormat(fault);
      left.delete(name);
      part.touched = true;
      await part.machine.snapshotLoad(own, { id: about.id, formatVersion });
    });
    const full = [...left.values()].find(({ touched }) => touched);
    if (full !== undefined)
      throw unknownFormat(`lacks ${full.name}, which has a state here that nothing would replace`);
  }

  /** Told to each. */
  leaderStart(term: Term): void {
    this.each((machine) => machine.leaderStart?.(term));
  }
  /** Told to each. */
  leaderStop(): void {
    this.each((machine) => machine.leaderStop?.());
  }
  /** Told to each. */
  startFollowing(leader: NodeId, term: Term): void {
    this.each((machine) => machine.startFollowing?.(leader, term));
  }
  /** Told to each. */
  stopFollowing(leader: NodeId, term: Term): void {
    this.each((machine) => machine.stopFollowing?.(leader, term));
  }
  /** Told to each. */
  configurationCommitted(configuration: Configuration, index: LogIndex): void {
    this.each((machine) => machine.configurationCommitted?.(configuration, index));
  }
  /** Told to each. */
  error(error: Error): void {
    this.each((machine) => machine.error?.(error));
  }
  /** Told to each, one after the other. */
  async shutdown(): Promise<void> {
    for (const { machine } of this.running) await machine.shutdown?.();
  }

  /** Whose each command is; what is no command has its result at once. */
  private shared(batch: CommandBatch, results: unknown[]): ReadonlyMap<string, Share> {
    const shares = new Map<string, Share>(this.running.map(({ name }) => [name, { commands: [], places: [] }]));
    let place = 0;
    batch.each((payload, index, term, logTimeMs) => {
      const at = place++;
      const said = orRejected(payload);
      if (said instanceof Rejected) {
        results[at] = said;
        return;
      }
      const share = shares.get(said.name);
      if (share === undefined) {
        const message = `Entry ${index} is for ${JSON.stringify(said.name)}, which is not here (${this.names()}); run a version that has it.`;
        throw new RaftError("FormatUnknown", "refused", message, { index, name: said.name });
      }
      share.commands.push({ payload: said.bytes, index, term, logTimeMs });
      share.places.push(at);
    });
    return shares;
  }

  /** Without a promise as long as the parts answer without one. */
  private applyFrom(
    first: number,
    shares: ReadonlyMap<string, Share>,
    results: unknown[],
  ): readonly unknown[] | Promise<readonly unknown[]> {
    for (let i = first; i < this.running.length; i++) {
      const part = this.running[i] as RunningPart;
      const share = shares.get(part.name) as Share;
      if (share.commands.length === 0) continue;
      part.touched = true;
      const own = part.machine.apply(new GatheredBatch(share.commands));
      if ("then" in own)
        return own.then((settled) => {
          this.put(part, share, settled, results);
          return this.applyFrom(i + 1, shares, results);
        });
      this.put(part, share, own, results);
    }
    return results;
  }

  private put({ name }: RunningPart, { places }: Share, own: readonly unknown[], results: unknown[]): void {
    if (own.length !== places.length)
      throw new Error(`${name} returned ${own.length} results for ${places.length} commands; it owes one for each`);
    for (const [i, result] of own.entries())
      results[places[i] as number] = result instanceof Rejected ? result : new PartResult(name, result);
  }

  /** F05. */
  private openParts(formatVersion: number): void {
    this.openFormat = formatVersion;
    const line = this.formats?.[formatVersion - 1] ?? {};
    for (const part of this.running) openPart(part, line[part.name] ?? 0);
  }

  private each(tell: (machine: StateMachine) => void): void {
    for (const { machine } of this.running) tell(machine);
  }

  private names(): string {
    return this.running.map(({ name }) => name).join(", ");
  }
}

function orRejected(payload: Uint8Array): NamedBytes | Rejected {
  try {
    return readNamed(payload);
  } catch (error) {
    return new Rejected("BadCommand", (error as RaftError).message);
  }
}
