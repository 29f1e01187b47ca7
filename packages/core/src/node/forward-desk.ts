import { errorOf } from "../components/message-of.js";
import { PendingCalls } from "../components/pending-calls.js";
import type { Alarm } from "../components/timer-service.js";
import { type ErrorCode, NotLeader, RaftError } from "../model/errors.js";
import type { Millis } from "../model/log-id.js";
import { Rejected } from "../ports/state-machine.js";
import type { ForwardAnswered, ForwardFailed, TakeForwarded } from "../protocol/effect.js";
import { type DeskMemory, nextRequest, type Terms } from "./desk-memory.js";
import type { Inbox } from "./inbox.js";
import type { NodePorts } from "./node-ports.js";

const NO_BYTES = new Uint8Array(0);

/**
 * Where commands change hands between two nodes (R18): those of callers here, which wait for the leader's answer, and those
 * that another node passed on to this one. None is ever sent twice. A result travels as the Codec lays it out (F02).
 */
export class ForwardDesk {
  private readonly calls: PendingCalls<unknown>;

  constructor(
    private readonly ports: Pick<NodePorts, "codec">,
    pendingRequestsMax: number,
    private readonly inbox: Inbox,
    alarm: Alarm,
    private readonly memory: DeskMemory,
  ) {
    this.calls = new PendingCalls("forwarded commands (pendingRequestsMax)", pendingRequestsMax, alarm);
  }

  /** Callers that wait for a leader's answer. */
  get size(): number {
    return this.calls.size;
  }

  /** Answers those whose time is up. */
  sweep(nowMs: Millis): void {
    this.calls.sweep(nowMs);
  }

  /** R18: passes a command on to the leader, once. */
  forward<Result>(payload: Uint8Array, { deadlineMs, signal }: Terms): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const request = nextRequest(this.memory);
      const gaveUp = (code: "DeadlineExceeded" | "Cancelled"): RaftError => {
        // Nobody waits for the answer any more: what may be lost must not count as under way for ever.
        this.inbox.post({ type: "ForwardAbandoned", request });
        return mayStillTakeEffect(code);
      };
      const call = { deadlineMs, signal, resolve: resolve as (result: unknown) => void, reject, gaveUp };
      if (this.calls.add(request, call)) this.inbox.post({ type: "ForwardRequested", request, payload });
    });
  }

  /** The leader answered. */
  answered({ response }: ForwardAnswered): void {
    const { request, outcome, code, reason, result, applied = 0 } = response;
    this.memory.forwardedUpTo = Math.max(this.memory.forwardedUpTo, applied);
    if (outcome !== "ok") {
      const error =
        code === "NotLeader" ? new NotLeader(null, null) : new RaftError(code as ErrorCode, outcome, reason);
      return this.calls.fail([request], error);
    }
    if (code !== "") return this.calls.resolve(request, this.rejection(code, reason, result));
    try {
      this.calls.resolve(request, this.ports.codec === undefined ? result : this.ports.codec.decodeResult(result));
    } catch (error) {
      this.calls.fail([request], unreadable(errorOf(error).message));
    }
  }

  /** F01: as the state machine over there made it, if the answer brings that and it can be read here; else by its code and reason. */
  private rejection(code: string, reason: string, bytes: Uint8Array): Rejected {
    const plain = new Rejected(code, reason);
    if (bytes.length === 0 || this.ports.codec === undefined) return plain;
    try {
      const own = this.ports.codec.decodeResult(bytes);
      return own instanceof Rejected && own.code === code ? own : plain;
    } catch {
      return plain;
    }
  }

  /** The leader will not answer. */
  failed({ requests, error }: ForwardFailed): void {
    this.calls.fail(requests, error);
  }

  /** Another node passed a command on to this one. */
  take({ from: to, fromIncarnation: toIncarnation, request, payload, onlyInTerm }: TakeForwarded): void {
    this.inbox.proposeForwarded(payload, onlyInTerm, (error, value) => {
      const { outcome, code, reason, result } = error === null ? this.laidOut(value) : failure(error);
      this.inbox.post({ type: "ForwardedSettled", to, toIncarnation, request, outcome, code, reason, result });
    });
  }

  /** Answers everybody. */
  close(error: RaftError): void {
    this.calls.failAll(error);
  }

  /** F02: a result, for a caller behind another node. */
  private laidOut(result: unknown): Settlement {
    if (result instanceof Rejected)
      return { outcome: "ok", code: result.code, reason: result.reason, result: this.kindOf(result) };
    try {
      const bytes = this.ports.codec === undefined ? result : this.ports.codec.encodeResult(result);
      if (bytes === undefined) return { outcome: "ok", code: "", reason: "", result: NO_BYTES };
      if (bytes instanceof Uint8Array) return { outcome: "ok", code: "", reason: "", result: bytes };
      return failure(unreadable("without a Codec only a Uint8Array can be sent to another node"));
    } catch (error) {
      return failure(unreadable(errorOf(error).message));
    }
  }

  /** A rejection of a class of its own is laid out besides, where the codec can do so: others know it by that class. */
  private kindOf(rejected: Rejected): Uint8Array {
    if (rejected.constructor === Rejected || this.ports.codec === undefined) return NO_BYTES;
    try {
      return this.ports.codec.encodeResult(rejected);
    } catch {
      return NO_BYTES;
    }
  }
}

interface Settlement {
  readonly outcome: "ok" | "refused" | "unknown";
  readonly code: string;
  readonly reason: string;
  readonly result: Uint8Array;
}

/** The command took effect, but what it returned cannot be told. */
const unreadable = (why: string): RaftError =>
  new RaftError("BadCommand", "unknown", `The command was applied, but its result could not be laid out: ${why}.`);

const failure = (error: Error): Settlement =>
  error instanceof RaftError
    ? { outcome: error.outcome, code: error.code, reason: error.message, result: NO_BYTES }
    : { outcome: "unknown", code: "Halted", reason: error.message, result: NO_BYTES };

const mayStillTakeEffect = (code: "DeadlineExceeded" | "Cancelled"): RaftError =>
  new RaftError(
    code,
    "unknown",
    "The command was passed on to the leader, and may still take effect; read before you repeat it.",
  );
