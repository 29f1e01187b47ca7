import type { ClosureQueue } from "../components/closure-queue.js";
import type { EventSink } from "../components/event-sink.js";
import type { Done, ProposalGroup, Resolve } from "../components/proposal-group.js";
import { RaftError } from "../model/errors.js";
import type { Millis, Term } from "../model/log-id.js";
import { blocksOf, type Message } from "../model/message.js";
import type { Clock } from "../ports/clock.js";
import type { Turn } from "../ports/turn.js";
import type { Effect } from "../protocol/effect.js";
import type { BoundedRead, RaftEvent } from "../protocol/event.js";
import { added, NOTHING } from "../protocol/short-list.js";
import { Gathering } from "./gathering.js";

/** Most events that one turn handles; the rest waits for the next, behind timers and sockets. */
export const EVENTS_PER_TURN_MAX = 4_096;
/** Most messages that wait; what comes beyond is dropped, and Raft recovers (R19). */
export const MESSAGES_WAITING_MAX = 65_536;
/** Most bytes of entries and commands in them; one message always waits. */
export const MESSAGE_BYTES_WAITING_MAX = 64 * 1024 * 1024;

/** What the inbox feeds: the protocol. */
export interface Stepper {
  step(event: RaftEvent, now: Millis): readonly Effect[];
  readonly turnWork: boolean;
}

/** What the rest of the node does around a turn. */
export interface TurnHooks {
  /** A turn begins. */
  began(): void;
  /** Q05: for how long the host stood still since somebody asked, without its monotonic clock noticing; 0: not. ms. */
  stoodStill(): Millis;
  /** Carries out what a step wants. */
  run(effects: readonly Effect[]): void;
  /** All that was queued has been stepped: writes begin, messages leave, callers are answered. */
  ended(): void;
  /** A step or an effect threw: the group stops in place. */
  failed(error: unknown): void;
}

/**
 * The pump. Everything that happens waits here in one FIFO, and the protocol gets one event at a time, with the time of
 * that moment. A turn is one macrotask: it handles what was queued when it began, then the turn's proposals as one event,
 * and answers callers when the drain is over. So an answer never leads to the next commit by microtasks alone.
 */
export class Inbox implements EventSink {
  private queue: readonly (RaftEvent | (() => void))[] = NOTHING;
  /** Made when a turn is the first to need it. */
  private gathered: Gathering | undefined;
  private messages = 0;
  private messageBytes = 0;
  private droppedMessages = 0;
  private scheduled = false;
  /** What a turn runs: made with the first, and again after each rest (G02). A busy group is given some thousand turns a second. */
  private drainer: (() => void) | undefined;
  private state: "waiting" | "open" | "closed" = "waiting";
  /** What is said to callers since it was closed. */
  private refusal: RaftError | undefined;

  constructor(
    private readonly raft: Stepper,
    private readonly clock: Clock,
    private readonly turn: Turn,
    private readonly closures: ClosureQueue,
    private readonly hooks: TurnHooks,
    /** R12: most bytes of commands that one turn gathers. */
    private readonly gatherBytesMax: number,
    /** Callers that named no deadline wait this long. ms. */
    private readonly defaultDeadlineMs: Millis,
  ) {}

  /** Begins to work, with the effects of the protocol's start; what came before waited. */
  open(start: () => readonly Effect[]): void {
    this.state = "open";
    this.inNextTurn(() => this.hooks.run(start()));
  }

  post(event: RaftEvent): void {
    if (this.state === "closed") return;
    if (event.type === "MessageReceived" && !this.hasRoomFor(event.envelope.message)) {
      this.droppedMessages++;
      return;
    }
    // L04, E24: what is queued already must not be answered by a node whose disk is dead, nor heard by one that stood still.
    if (event.type === "StorageFailed" || event.type === "EventLoopPaused") this.queue = [event, ...this.queue];
    else this.queue = added(this.queue, event);
    this.schedule();
  }

  inNextTurn(work: () => void): void {
    this.queue = added(this.queue, work);
    this.schedule();
  }

  /** Gathers a command for the end of the turn. `resolve` is null for the callback form. Returns its group; it is the last one there. */
  propose(payload: Uint8Array, resolve: Resolve | null, done: Done): ProposalGroup | undefined {
    const group = this.gathering.proposals;
    if (group.bytes + payload.length > this.gatherBytesMax && group.count > 0) {
      const error = new RaftError(
        "Overloaded",
        "refused",
        `${group.bytes} bytes of commands came in one turn (uncommittedBytesMax); try again shortly.`,
      );
      this.inNextTurn(() => done(error));
      return undefined;
    }
    group.add(payload, resolve, done);
    this.schedule();
    return group;
  }

  /** R18: gathers a peer's command, which may be proposed in one term only. */
  proposeForwarded(payload: Uint8Array, onlyInTerm: Term, done: Done): void {
    this.gathering.forward(payload, onlyInTerm, done);
    this.schedule();
  }

  /** Gathers a linearizable read; those of a turn share one round (Q03). */
  read(request: number): void {
    this.gathering.reads.push(request);
    this.schedule();
  }

