import type { FsmCaller } from "../components/fsm-caller.js";
import { errorOf } from "../components/message-of.js";
import { type PendingCall, PendingCalls } from "../components/pending-calls.js";
import type { SnapshotSaver } from "../components/snapshot-saver.js";
import type { Alarm } from "../components/timer-service.js";
import { type ErrorCode, NotLeader, RaftError } from "../model/errors.js";
import type { LogId, LogIndex, Millis } from "../model/log-id.js";
import type { ProtocolOptions } from "../model/options.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import { Rejected } from "../ports/state-machine.js";
import type {
  ChangeAnswered,
  ForwardAnswered,
  ForwardFailed,
  ReadFailed,
  ReadReady,
  TakeForwarded,
  TransferAnswered,
} from "../protocol/effect.js";
import { SparseMap } from "../protocol/sparse-map.js";
import type { Desk } from "./effect-runner.js";
import type { Inbox } from "./inbox.js";
import type { NodePorts } from "./node-ports.js";
import type { Wanted } from "./read-token.js";

const NO_BYTES = new Uint8Array(0);

/** What a call may say about its own end. */
export type Terms = Omit<PendingCall<unknown>, "resolve" | "reject" | "gaveUp">;

/** What outlives a desk: of two of one node neither gives a number that the other gave, or shows less than was shown. */
export interface DeskMemory {
  /** T11: the newest request of this start of the node. */
  lastRequest: number;
  /** Q08: what leaders had applied when they answered what was forwarded to them. */
  forwardedUpTo: LogIndex;
}

/** Who saves snapshots at the moment. */
interface SaverSource {
  readonly saver: Pick<SnapshotSaver, "isSaving" | "newestIndex" | "newestMeta" | "lastFault">;
}

/**
 * Where callers of everything but a plain proposal wait, by request number: reads, forwarded commands, transfers,
 * changes, snapshots. Numbers are unique in this start of the node (T11), and no request is ever sent twice (R18).
 */
