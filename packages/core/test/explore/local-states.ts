import type { Configuration } from "../../src/model/configuration.js";
import { InvariantViolation } from "../../src/model/errors.js";
import type { Envelope, Message } from "../../src/model/message.js";
import type { Effect } from "../../src/protocol/effect.js";
import { target } from "../support/joint-membership.js";
import { T } from "../support/lab.js";
import { messageInWords } from "../transcripts/in-words.js";
import { anonymous, type Renaming, renamings, textOfMessage, textOfNode } from "./canonical.js";
import { fork } from "./clone.js";
import { entriesOf, stateOf } from "./entries.js";
import { colourOf, fingerprintOf } from "./fingerprint.js";
import { judgeLocally } from "./local-rules.js";
import type { Answer, Carried, Happening, KnownMessage, LocalFacts, LocalState, Outcome } from "./local-state.js";
import type { Scope } from "./scope.js";
import type { Bytes } from "./streams.js";
import { Table } from "./table.js";

/**
 * Every state that any node ever had, and every message. A node's step depends on its state and the event alone, so it is
 * taken once, on a fork, and remembered: worlds are many, but their parts are few.
 */
export class LocalStates {
  readonly renamings: readonly Renaming[];
  readonly initial: readonly LocalState[];
  /** What is under way in the beginning. */
  readonly underWay: readonly KnownMessage[];
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
    scope.prelude?.(all);
    this.underWay = this.known(all);
    this.initial = scope.nodes.map((id, node) => {
      const table = fork(all);
      for (const other of scope.nodes) if (other !== id) table.nodes.delete(other);
      table.node(id).seen = [];
      return this.intern(node, table);
    });
  }

  /** Something happens to a node by itself; `payload` is what is proposed, the number of a read, who shall lead, or who comes or goes. */
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
        case "snapshot":
          return table.step(id, { type: "SnapshotRequested" });
        case "transfer":
          return table.step(id, { type: "TransferRequested", request: 0, to: payload, isStopping: false });
        case "give-up":
          return table.pass(3 * T).fire(id, "transfer");
        case "change":
          return table.step(id, {
            type: "ChangeRequested",
            request: 0,
            target: toggled(table, id, payload),
            expected: null,
          });
        case "cancel":
          return table.step(id, { type: "ChangeCancelled", request: 1, change: null });
        case "rot":
          return table.rot(id);
        default:
          return what satisfies never;
      }
    });
  }

  /** A message comes, all bytes of a snapshot, or what a sink says of them. */
  delivered(state: LocalState, { number, carried }: KnownMessage): Outcome {
    if (isBytes(carried)) return this.remembered(state, String(number), (table) => table.receiveBytes(carried));
    if (!isMessage(carried)) return this.remembered(state, String(number), (table) => table.hear(carried));
    const arrive = (table: Table, id: string) => table.step(id, { type: "MessageReceived", envelope: carried });
    return this.remembered(state, String(number), arrive, carried.message);
  }

  /** Half of a snapshot's bytes come, and the connection breaks. */
  broken(state: LocalState, { number, carried }: KnownMessage): Outcome {
    return this.remembered(state, `broken ${number}`, (table) => isBytes(carried) && table.receiveHalf(carried));
  }

  private remembered(
    state: LocalState,
    event: string,
    act: (table: Table, id: string) => unknown,
    heard?: Message,
  ): Outcome {
    const known = state.outcomes.get(event);
    if (known !== undefined) return known;
    const outcome = this.step(state, act, heard);
    state.outcomes.set(event, outcome);
    return outcome;
  }

  private step(state: LocalState, act: (table: Table, id: string) => unknown, heard?: Message): Outcome {
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
    const broken = judgeLocally(state.table.node(id), table.node(id), table.wire, heard);
    const sent = this.known(table);
    const answers = table.node(id).seen.flatMap(answersOf);
    table.node(id).seen = [];
    return { state: this.intern(state.node, table), sent, answers, broken };
  }

  private isLost({ message }: Envelope): boolean {
    return this.scope.losesHeartbeats && (message.type === "Heartbeat" || message.type === "HeartbeatResponse");
  }

  private intern(node: number, table: Table): LocalState {
    const of = table.node(this.scope.nodes[node] as string);
    const { writeNumber } = stateOf(of).log;
    const textUnder = ({ labels }: Renaming): string => textOfNode(of, table.now, writeNumber, labels);
    const [asItIs, ...others] = this.renamings as [Renaming, ...Renaming[]];
    const text = textUnder(asItIs);
    const known = this.byText.get(text);
    if (known !== undefined) {
      this.onAgain?.(known, table);
      return known;
    }
    const { role, term, commitIndex } = of.raft;
    const entries = entriesOf(of);
    const facts: LocalFacts = {
      isLeader: role === "leader",
      canTimeOut: of.timers.has("election"),
      hasWrites: of.writes.length > 0,
      canGiveUp: of.timers.has("transfer"),
      canSave: stateOf(of).applied > (of.disk.snapshot?.id.index ?? 0),
      canRot: of.disk.older !== undefined,
      term,
      halves: this.halvesOf(entries.log),
      commit: commitIndex,
      ...entries,
    };
    // Under all other names it is only told once, when it is new: five nodes have 119.
    const fingerprint = fingerprintOf([text, ...others.map(textUnder)]);
    const colour = colourOf(textOfNode(of, table.now, writeNumber, anonymous(this.scope.nodes, of.id)));
    const state = { number: this.states.length, node, fingerprint, colour, facts, table, outcomes: new Map() };
    this.states.push(state);
    this.byText.set(text, state);
    return state;
  }

  /** M01: of the newest configuration in its log, whatever it makes of it. */
  private halvesOf(log: readonly string[]): readonly (readonly number[])[] {
    const [, old = "", voters = ""] =
      /\{([a-z]*)>([a-z]*)/.exec(log.findLast((entry) => entry.includes("{")) ?? "") ?? [];
    const halves = [old, voters].filter((half) => half.length > 0);
    return halves.map((half) => half.split("").map((id) => this.scope.nodes.indexOf(id)));
  }

  /** What lies on a table is taken off it, and known from now on. */
  private known(table: Table): KnownMessage[] {
    const carried = [...table.wire.filter((envelope) => !this.isLost(envelope)), ...table.streams];
    table.wire = [];
    table.streams = [];
    return carried.map((each) => this.internCarried(each));
  }

  private internCarried(carried: Carried): KnownMessage {
    const text = textOfMessage(carried, (this.renamings[0] as Renaming).labels);
    const known = this.messagesByText.get(text);
    if (known !== undefined) return known;
    const words = wordsOf(carried);
    const message: KnownMessage = {
      number: this.messages.length,
      to: this.scope.nodes.indexOf(carried.to),
      fingerprint: fingerprintOf(this.renamings.map(({ labels }) => textOfMessage(carried, labels))),
      carried,
      words,
      wordsOfCopy: `${words} (a copy stays)`,
    };
    this.messages.push(message);
    this.messagesByText.set(text, message);
    return message;
  }
}

const isMessage = (carried: Carried): carried is Envelope => "message" in carried;
const isBytes = (carried: Carried): carried is Bytes => "rest" in carried;

/** The members without that one, or with it. */
function toggled(table: Table, id: string, who: string): Configuration {
  const { voters } = stateOf(table.node(id)).configurations.current;
  return target((voters.includes(who) ? voters.filter((voter) => voter !== who) : [...voters, who]).join(""));
}

function answersOf(effect: Effect): readonly Answer[] {
  if (effect.type !== "ReadReady" && effect.type !== "ReadFailed") return [];
  const index = effect.type === "ReadReady" ? effect.index : undefined;
  return effect.requests.map((read) => ({ read, index }));
}

function wordsOf(carried: Carried): string {
  if (isMessage(carried)) return `${carried.from} > ${carried.to}  ${messageInWords(carried.message)}`;
  const upTo = carried.meta.id.index;
  if (!isBytes(carried)) return `${carried.to} has all bytes of the snapshot up to ${upTo}`;
  return `${carried.from} > ${carried.to}  bytes of the snapshot up to ${upTo}`;
}
