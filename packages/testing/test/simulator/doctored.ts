import {
  type Configuration,
  EntryType,
  type Envelope,
  encodeConfiguration,
  FRESH_HARD_STATE,
  LOG_START,
  LogBlock,
  type LogWrite,
  type Message,
  type OpenedLog,
  type RaftView,
  type Term,
} from "@hexraft/core/ports";
import { Referee } from "../../src/simulator/invariants/referee.js";

const IDS = ["n1", "n2", "n3"] as const;
const encoder = new TextEncoder();

/** Who a node is, while its disk is the first one. */
const incarnationOf = (id: string): string => id.slice(1).padStart(16, "0");

/** A configuration of these voters, out of n1 … n5. */
export const voting = (voters: readonly string[], learners: readonly string[] = []): Configuration => ({
  members: [...voters, ...learners].map((id) => ({ id, incarnation: incarnationOf(id), address: id, priority: 1 })),
  voters,
  votersOld: [],
  learners,
  learnersNext: [],
  witnesses: [],
});

/** What the protocol of a node shows. */
export interface Shown {
  readonly role?: "leader" | "follower";
  readonly term?: Term;
  readonly commitIndex?: number;
  readonly lastIndex?: number;
  readonly configuration?: Configuration;
  /** Overrides of what it says of itself. */
  readonly description?: Readonly<Record<string, unknown>>;
}

const viewOf = (shown: Shown): RaftView => {
  const { role = "follower", term = 1, commitIndex = 0, lastIndex = commitIndex } = shown;
  const configuration = { id: { index: 0, term: 0 }, configuration: shown.configuration ?? voting(IDS) };
  const description = {
    term,
    base: LOG_START,
    last: { index: lastIndex, term },
    snapshot: null,
    appliedIndex: 0,
    commitIndex,
    durableIndex: lastIndex,
    peers: [],
    restoring: 0,
    installing: 0,
    configuration,
    ...shown.description,
  };
  const view: Pick<RaftView, "role" | "term" | "commitIndex" | "lastIndex"> & Record<string, unknown> = {
    role,
    term,
    commitIndex,
    lastIndex,
    termAt: () => term,
    configurationAt: () => configuration,
    describe: () => description,
  };
  return view as unknown as RaftView;
};

/** A cluster of paper: whatever is said of it reaches the referee. */
export class Doctored {
  readonly referee: Referee;

  /** @param witnesses - those of n1, n2, n3 that hold no state (M12). */
  constructor(witnesses: readonly string[] = []) {
    this.referee = new Referee(IDS, witnesses);
    for (const id of IDS) this.opened(id);
  }

  /** The invariant that was broken, if one was. */
  get broken(): string | undefined {
    return this.referee.violation?.invariant;
  }

  /** A log was opened. */
  opened(id: string, found: Partial<OpenedLog> = {}): void {
    this.referee.opened(id, {
      clusterId: "c",
      directoryId: "d",
      incarnation: incarnationOf(id),
      startNumber: 1,
      hardState: FRESH_HARD_STATE,
      commitHint: 0,
      base: LOG_START,
      last: LOG_START,
      runs: [],
      configurationIndices: [],
      cut: "",
      ...found,
    });
  }

  /** A write became durable. */
  wrote(id: string, write: LogWrite): void {
    this.referee.asked(id, write);
    this.referee.promised(id, this.referee.record(id).life);
  }

  /** These nodes' disks take in commands, the first of them at `first`. */
  holds(ids: readonly string[], first: number, term: Term, ...commands: readonly string[]): void {
    const payloads = commands.map((command) => encoder.encode(command));
    for (const id of ids) this.wrote(id, { blocks: [LogBlock.of(first, term, 0, EntryType.command, payloads)] });
  }

  /** These nodes' disks take in a configuration. */
  holdsConfiguration(ids: readonly string[], index: number, configuration: Configuration): void {
    const payload = encodeConfiguration(configuration);
    for (const id of ids) this.wrote(id, { blocks: [LogBlock.of(index, 1, 0, EntryType.configuration, [payload])] });
  }

  /** These nodes voted. */
  voted(ids: readonly string[], term: Term, whom: string): void {
    const hardState = { ...FRESH_HARD_STATE, term, vote: { id: whom, incarnation: incarnationOf(whom) } };
    for (const id of ids) this.wrote(id, { hardState });
  }

  /** A node made a step, and this is what it shows afterwards. */
  shows(id: string, shown: Shown): void {
    this.referee.stepped(id, viewOf(shown), { type: "Applied", upTo: 0 }, [], 0);
  }

  /** A majority votes for a node, and it leads. */
  leads(id: string, term: Term, shown: Shown = {}): void {
    this.voted(["n1", "n2"], term, id);
    this.shows(id, { role: "leader", term, ...shown });
  }

  /** A message leaves. */
  said(from: string, to: string, message: Message): void {
    const envelope: Envelope = {
      group: "main",
      from,
      fromIncarnation: incarnationOf(from),
      startNumber: 1,
      recoveryNumber: 0,
      to,
      toIncarnation: incarnationOf(to),
      message,
    };
    this.referee.said(envelope);
  }
}