  /** Gathers a read under the lease (Q05). */
  readUnderLease(request: number): void {
    this.gathering.leaseReads.push(request);
    this.schedule();
  }

  /** Gathers a read of bounded age (Q08). */
  readBounded(read: BoundedRead): void {
    this.gathering.boundedReads.push(read);
    this.schedule();
  }

  /** Steps nothing more. What was gathered was never proposed. */
  close(refusal: RaftError): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.refusal = refusal;
    const { gathered } = this;
    this.gathered = undefined;
    for (const group of gathered?.groups ?? []) this.submit(group);
  }

  /** G02: the group goes to rest. */
  putAway(): void {
    this.drainer = undefined;
  }

  /** Events, commands and reads that wait for the next turn. */
  get waiting(): number {
    return this.queue.length + (this.gathered?.waiting ?? 0);
  }

  /** O01. */
  describe(): Readonly<Record<string, number>> {
    return {
      inbox: this.queue.length,
      gathered: this.gathered?.proposals.count ?? 0,
      droppedMessages: this.droppedMessages,
    };
  }

  private get gathering(): Gathering {
    this.gathered ??= new Gathering();
    return this.gathered;
  }

  private hasRoomFor(message: Message): boolean {
    const bytes = bytesOf(message);
    const isFull = this.messages >= MESSAGES_WAITING_MAX || this.messageBytes + bytes > MESSAGE_BYTES_WAITING_MAX;
    if (isFull && this.messages > 0) return false;
    this.messages++;
    this.messageBytes += bytes;
    return true;
  }

  private leaves(message: Message): void {
    this.messages--;
    this.messageBytes -= bytesOf(message);
  }

  private schedule(): void {
    if (this.scheduled || this.state === "waiting") return;
    this.scheduled = true;
    this.turn.schedule(this.drainer ?? this.makeDrainer());
  }

  private makeDrainer(): () => void {
    return (this.drainer = () => this.drain());
  }

  private drain(): void {
    this.scheduled = false;
    // R08: news of a commit waits until the callers that it answered had a turn to propose, and rides on their entries.
    const announce = this.state === "open" && this.raft.turnWork;
    this.hooks.began();
    this.stepQueued();
    if (this.state === "open") this.stepGathered();
    if (announce && this.isOpen && this.raft.turnWork) this.step({ type: "TurnEnded" });
    this.hooks.ended();
    if (this.queue.length > 0 || (this.isOpen && this.raft.turnWork)) this.schedule();
  }

  private get isOpen(): boolean {
    return this.state === "open";
  }

  private stepQueued(): void {
    const { queue } = this;
    const isLong = queue.length > EVENTS_PER_TURN_MAX;
    const items = isLong ? queue.slice(0, EVENTS_PER_TURN_MAX) : queue;
    this.queue = isLong ? queue.slice(EVENTS_PER_TURN_MAX) : NOTHING;
    for (const item of items) {
      if (typeof item === "function") this.guarded(item);
      else {
        if (item.type === "MessageReceived") this.leaves(item.envelope.message);
        if (this.state === "open") this.step(item);
      }
    }
  }

  private stepGathered(): void {
    const { gathered } = this;
    if (gathered === undefined) return;
    this.gathered = undefined;
    for (const group of gathered.groups) this.submit(group);
    const { reads, leaseReads, boundedReads } = gathered;
    if (reads.length > 0 && this.isOpen) this.step({ type: "ReadRequested", requests: reads });
    if (leaseReads.length > 0 && this.isOpen) this.stepTimed({ type: "LeaseReadRequested", requests: leaseReads });
    if (boundedReads.length > 0 && this.isOpen) this.stepTimed({ type: "BoundedReadRequested", reads: boundedReads });
  }

  /**
   * Q05: time is looked at first, and then whether the host stood still: were it the other way round, it might do so in
   * between, and an instant of long ago would pass for now.
   */
  private stepTimed(event: RaftEvent): void {
    const now = this.clock.monotonic();
    const forMs = this.hooks.stoodStill();
    if (forMs > 0) this.step({ type: "EventLoopPaused", forMs });
    if (this.isOpen) this.step(event, forMs > 0 ? this.clock.monotonic() : now);
  }

  private submit(group: ProposalGroup): void {
    group.compact();
    if (group.count === 0) return;
    group.deadlineMs = this.clock.monotonic() + this.defaultDeadlineMs;
    this.closures.submit(group);
    if (this.refusal !== undefined)
      return this.closures.refused({ type: "ProposalsRefused", count: group.count, error: this.refusal });
    const { payloads, onlyInTerm } = group;
    this.step({ type: "ProposalsSubmitted", payloads, ...(onlyInTerm !== undefined && { onlyInTerm }) });
  }

  private step(event: RaftEvent, now = this.clock.monotonic()): void {
    try {
      this.hooks.run(this.raft.step(event, now));
    } catch (error) {
      this.hooks.failed(error);
    }
  }

  private guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.hooks.failed(error);
    }
  }
}

/** What makes a message heavy. */
function bytesOf(message: Message): number {
  if (message.type === "Propose") return message.payload.length;
  let bytes = 0;
  for (const block of blocksOf(message)) bytes += block.sizeBytes;
  return bytes;
}