export class CallerDesk implements Desk {
  private readonly reads: PendingCalls<unknown>;
  private readonly forwards: PendingCalls<unknown>;
  private readonly orders: PendingCalls<void>;
  /** What is asked of the state machine when the time of a read has come. */
  private readonly questions = new SparseMap<number, () => unknown>();
  private readonly savers: {
    readonly resolve: (meta: SnapshotMeta) => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  /** Q08: reads that wait until an index is applied here, which may never be. */
  private waits: { readonly request: number; readonly index: LogIndex }[] = [];
  private snapshots: SaverSource | undefined;
  /** Callers that will be among the savers, or be refused, in the next turn. */
  private saversToCome = 0;
  private closed: RaftError | undefined;

  constructor(
    private readonly ports: Pick<NodePorts, "stateMachine" | "codec">,
    options: Pick<ProtocolOptions, "pendingRequestsMax">,
    private readonly inbox: Inbox,
    private readonly fsm: FsmCaller,
    alarm: Alarm,
    private readonly memory: DeskMemory,
  ) {
    const max = options.pendingRequestsMax;
    this.reads = new PendingCalls("reads (pendingRequestsMax)", max, alarm);
    this.forwards = new PendingCalls("forwarded commands (pendingRequestsMax)", max, alarm);
    this.orders = new PendingCalls("operator's requests (pendingRequestsMax)", max, alarm);
  }

  /** Whether nobody waits here. */
  get isIdle(): boolean {
    const { reads, forwards, orders, savers, waits } = this;
    return reads.size + forwards.size + orders.size + savers.length + this.saversToCome + waits.length === 0;
  }

  /** Answers those whose time is up. */
  sweep(nowMs: Millis): void {
    for (const calls of [this.reads, this.forwards, this.orders]) calls.sweep(nowMs);
  }

  /** Q08: all that this node has shown or acknowledged is at or below this index. */
  get shownIndex(): LogIndex {
    return Math.max(this.fsm.appliedId.index, this.memory.forwardedUpTo);
  }

  /** Reads what is wanted: Q01, Q05, Q06 or Q08. */
  read<Answer>(query: unknown, wanted: Wanted, terms: Terms): Promise<Answer> {
    return this.ask(() => this.ports.stateMachine.read(query), wanted, terms);
  }

  /** Q01: an index with all that was acknowledged anywhere before the call, and applied here. */
  confirmedIndex(terms: Terms): Promise<LogIndex> {
    return this.ask(() => this.fsm.appliedId.index, "linearizable", terms);
  }

  private ask<Answer>(question: () => unknown, wanted: Wanted, terms: Terms): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const request = this.begin();
      const call = { ...terms, resolve: resolve as (answer: unknown) => void, reject, gaveUp: readGaveUp };
      if (!this.reads.add(request, call)) return;
      this.questions.set(request, question);
      if (wanted === "local") this.inbox.inNextTurn(() => this.serve(request, 0));
      else if (wanted === "linearizable") this.inbox.read(request);
      else if (wanted === "lease") this.inbox.readUnderLease(request);
      else if ("maxStalenessMs" in wanted) this.inbox.readBounded({ request, ...wanted });
      else this.inbox.inNextTurn(() => void this.waits.push({ request, index: wanted.atLeast }));
    });
  }

  /** R18: passes a command on to the leader, once. */
  forward<Result>(payload: Uint8Array, terms: Terms): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const request = this.begin();
      const gaveUp = (code: "DeadlineExceeded" | "Cancelled"): RaftError => {
        // Nobody waits for the answer any more: what may be lost must not count as under way for ever.
        this.inbox.post({ type: "ForwardAbandoned", request });
        return forwardGaveUp(code);
      };
      const call = { ...terms, resolve: resolve as (result: unknown) => void, reject, gaveUp };
      if (this.forwards.add(request, call)) this.inbox.post({ type: "ForwardRequested", request, payload });
    });
  }

  /** A transfer or a change. */
  order(post: (request: number) => void, terms: Terms): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const request = this.begin();
      if (this.orders.add(request, { ...terms, resolve, reject, gaveUp: orderGaveUp })) post(request);
    });
  }

  /** S07: joins a save under way, or asks for one. */
  snapshot(snapshots: SaverSource): Promise<SnapshotMeta> {
    return new Promise<SnapshotMeta>((resolve, reject) => {
      if (this.closed !== undefined) return reject(this.closed);
      this.snapshots = snapshots;
      this.saversToCome++;
      this.inbox.post({ type: "SnapshotRequested" });
      this.inbox.inNextTurn(() => {
        const { saver } = snapshots;
        this.saversToCome--;
        const begunOrThere = saver.isSaving || saver.newestIndex === this.fsm.appliedId.index;
        if (begunOrThere) this.savers.push({ resolve, reject });
        else reject(notSaved(saver.lastFault || "another one is being installed"));
      });
    });
  }

  /** Runs something between two calls of the state machine. */
  between<T>(run: (applied: LogId) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.inbox.inNextTurn(() =>
        this.fsm.call(() => {
          try {
            resolve(run(this.fsm.appliedId));
          } catch (error) {
            reject(errorOf(error));
          }
          return undefined;
        }, reject),
      );
    });
  }

  takeForwarded({ from, fromIncarnation, request, payload, onlyInTerm }: TakeForwarded): void {
    this.inbox.proposeForwarded(payload, onlyInTerm, (error, result) => {
      const settled = { type: "ForwardedSettled", to: from, toIncarnation: fromIncarnation, request } as const;
      this.inbox.post({ ...settled, ...(error === null ? this.laidOut(result) : failure(error)) });
    });
  }

  forwardAnswered({ response }: ForwardAnswered): void {
    const { request, outcome, code, reason, result, applied = 0 } = response;
    this.memory.forwardedUpTo = Math.max(this.memory.forwardedUpTo, applied);
    if (outcome !== "ok") {
      const error =
        code === "NotLeader" ? new NotLeader(null, null) : new RaftError(code as ErrorCode, outcome, reason);
      return this.forwards.fail([request], error);
    }
    if (code !== "") return this.forwards.resolve(request, new Rejected(code, reason));
    try {
      this.forwards.resolve(request, this.ports.codec === undefined ? result : this.ports.codec.decodeResult(result));
    } catch (error) {
      this.forwards.fail([request], unreadable(errorOf(error).message));
    }
  }

  forwardFailed({ requests, error }: ForwardFailed): void {
    this.forwards.fail(requests, error);
  }

  readReady({ requests, index }: ReadReady): void {
    for (const request of requests) this.serve(request, index);
  }

  readFailed({ requests, error }: ReadFailed): void {
    for (const request of requests) this.questions.delete(request);
    this.reads.fail(requests, error);
  }

  changeAnswered({ request, error }: ChangeAnswered): void {
    if (error === null) this.orders.resolve(request, undefined);
    else this.orders.fail([request], error);
  }

  transferAnswered({ request, error }: TransferAnswered): void {
    if (error === null) this.orders.resolve(request, undefined);
    else this.orders.fail([request], error);
  }

  /** After a drain: whoever waits for an index or a snapshot hears of it once it is there. */
  turnEnded(): void {
    if (this.waits.length > 0) this.serveApplied();
    if (this.savers.length === 0 || this.snapshots === undefined) return;
    const { isSaving, lastFault, newestMeta } = this.snapshots.saver;
    if (isSaving) return;
    for (const { resolve, reject } of this.savers.splice(0)) {
      if (lastFault === "" && newestMeta !== null) resolve(newestMeta);
      else reject(notSaved(lastFault));
    }
  }

  /** Answers everybody. */
  close(error: (outcome: "refused" | "unknown") => RaftError): void {
    this.closed = error("refused");
    this.questions.clear();
    this.reads.failAll(error("refused"));
    this.forwards.failAll(error("unknown"));
    this.orders.failAll(error("unknown"));
    for (const { reject } of this.savers.splice(0)) reject(error("unknown"));
  }

  /** O01. */
  describe(): Readonly<Record<string, number>> {
    return { reads: this.reads.size, forwards: this.forwards.size, orders: this.orders.size };
  }

  private serveApplied(): void {
    const applied = this.fsm.appliedId.index;
    const waiting = this.waits.filter(({ request }) => this.reads.has(request));
    this.waits = waiting.filter(({ index }) => index > applied);
    for (const { request, index } of waiting) if (index <= applied) this.serve(request, index);
  }

  private begin(): number {
    return ++this.memory.lastRequest;
  }

  private serve(request: number, index: LogIndex): void {
    const question = this.questions.get(request);
    this.questions.delete(request);
    if (question === undefined || !this.reads.has(request)) return;
    const ask = (): Promise<void> | undefined => {
      if (!this.reads.has(request)) return undefined;
      try {
        const answer = question();
        if (!isPending(answer)) {
          this.reads.resolve(request, answer);
          return undefined;
        }
        return answer.then(
          (settled) => this.reads.resolve(request, settled),
          (error: unknown) => this.reads.fail([request], errorOf(error)),
        );
      } catch (error) {
        // A query that cannot be answered concerns its caller alone: it changed nothing.
        this.reads.fail([request], errorOf(error));
        return undefined;
      }
    };
    this.fsm.readAt(index, ask, (error) => this.reads.fail([request], error));
  }

  /** F02: a result, for a caller behind another node. */
  private laidOut(result: unknown): Settlement {
    if (result instanceof Rejected)
      return { outcome: "ok", code: result.code, reason: result.reason, result: NO_BYTES };
    try {
      const bytes = this.ports.codec === undefined ? result : this.ports.codec.encodeResult(result);
      if (bytes === undefined) return { outcome: "ok", code: "", reason: "", result: NO_BYTES };
      if (bytes instanceof Uint8Array) return { outcome: "ok", code: "", reason: "", result: bytes };
      return failure(unreadable("without a Codec only a Uint8Array can be sent to another node"));
    } catch (error) {
      return failure(unreadable(errorOf(error).message));
    }
  }
}

