import type { Consistency } from "@hexraft/core";
import { CommandBatch, EntryType, LogBlock, type RaftError } from "@hexraft/core/ports";
import {
  InSession,
  OpenSession,
  SessionCodec,
  type SessionCommand,
  type SessionOpened,
  SessionStateMachine,
} from "@hexraft/sessions";
import {
  type KvAnswerOf,
  KvCodec,
  type KvCommand,
  type KvQuery,
  type KvResultOf,
  KvStateMachine,
} from "@hexraft/statemachine-kv";
import { type CommandNumber, refusedInSession, sessionOfGroup } from "../../src/kv/command-number.js";
import type { KvService } from "../../src/kv/kv-service.js";

/**
 * The service without a cluster: the real codec and state machine behind a log of one. Answers come in a later turn, as
 * they do from a node, and a test may hold them back or let the next call fail.
 */
export class LocalKv implements KvService {
  private readonly codec = new SessionCodec(new KvCodec());
  private readonly machine = new SessionStateMachine(new KvStateMachine(), this.codec);
  private index = 0;
  private gate: Promise<void> | null = null;
  /** The next calls fail with these. */
  readonly failures: RaftError[] = [];
  /** What was asked, in order. */
  readonly asked: string[] = [];
  /** Calls that were begun and not answered. */
  underWay = 0;
  /** Log time of the next command, ms. */
  logTimeMs = 1_000;

  /** From now on answers wait until the returned function is called. */
  hold(): () => void {
    let open = () => {};
    this.gate = new Promise((resolve) => {
      open = resolve;
    });
    return () => {
      this.gate = null;
      open();
    };
  }

  apply<C extends KvCommand>(command: C, number?: CommandNumber): Promise<KvResultOf<C>> {
    return this.answer(command.type, () => {
      if (number === undefined) return this.propose(command) as KvResultOf<C>;
      const { session, sequence, acknowledged } = number;
      const own = sessionOfGroup(session, 0, 1);
      const result = this.propose(new InSession(own, sequence, acknowledged + 1, command));
      const refusal = refusedInSession(result);
      if (refusal !== undefined) throw refusal;
      return result as KvResultOf<C>;
    });
  }

  openSession(nonce: Uint8Array): Promise<SessionOpened> {
    return this.answer("open a session", () => this.propose(new OpenSession(nonce)) as SessionOpened);
  }

  read<Q extends KvQuery>(query: Q, consistency?: Consistency): Promise<KvAnswerOf<Q>> {
    return this.answer<KvAnswerOf<Q>>(
      howAsked(query.type, consistency),
      () => this.machine.read(query) as KvAnswerOf<Q>,
    );
  }

  readToken(): string {
    return `cluster/main/0/${this.index}`;
  }

  private propose(command: KvCommand | SessionCommand): unknown {
    const payload = this.codec.encodeCommand(command);
    const index = ++this.index;
    const block = LogBlock.of(index, 1, this.logTimeMs, EntryType.command, [payload]);
    const [result] = this.machine.apply(new CommandBatch([block], index, index)) as readonly unknown[];
    return result;
  }

  private async answer<T>(what: string, make: () => T): Promise<T> {
    this.asked.push(what);
    const failure = this.failures.shift();
    this.underWay++;
    await new Promise((resolve) => setImmediate(resolve));
    await this.gate;
    this.underWay--;
    if (failure !== undefined) throw failure;
    return make();
  }
}

/** `get`, `local get`, `maxStalenessMs 5 get`. */
function howAsked(type: string, consistency: Consistency = "linearizable"): string {
  if (consistency === "linearizable") return type;
  return typeof consistency === "string"
    ? `${consistency} ${type}`
    : `${Object.entries(consistency).flat().join(" ")} ${type}`;
}
