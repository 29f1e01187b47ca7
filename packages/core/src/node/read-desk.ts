import type { FsmCaller } from "../components/fsm-caller.js";
import { errorOf } from "../components/message-of.js";
import { PendingCalls } from "../components/pending-calls.js";
import type { Alarm } from "../components/timer-service.js";
import { RaftError } from "../model/errors.js";
import type { LogIndex, Millis } from "../model/log-id.js";
import type { ReadFailed, ReadReady } from "../protocol/effect.js";
import { SparseMap } from "../protocol/sparse-map.js";
import { type DeskMemory, nextRequest, type Terms } from "./desk-memory.js";
import type { Inbox } from "./inbox.js";
import type { NodePorts } from "./node-ports.js";
import type { Wanted } from "./read-token.js";

/**
 * Where readers wait: until the protocol says that their time has come (Q01, Q05, Q08), or until what they want is applied here
 * (Q08), and then for the state machine, which is asked once everything up to their index is applied.
 */
export class ReadDesk {
  private readonly calls: PendingCalls<unknown>;
  /** What is asked of the state machine when the time of a read has come. */
  private readonly questions = new SparseMap<number, () => unknown>();
  /** Q08: reads that wait until an index is applied here, which may never be. */
  private waits: { readonly request: number; readonly index: LogIndex }[] = [];

  constructor(
    private readonly ports: Pick<NodePorts, "stateMachine">,
    pendingRequestsMax: number,
    private readonly inbox: Inbox,
    private readonly fsm: FsmCaller,
    alarm: Alarm,
    private readonly memory: DeskMemory,
  ) {
    this.calls = new PendingCalls("reads (pendingRequestsMax)", pendingRequestsMax, alarm);
  }

  /** Readers that wait. */
  get size(): number {
    return this.calls.size;
  }

  /** Whether nobody waits here, nor is still listed as waiting. */
  get isIdle(): boolean {
    return this.calls.size + this.waits.length === 0;
  }

  /** Answers those whose time is up. */
  sweep(nowMs: Millis): void {
    this.calls.sweep(nowMs);
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

  /** The protocol says that they may be answered, once everything up to an index is applied here. */
  ready({ requests, index }: ReadReady): void {
    for (const request of requests) this.serve(request, index);
  }

  /** Q07: they will not be answered. */
  failed({ requests, error }: ReadFailed): void {
    for (const request of requests) this.questions.delete(request);
    this.calls.fail(requests, error);
  }

  /** After a drain: whoever waits for an index is asked for once it is applied. */
  turnEnded(): void {
    if (this.waits.length === 0) return;
    const applied = this.fsm.appliedId.index;
    const waiting = this.waits.filter(({ request }) => this.calls.has(request));
    this.waits = waiting.filter(({ index }) => index > applied);
    for (const { request, index } of waiting) if (index <= applied) this.serve(request, index);
  }

  /** Answers everybody. */
  close(error: RaftError): void {
    this.questions.clear();
    this.calls.failAll(error);
  }

  private ask<Answer>(question: () => unknown, wanted: Wanted, { deadlineMs, signal }: Terms): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const request = nextRequest(this.memory);
      const call = { deadlineMs, signal, resolve: resolve as (answer: unknown) => void, reject, gaveUp };
      if (!this.calls.add(request, call)) return;
      this.questions.set(request, question);
      if (wanted === "local") this.inbox.inNextTurn(() => this.serve(request, 0));
      else if (wanted === "linearizable") this.inbox.read(request);
      else if (wanted === "lease") this.inbox.readUnderLease(request);
      else if ("maxStalenessMs" in wanted) this.inbox.readBounded({ request, ...wanted });
      else this.inbox.inNextTurn(() => void this.waits.push({ request, index: wanted.atLeast }));
    });
  }

  private serve(request: number, index: LogIndex): void {
    const question = this.questions.get(request);
    this.questions.delete(request);
    if (question === undefined || !this.calls.has(request)) return;
    const ask = (): Promise<void> | undefined => {
      if (!this.calls.has(request)) return undefined;
      try {
        const answer = question();
        if (!isPending(answer)) {
          this.calls.resolve(request, answer);
          return undefined;
        }
        return answer.then(
          (settled) => this.calls.resolve(request, settled),
          (error: unknown) => this.calls.fail([request], errorOf(error)),
        );
      } catch (error) {
        // A query that cannot be answered concerns its caller alone: it changed nothing.
        this.calls.fail([request], errorOf(error));
        return undefined;
      }
    };
    this.fsm.readAt(index, ask, (error) => this.calls.fail([request], error));
  }
}

const isPending = (answer: unknown): answer is Promise<unknown> =>
  typeof answer === "object" && answer !== null && "then" in answer && typeof answer.then === "function";

const gaveUp = (code: "DeadlineExceeded" | "Cancelled"): RaftError =>
  new RaftError(
    code === "Cancelled" ? code : "ReadTimeout",
    "refused",
    code === "Cancelled" ? "The read was called off." : "The read was not confirmed in time; try again.",
  );