interface Settlement {
  readonly outcome: "ok" | "refused" | "unknown";
  readonly code: string;
  readonly reason: string;
  readonly result: Uint8Array;
}

const notSaved = (why: string): RaftError =>
  new RaftError("SnapshotFailed", "refused", `No snapshot was saved: ${why}.`);

const isPending = (answer: unknown): answer is Promise<unknown> =>
  typeof answer === "object" && answer !== null && "then" in answer && typeof answer.then === "function";

/** The command took effect, but what it returned cannot be told. */
const unreadable = (why: string): RaftError =>
  new RaftError("BadCommand", "unknown", `The command was applied, but its result could not be laid out: ${why}.`);

const failure = (error: Error): Settlement =>
  error instanceof RaftError
    ? { outcome: error.outcome, code: error.code, reason: error.message, result: NO_BYTES }
    : { outcome: "unknown", code: "Halted", reason: error.message, result: NO_BYTES };

const readGaveUp = (code: "DeadlineExceeded" | "Cancelled"): RaftError =>
  new RaftError(
    code === "Cancelled" ? code : "ReadTimeout",
    "refused",
    code === "Cancelled" ? "The read was called off." : "The read was not confirmed in time; try again.",
  );

const forwardGaveUp = (code: "DeadlineExceeded" | "Cancelled"): RaftError =>
  new RaftError(
    code,
    "unknown",
    "The command was passed on to the leader, and may still take effect; read before you repeat it.",
  );

const orderGaveUp = (code: "DeadlineExceeded" | "Cancelled"): RaftError =>
  new RaftError(code, "unknown", "The request was begun, and may still be carried out; ask describe() how far it is.");
