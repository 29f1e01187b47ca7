import { InvariantViolation } from "../../src/model/errors.js";
import type { Envelope } from "../../src/model/message.js";
import type { Effect } from "../../src/protocol/effect.js";
import type { RaftState } from "../../src/protocol/state.js";
import { type LabNode, T } from "../support/lab.js";
import { messageInWords } from "../transcripts/in-words.js";
import { anonymous, type Renaming, renamings, textOfMessage, textOfNode } from "./canonical.js";
import { fork } from "./clone.js";
import { colourOf, type Fingerprint, fingerprintOf } from "./fingerprint.js";
import { entriesOf, judgeLocally } from "./local-rules.js";
import type { Scope } from "./scope.js";
import { Table } from "./table.js";

/** What a node can go through by itself; a delivery is told by the message. */
export type Happening = "wait" | "timeout" | "silence" | "heartbeat" | "persist" | "crash" | "propose" | "read";

/** One node as it can be: numbered, so that a world is three numbers and the messages between them. */
export interface LocalState {
  readonly number: number;
  /** Position in the scope's nodes. */
  readonly node: number;
  readonly fingerprint: Fingerprint;
  /** See {@link colourOf}. */
  readonly colour: number;
  readonly facts: LocalFacts;
  /** The table with this node alone on it; never touched, only forked. */
  readonly table: Table;
  readonly outcomes: Map<string, Outcome>;
}

/** What the invariants look at. */
export interface LocalFacts {
  readonly isLeader: boolean;
  readonly canTimeOut: boolean;
  readonly hasWrites: boolean;
  readonly term: number;
  readonly commit: number;
  /** The log in memory from index 1 on, as "term:payload". */
  readonly log: readonly string[];
  /** The log on disk. */
  readonly durable: readonly string[];
}

export interface KnownMessage {
  readonly number: number;
  readonly to: number;
  readonly fingerprint: Fingerprint;
  readonly envelope: Envelope;
  /** Its delivery, for people; and that of a copy. */
  readonly words: string;
  readonly wordsOfCopy: string;
}

/** A read, and the index at which it is served; none if it is refused. */
export interface Answer {
  readonly read: number;
  readonly index: number | undefined;
}

/** What became of a node, and what it said. */
export interface Outcome {
  readonly state: LocalState;
  readonly sent: readonly KnownMessage[];
  /** The reads that it answered. */
  readonly answers: readonly Answer[];
  /** A rule that this step broke by itself, whatever the others are. */
  readonly broken: string | undefined;
}

/**
 * Every state that any node ever had, and every message. A node's step depends on its state and the event alone, so it is
 * taken once, on a fork, and remembered: worlds are many, but their parts are few.
 */
export class LocalStates {
  readonly renamings: readonly Renaming[];
  readonly initial: readonly LocalState[];
  readonly states: LocalState[] = [];
  readonly messages: KnownMessage[] = [];
  /** Steps that the protocol was really asked for. */
  stepsTaken = 0;
  private readonly byText = new Map<string, LocalState>();
  private readonly messagesByText = new Map<string, KnownMessage>();

  /** @param onAgain - hears of each table that was found to be in a known state. */
  constructor(
    private readonly scope: Scope,
    private readonly onAgain?: (state: LocalState, table: Table) => void,
  ) {
    this.renamings = renamings(scope.nodes);
    const all = new Table(scope.nodes, scope.lab);
    this.initial = scope.nodes.map((id, node) => {
      const table = fork(all);
      for (const other of scope.nodes) if (other !== id) table.nodes.delete(other);
      return this.intern(node, table);
    });
  }

  /** Something happens to a node by itself; `payload` is what is proposed, or the number of a read. */
  happens(state: LocalState, what: Happening, payload = ""): Outcome {
    return this.remembered(state, what + payload, (table, id) => {
      switch (what) {
        case "wait":
          return table.pass(3 * T);
        case "timeout":
          return table.pass(3 * T).fire(id, "election");
        case "silence":
          return table.pass(3 * T).fire(id, "heartbeat");
        case "heartbeat":
          return table.fire(id, "heartbeat");
        case "persist":
          return table.persist(id, 1);
        case "crash":
          return table.crash(id).restart(id);
        case "propose":
          return table.propose(id, payload);
        case "read":
          return table.step(id, { type: "ReadRequested", requests: [Number(payload)] });
        default:
          return what satisfies never;
      }
    });
  }

