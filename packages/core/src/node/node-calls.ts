import { errorOf, messageOf } from "../components/message-of.js";
import type { Done, ProposalGroup, Resolve } from "../components/proposal-group.js";
import { RaftError } from "../model/errors.js";
import type { Millis } from "../model/log-id.js";
import type { NodeId } from "../model/node-id.js";
import { badOption, type ProtocolOptions } from "../model/options.js";
import { type Backup, type BackupOptions, takeBackup } from "./backup.js";
import type { CallOptions } from "./call-options.js";
import type { Terms } from "./desk-memory.js";
import type { ApplyOptions, ReadOptions, StateHash } from "./node.js";
import type { NodePorts } from "./node-ports.js";
import { type TokenOrigin, wantedOf } from "./read-token.js";
import { DEFAULT_DEADLINE_IN_TIMEOUTS, type Replica } from "./replica.js";

/** The node that is called. */
export interface CalledNode {
  readonly id: NodeId;
  /** @throws RaftError if it does not run. */
  running(): { readonly replica: Replica };
  /** Whose log tokens speak of. */
  tokenOrigin(): TokenOrigin;
}

/**
 * The way of callers' commands and queries into the node. What can be refused is refused here, before it costs anything:
 * a command that is no command (F03) or too large (R10), a call that was called off before it began.
 */
export class NodeCalls {
  private late: (() => void)[] = [];

  constructor(
    private readonly node: CalledNode,
    private readonly options: ProtocolOptions,
    private readonly ports: NodePorts,
  ) {}

  /** See Node.apply. */
  apply(command: unknown, options?: ApplyOptions): Promise<unknown> {
    let payload: Uint8Array;
    let replica: Replica;
    try {
      replica = this.node.running().replica;
      payload = this.encode(command, replica.fsm.openFormat);
    } catch (error) {
      return Promise.reject(error);
    }
    if (options === undefined)
      return new Promise((resolve, reject) => {
        replica.inbox.propose(payload, resolve, reject);
      });
    const cancelled = whyNotBegun(options);
    if (cancelled !== undefined) return Promise.reject(cancelled);
    if (options.forward === true && replica.raft.role !== "leader")
      return replica.desk.forwards.forward(payload, this.terms(options));
    return new Promise((resolve, reject) => this.proposeOnTerms(replica, payload, resolve, reject, options));
  }

  /** See Node.applyCallback. */
  applyCallback(command: unknown, done: Done, options?: ApplyOptions): void {
    let replica: Replica;
    let payload: Uint8Array;
    try {
      replica = this.node.running().replica;
      payload = this.encode(command, replica.fsm.openFormat);
      const cancelled = whyNotBegun(options);
      if (cancelled !== undefined) throw cancelled;
    } catch (error) {
      return this.later(() => this.tell(done, errorOf(error)));
    }
    if (options === undefined) return void replica.inbox.propose(payload, null, done);
    if (options.forward === true && replica.raft.role !== "leader") {
      void this.forwardThenTell(replica, payload, done, options);
      return;
    }
    this.proposeOnTerms(replica, payload, null, done, options);
  }

  /** See Node.read. */
  read<Answer = unknown>(query: unknown, options: ReadOptions = {}): Promise<Answer> {
    try {
      const { desk } = this.node.running().replica;
      const cancelled = whyNotBegun(options);
      if (cancelled !== undefined) return Promise.reject(cancelled);
      const wanted = wantedOf(options.consistency ?? "linearizable", this.node.tokenOrigin());
      return desk.reads.read<Answer>(query, wanted, this.terms(options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** See Node.backup. */
  async backup(options: BackupOptions = {}): Promise<Backup> {
    const { consistency = "linearizable" } = options;
    if (consistency !== "linearizable" && consistency !== "local")
      throw badOption("consistency", consistency, "must be linearizable or local for a backup");
    const replica = this.node.running().replica;
    const cancelled = whyNotBegun(options);
    if (cancelled !== undefined) throw cancelled;
    const { clusterId, groupId } = this.node.tokenOrigin();
    const origin = { clusterId, groupId, nodeId: this.node.id };
    return takeBackup(this.ports, replica, origin, this.terms(options), consistency);
  }

  /** See Node.stateHash. */
  async stateHash(): Promise<StateHash> {
    const { replica } = this.node.running();
    const { stateMachine } = this.ports;
    return replica.desk.between((applied) => {
      if (stateMachine.stateHash === undefined)
        throw new RaftError(
          "BadCommand",
          "refused",
          "This state machine has no stateHash(); add one to compare replicas.",
        );
      return { ...applied, hash: stateMachine.stateHash() };
    });
  }

  private encode(command: unknown, openFormat: number): Uint8Array {
    const { codec } = this.ports;
    const payload = codec === undefined ? command : codec.encodeCommand(command, openFormat);
    if (!(payload instanceof Uint8Array))
      throw new RaftError(
        "BadCommand",
        "refused",
        "Without a Codec a command must be a Uint8Array; bind a Codec, or encode it.",
      );
    if (payload.length > this.options.entryBytesMax)
      throw new RaftError(
        "EntryTooLarge",
        "refused",
        `The command has ${payload.length} bytes, and entryBytesMax is ${this.options.entryBytesMax}; split it, or raise the option on every node.`,
        { bytes: payload.length, entryBytesMax: this.options.entryBytesMax },
      );
    return payload;
  }

  private proposeOnTerms(
    { inbox, closures }: Replica,
    payload: Uint8Array,
    resolve: Resolve | null,
    done: Done,
    { deadlineMs, signal }: CallOptions,
  ): void {
    const group: ProposalGroup | undefined = inbox.propose(payload, resolve, done);
    if (group === undefined || (deadlineMs === undefined && signal === undefined)) return;
    closures.time(group, group.count - 1, this.deadline(deadlineMs), signal);
  }

  private terms({ deadlineMs, signal }: CallOptions): Terms {
    return { deadlineMs: this.deadline(deadlineMs), signal };
  }

  private deadline(deadlineMs: Millis | undefined): Millis {
    return this.ports.clock.monotonic() + (deadlineMs ?? DEFAULT_DEADLINE_IN_TIMEOUTS * this.options.electionTimeoutMs);
  }

  private async forwardThenTell(
    { desk, inbox }: Replica,
    payload: Uint8Array,
    done: Done,
    options: CallOptions,
  ): Promise<void> {
    try {
      const result = await desk.forwards.forward(payload, this.terms(options));
      inbox.inNextTurn(() => this.tell(done, null, result));
    } catch (error) {
      inbox.inNextTurn(() => this.tell(done, errorOf(error)));
    }
  }

  /** In a later turn, also where no replica runs that could have one. */
  private later(answer: () => void): void {
    this.late.push(answer);
    if (this.late.length > 1) return;
    this.ports.turn.schedule(() => {
      for (const each of this.late.splice(0)) each();
    });
  }

  private tell(done: Done, error: Error | null, result?: unknown): void {
    try {
      done(error, result);
    } catch (thrown) {
      this.ports.logger.warn("a caller's callback threw; the node goes on", { reason: messageOf(thrown) });
    }
  }
}

function whyNotBegun(options: CallOptions | undefined): RaftError | undefined {
  if (options?.signal?.aborted === true)
    return new RaftError("Cancelled", "refused", "The call was called off before it began.");
  const deadlineMs = options?.deadlineMs;
  if (deadlineMs !== undefined && !(deadlineMs > 0))
    return new RaftError(
      "DeadlineExceeded",
      "refused",
      `The deadline of ${deadlineMs} ms had passed before the call began.`,
    );
  return undefined;
}
