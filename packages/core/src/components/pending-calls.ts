import { RaftError } from "../model/errors.js";
import type { Millis } from "../model/log-id.js";
import type { AbortSignalLike } from "../ports/transport.js";
import { SparseMap } from "../protocol/sparse-map.js";
import type { Alarm } from "./timer-service.js";

/** One caller that waits for the answer to a numbered request. */
export interface PendingCall<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
  /** When it gives up; infinite: never by itself. ms. */
  readonly deadlineMs: Millis;
  readonly signal?: AbortSignalLike | undefined;
  /** What it hears when its time is up or it was called off. */
  readonly gaveUp: (code: "DeadlineExceeded" | "Cancelled") => RaftError;
}

/**
 * Callers by request number: reads, forwarded proposals, transfers and changes. Bounded; every one is answered exactly
 * once, at the latest when its deadline passes (C05).
 */
export class PendingCalls<Result> {
  private readonly calls = new SparseMap<number, PendingCall<Result>>();
  private readonly aborts = new SparseMap<number, () => void>();

  constructor(
    /** What they wait for, in the plural: for errors. */
    private readonly what: string,
    private readonly max: number,
    /** Wakes {@link sweep}. */
    private readonly alarm: Alarm,
  ) {}

  /** Callers that wait. */
  get size(): number {
    return this.calls.size;
  }

  /** Whether the request still waits. */
  has(request: number): boolean {
    return this.calls.has(request);
  }

  /** Takes a caller in; answers it at once if there is no room. Returns whether there was. */
  add(request: number, call: PendingCall<Result>): boolean {
    if (this.calls.size >= this.max) {
      call.reject(
        new RaftError(
          "Overloaded",
          "refused",
          `${this.max} ${this.what} wait already; try again when some were answered.`,
        ),
      );
      return false;
    }
    this.calls.set(request, call);
    if (call.signal !== undefined) {
      const onAbort = () => this.fail([request], call.gaveUp("Cancelled"));
      call.signal.addEventListener("abort", onAbort, { once: true });
      this.aborts.set(request, onAbort);
    }
    this.alarm.atMost(call.deadlineMs);
    return true;
  }

  /** Answers one; nothing happens if it no longer waits. */
  resolve(request: number, result: Result): void {
    this.take(request)?.resolve(result);
  }

  /** Answers some with an error. */
  fail(requests: Iterable<number>, error: Error): void {
    for (const request of requests) this.take(request)?.reject(error);
  }

  /** Answers all with an error. */
  failAll(error: Error): void {
    this.fail([...this.calls.keys()], error);
  }

  /** Answers those whose time is up, and says when the next one's is. */
  sweep(nowMs: Millis): void {
    let next = Number.POSITIVE_INFINITY;
    for (const [request, call] of this.calls) {
      if (call.deadlineMs <= nowMs) this.fail([request], call.gaveUp("DeadlineExceeded"));
      else next = Math.min(next, call.deadlineMs);
    }
    if (next < Number.POSITIVE_INFINITY) this.alarm.atMost(next);
  }

  private take(request: number): PendingCall<Result> | undefined {
    const call = this.calls.get(request);
    if (call === undefined) return undefined;
    this.calls.delete(request);
    const onAbort = this.aborts.get(request);
    if (onAbort !== undefined) {
      this.aborts.delete(request);
      call.signal?.removeEventListener("abort", onAbort);
    }
    return call;
  }
}
