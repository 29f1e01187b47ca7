import { CommandBatch, EntryType, LogBlock } from "@hexraft/core/ports";
import {
  increment,
  KvCodec,
  type KvCommand,
  type KvResult,
  KvStateMachine,
  type LaidOutCommand,
} from "@hexraft/statemachine-kv";
import {
  InSession,
  OpenSession,
  SessionCodec,
  type SessionCommand,
  type SessionOptions,
  SessionStateMachine,
  sessionNumber,
} from "../src/index.js";

export const nonce = (n: number): Uint8Array => new Uint8Array(16).fill(n);
export const opening = (n: number): OpenSession => new OpenSession(nonce(n));
/** The session of {@link opening} that stands at this index of the log. */
export const named = (n: number, index: number): number => sessionNumber(nonce(n), index);
/** Where a log begins with `opening(1)`. */
export const ONE = named(1, 2);
/** Where `opening(2)` stands behind it. */
export const TWO = named(2, 3);
export const counted = (session: number, sequence: number, lowest = 1, key = "n"): InSession<KvCommand> =>
  new InSession(session, sequence, lowest, increment(key));

/** A key-value state machine in its sessions, whose log the test writes. */
export class Replica {
  readonly codec: SessionCodec<KvCommand | LaidOutCommand, KvResult>;
  readonly machine: SessionStateMachine;
  logTimeMs = 1_000;
  /** Of the last entry. */
  index = 1;

  /** @param openFormat - that of the node that proposes; undefined: the newest. */
  constructor(
    options: Partial<SessionOptions> = {},
    private readonly openFormat?: number,
  ) {
    this.codec = new SessionCodec(new KvCodec(), options);
    this.machine = new SessionStateMachine(new KvStateMachine(), this.codec);
  }

  /** Applies these as one batch. */
  async apply(...commands: readonly (KvCommand | SessionCommand)[]): Promise<readonly unknown[]> {
    const payloads = commands.map((command) => this.codec.encodeCommand(command, this.openFormat));
    const block = LogBlock.of(this.index + 1, 1, this.logTimeMs, EntryType.command, payloads);
    this.index = block.last;
    return this.machine.apply(new CommandBatch([block], block.first, block.last));
  }
}
