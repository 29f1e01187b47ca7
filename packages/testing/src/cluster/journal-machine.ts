import {
  Codec,
  type CommandBatch,
  type LogIndex,
  type NodeId,
  type OpenedState,
  RaftError,
  Rejected,
  StateMachine,
  type Term,
} from "@hexraft/core/ports";
import { ContainerModule } from "inversify";
import { crc32 } from "../time/crc32.js";

/** A line of a {@link JournalMachine}: which entry brought what. */
export interface JournalLine {
  /** Where the entry stands. */
  readonly index: LogIndex;
  /** Its term. */
  readonly term: Term;
  /** The command. */
  readonly text: string;
}

/** Something that a {@link JournalMachine} was told besides commands, in order. */
export interface JournalCall {
  /** Which of the state machine's calls; `loaded` for snapshotLoad. */
  readonly call:
    | "leaderStart"
    | "leaderStop"
    | "startFollowing"
    | "stopFollowing"
    | "configurationCommitted"
    | "formatOpened"
    | "loaded"
    | "error"
    | "shutdown";
  /** Its term, where it has one. */
  readonly term?: Term;
  /** Its leader, where it has one. */
  readonly leader?: NodeId;
  /** Its index, where it has one. */
  readonly index?: LogIndex;
  /** Its format, where it has one (F05). */
  readonly formatVersion?: number;
  /** Its error's message, where it has one. */
  readonly message?: string;
}

/** A command of a {@link JournalMachine} that begins with this is rejected (F01). */
export const REJECTED_PREFIX = "reject:";
/** A command that begins with this makes {@link JournalMachine} throw: a fault (R15). */
export const FAULT_PREFIX = "fault:";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** What is read, or a RaftError in place of what the host throws. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new RaftError("BadCommand", "refused", `these bytes are no line of a journal: ${String(error)}`);
  }
}

/** F05: the format that a line needs: `format 2: …` needs the second, any other the first. */
const formatOf = (line: string): number => Number(/^format (\d+): /.exec(line)?.[1] ?? 1);

/** Commands are lines of text, results are numbers. */
export const journalCodec: Codec<string> = {
  encodeCommand(command, openFormat = Number.POSITIVE_INFINITY) {
    if (typeof command !== "string") throw new RaftError("BadCommand", "refused", "a journal takes lines of text only");
    if (formatOf(command) > openFormat)
      throw new RaftError(
        "BadCommand",
        "refused",
        `not every member knows format ${formatOf(command)} of journals yet`,
      );
    return encoder.encode(command);
  },
  decodeCommand: (bytes) => readable(() => decoder.decode(bytes)),
  encodeResult: (result) => encoder.encode(JSON.stringify(result)),
  decodeResult: (bytes) => readable(() => JSON.parse(decoder.decode(bytes)) as unknown),
};

/**
 * A state machine that keeps every command it applied, in order, with its index and term: replicas are compared by
 * reading it. Results are the number of lines. A query gets the lines, or how many there are.
 */
export class JournalMachine implements StateMachine<"lines" | "count", readonly string[] | number> {
  /** What it holds. */
  lines: readonly JournalLine[] = [];
  /** What else it was told in this life. */
  readonly calls: JournalCall[] = [];
  private state: JournalLine[] = [];
  private openFormat = 1;

  /** An empty one. */
  constructor(
    /** F05: the newest format that it knows: its release, so to say. */
    readonly formatVersion = 1,
  ) {}

  /** Volatile: rebuilt from snapshot and log. */
  open(): OpenedState {
    return { appliedIndex: 0, formatVersion: this.formatVersion };
  }

  /** Recorded: lines of that format are taken from here on. */
  formatOpened(formatVersion: number): void {
    this.openFormat = formatVersion;
    this.calls.push({ call: "formatOpened", formatVersion });
  }

  /** Appends each command. */
  apply(batch: CommandBatch): readonly unknown[] {
    const results = batch.map((payload, index, term) => {
      const text = decoder.decode(payload);
      if (text.startsWith(REJECTED_PREFIX)) return new Rejected("Unwanted", `the journal does not take ${text}`);
      if (text.startsWith(FAULT_PREFIX)) throw new Error(`the journal cannot go on at ${text}`);
      if (formatOf(text) > this.openFormat)
        throw new Error(`format ${this.openFormat} is open, and entry ${index} is ${text}`);
      this.state.push({ index, term, text });
      return this.state.length;
    });
    this.lines = this.state;
    return results;
  }

  /** The lines, or their number. */
  read(query: "lines" | "count"): readonly string[] | number {
    return query === "count" ? this.state.length : this.state.map(({ text }) => text);
  }

  /** One JSON line each, of the state of this instant. */
  snapshotSave(): AsyncIterable<Uint8Array> {
    return saved(this.state.slice());
  }

  /** Replaces all lines. */
  async snapshotLoad(
    bytes: AsyncIterable<Uint8Array>,
    about: { readonly id: { readonly index: LogIndex } },
  ): Promise<void> {
    const streaming = new TextDecoder();
    let text = "";
    for await (const chunk of bytes) text += streaming.decode(chunk, { stream: true });
    text += streaming.decode();
    this.state = text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as JournalLine);
    this.lines = this.state;
    this.calls.push({ call: "loaded", index: about.id.index });
  }

  /** CRC-32 over all lines. */
  stateHash(): string {
    return crc32.crc32(encoder.encode(JSON.stringify(this.state))).toString(16);
  }

  /** Recorded. */
  leaderStart(term: Term): void {
    this.calls.push({ call: "leaderStart", term });
  }
  /** Recorded. */
  leaderStop(): void {
    this.calls.push({ call: "leaderStop" });
  }
  /** Recorded. */
  startFollowing(leader: NodeId, term: Term): void {
    this.calls.push({ call: "startFollowing", leader, term });
  }
  /** Recorded. */
  stopFollowing(leader: NodeId, term: Term): void {
    this.calls.push({ call: "stopFollowing", leader, term });
  }
  /** Recorded. */
  configurationCommitted(_: unknown, index: LogIndex): void {
    this.calls.push({ call: "configurationCommitted", index });
  }
  /** Recorded. */
  error(error: Error): void {
    this.calls.push({ call: "error", message: error.message });
  }
  /** Recorded. */
  shutdown(): void {
    this.calls.push({ call: "shutdown" });
  }
}

async function* saved(lines: readonly JournalLine[]): AsyncGenerator<Uint8Array> {
  const perChunk = 500;
  for (let at = 0; at < lines.length; at += perChunk) {
    const chunk = lines.slice(at, at + perChunk).map((line) => `${JSON.stringify(line)}\n`);
    yield encoder.encode(chunk.join(""));
  }
}

/** Binds StateMachine and Codec to a journal: a state machine for tests, and for a first try. */
export const journalStateMachine = (machine: JournalMachine = new JournalMachine()): ContainerModule =>
  new ContainerModule(({ bind }) => {
    bind(StateMachine).toConstantValue(machine);
    bind(Codec).toConstantValue(journalCodec);
  });
