import { Observable, Subject } from "rxjs";
import type { Logger } from "../ports/logger.js";
import type { Notice } from "../protocol/notice.js";

/** The node takes part from now on. */
export interface NodeStarted {
  /** Names the event. */
  readonly kind: "started";
}
/** The node was stopped; nothing comes after this. */
export interface NodeStopped {
  /** Names the event. */
  readonly kind: "stopped";
}
/** The group stopped in place by itself (L04, E17, an invariant). */
export interface NodeHalted {
  /** Names the event. */
  readonly kind: "halted";
  /** Why, for a person. */
  readonly reason: string;
}
/** O03: what `events$` emits. */
export type NodeEvent = Notice | NodeStarted | NodeStopped | NodeHalted;

type Observer = {
  readonly next?: ((event: never) => void) | undefined;
  readonly error?: ((error: unknown) => void) | undefined;
  readonly complete?: (() => void) | undefined;
};

/** The node's end of `events$`. */
export class NodeEvents {
  /** The users' end: what a subscriber throws is logged, and concerns nobody else. */
  readonly events$: Observable<NodeEvent>;
  private readonly subject = new Subject<NodeEvent>();

  constructor(logger: Logger) {
    const report = (error: unknown): void =>
      logger.error("a subscriber of events$ threw; the node goes on", {
        reason: error instanceof Error ? error.message : String(error),
      });
    this.events$ = guard(this.subject, report);
  }

  /** Tells everybody. */
  emit(event: NodeEvent): void {
    this.subject.next(event);
  }

  /** Nothing more will come. */
  complete(): void {
    this.subject.complete();
  }
}

/**
 * RxJS throws what a subscriber throws into the process, from a timer: a careless `subscribe` would end the node. So
 * every subscriber is wrapped, also behind operators, which RxJS builds by `lift`.
 */
function guard<T>(source: Observable<T>, report: (error: unknown) => void): Observable<T> {
  const guarded = new Observable<T>((subscriber) => source.subscribe(subscriber));
  return harden(guarded, report);
}

function harden<T>(observable: Observable<T>, report: (error: unknown) => void): Observable<T> {
  const lift = observable.lift.bind(observable);
  const subscribe = observable.subscribe.bind(observable) as (
    observer: object,
  ) => ReturnType<typeof observable.subscribe>;
  const overrides = {
    lift: (...args: Parameters<typeof lift>) => harden(lift(...args), report),
    subscribe: (given?: Observer | ((event: never) => void) | null) => subscribe(careful(given, report)),
  };
  return Object.assign(observable, overrides);
}

function careful(
  given: Observer | ((event: never) => void) | null | undefined,
  report: (error: unknown) => void,
): object {
  // An RxJS Subscriber is a stage of a pipeline, and knows what to do with errors itself.
  if (typeof given === "object" && given !== null && "isStopped" in given) return given;
  const observer: Observer = typeof given === "function" ? { next: given } : (given ?? {});
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      report(error);
    }
  };
  return {
    next: (event: never) => attempt(() => observer.next?.(event)),
    error: (error: unknown) => attempt(() => (observer.error === undefined ? report(error) : observer.error(error))),
    complete: () => attempt(() => observer.complete?.()),
  };
}