  /** A message comes. */
  delivered(state: LocalState, message: KnownMessage): Outcome {
    return this.remembered(state, String(message.number), (table, id) =>
      table.step(id, { type: "MessageReceived", envelope: message.envelope }),
    );
  }

  private remembered(state: LocalState, event: string, act: (table: Table, id: string) => unknown): Outcome {
    const known = state.outcomes.get(event);
    if (known !== undefined) return known;
    const outcome = this.step(state, act);
    state.outcomes.set(event, outcome);
    return outcome;
  }

  private step(state: LocalState, act: (table: Table, id: string) => unknown): Outcome {
    this.stepsTaken++;
    const id = this.scope.nodes[state.node] as string;
    const table = fork(state.table);
    try {
      act(table, id);
      // Each event is a turn of its own.
      if (table.node(id).raft.turnWork) table.step(id, { type: "TurnEnded" });
      if (this.scope.disk === "prompt") while (table.node(id).writes.length > 0) table.persist(id);
    } catch (error) {
      if (!(error instanceof InvariantViolation)) throw error;
      return { state, sent: [], answers: [], broken: `halted: ${error.message}` };
    }
    const broken = judgeLocally(state.table.node(id), table.node(id), table.wire);
    const sent = table.wire.filter((envelope) => !this.isLost(envelope)).map((envelope) => this.known(envelope));
    const answers = table.node(id).seen.flatMap(answersOf);
    table.wire = [];
    table.node(id).seen = [];
    return { state: this.intern(state.node, table), sent, answers, broken };
  }

  private isLost({ message }: Envelope): boolean {
    return this.scope.losesHeartbeats && (message.type === "Heartbeat" || message.type === "HeartbeatResponse");
  }

  private intern(node: number, table: Table): LocalState {
    const of = table.node(this.scope.nodes[node] as string);
    const { writeNumber } = stateOf(of).log;
    const texts = this.renamings.map(({ labels }) => textOfNode(of, table.now, writeNumber, labels));
    const known = this.byText.get(texts[0] as string);
    if (known !== undefined) {
      this.onAgain?.(known, table);
      return known;
    }
    const { role, term, commitIndex } = of.raft;
    const facts: LocalFacts = {
      isLeader: role === "leader",
      canTimeOut: of.timers.has("election"),
      hasWrites: of.writes.length > 0,
      term,
      commit: commitIndex,
      ...entriesOf(of),
    };
    const fingerprint = fingerprintOf(texts);
    const colour = colourOf(textOfNode(of, table.now, writeNumber, anonymous(this.scope.nodes, of.id)));
    const state = { number: this.states.length, node, fingerprint, colour, facts, table, outcomes: new Map() };
    this.states.push(state);
    this.byText.set(texts[0] as string, state);
    return state;
  }

  private known(envelope: Envelope): KnownMessage {
    const text = textOfMessage(envelope, (this.renamings[0] as Renaming).labels);
    const known = this.messagesByText.get(text);
    if (known !== undefined) return known;
    const message: KnownMessage = {
      number: this.messages.length,
      to: this.scope.nodes.indexOf(envelope.to),
      fingerprint: fingerprintOf(this.renamings.map(({ labels }) => textOfMessage(envelope, labels))),
      envelope,
      words: wordsOf(envelope),
      wordsOfCopy: `${wordsOf(envelope)} (a copy stays)`,
    };
    this.messages.push(message);
    this.messagesByText.set(text, message);
    return message;
  }
}

/** The state that the protocol keeps to itself. */
export const stateOf = ({ raft }: LabNode): RaftState => (raft as unknown as { readonly s: RaftState }).s;

function answersOf(effect: Effect): readonly Answer[] {
  if (effect.type !== "ReadReady" && effect.type !== "ReadFailed") return [];
  const index = effect.type === "ReadReady" ? effect.index : undefined;
  return effect.requests.map((read) => ({ read, index }));
}

const wordsOf = ({ from, to, message }: Envelope): string => `${from} > ${to}  ${messageInWords(message)}`;
