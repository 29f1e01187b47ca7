import type { NodeId } from "@hexraft/core/ports";
import type { Endpoint, ResolvedClientOptions } from "./client-options.js";
import { type Denial, DoorConnection, type DoorConnectionOwner } from "./door-connection.js";
import type { Welcome } from "./door-frames.js";

/** Whichever node can be reached: no node's name. */
export const ANY_NODE = "*";

/** What the route asks of its owner. */
export interface RouteOwner extends Pick<DoorConnectionOwner, "onAnswer"> {
  /** A leader was found: what waits may go. */
  onReady(connection: DoorConnection): void;
  /** A connection ended; what was sent over it and is unanswered has an unknown fate. */
  onLost(connection: DoorConnection, reason: string): void;
  /** A node does not let this client in: what waits would wait in vain. */
  onDenied(reason: string, denial: Denial): void;
  /** Whether anything waits for a leader. */
  isWaiting(): boolean;
}

/**
 * C05: finds the leader and stays with it. A refusal that names the leader costs one hop at once; every other failure
 * moves on to the next endpoint after a pause that doubles with each round over all of them, with jitter, so that a
 * cluster without a leader is asked now and then and never hammered. A connection that is given up still brings the
 * answers to what was sent over it. A node that was given up because it said nothing is passed over for as long
 * again, `connectTimeoutMs` at most: its followers name it until their own patience ends, and each look at it would cost that time anew.
 */
export class Route implements DoorConnectionOwner {
  /** Leads to the leader, as far as is known. */
  ready: DoorConnection | null = null;
  /** Why there is none at the moment, for error messages. */
  trouble = "no node was asked yet";
  private readonly indexOf = new Map<string, number>();
  private readonly open = new Map<DoorConnection, number>();
  /** Until when a node that fell silent is passed over, ms of `performance.now()`, by its place among the endpoints. */
  private readonly silentUntil = new Map<number, number>();
  private seeking: DoorConnection | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private preferred = 0;
  private failures = 0;
  private hopped = false;
  private closed = false;

  constructor(
    private readonly options: ResolvedClientOptions,
    private readonly owner: RouteOwner,
    /** Leads to this node, whoever leads; or, as {@link ANY_NODE}, to whichever can be reached. */
    private readonly goal?: NodeId,
  ) {
    // Many clients do not all read from the first one.
    if (goal === ANY_NODE) this.preferred = Math.floor(Math.random() * options.endpoints.length);
  }

  /** The endpoint of the leader, if there is a connection to it. */
  get endpoint(): Endpoint | null {
    return this.ready?.endpoint ?? null;
  }

  /** Begins to look for the leader unless that is under way. */
  seek(): void {
    if (this.closed || this.ready !== null || this.seeking !== null || this.timer !== null) return;
    const endpoint = this.options.endpoints[this.preferred] as Endpoint;
    const connection = new DoorConnection(endpoint, this.options, this);
    this.seeking = connection;
    this.open.set(connection, this.preferred);
  }

  /** The leader did something: pauses begin short again. */
  succeeded(): void {
    this.failures = 0;
    this.hopped = false;
  }

  /** The node behind `connection` says that it does not lead, and who might. */
  redirected(connection: DoorConnection, leader: string, why: string): void {
    if (this.ready !== connection) return;
    this.ready = null;
    this.retire(connection);
    this.moveOn(leader, why);
  }

  /** The node leads but cannot take more just now: the same node again, after a pause. */
  paused(connection: DoorConnection, why: string): void {
    if (this.ready !== connection) return;
    this.ready = null;
    this.trouble = why;
    this.failures++;
    this.pause(() => {
      if (!this.open.has(connection)) return this.seek();
      this.ready = connection;
      this.owner.onReady(connection);
    });
  }

  /** Closes a retired connection once its last answer came. */
  settled(connection: DoorConnection): void {
    if (connection.inFlight === 0 && connection.retired) connection.close("no longer needed");
  }

  /** Ends every connection. */
  close(): void {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    for (const connection of Array.from(this.open.keys())) connection.close("the client was closed");
  }

  onWelcome(connection: DoorConnection, welcome: Welcome): void {
    const index = this.open.get(connection) as number;
    this.indexOf.set(welcome.nodeId, index);
    this.silentUntil.delete(index);
    this.seeking = null;
    const wanted = this.goal === ANY_NODE ? welcome.nodeId : (this.goal ?? welcome.leader);
    if (wanted === welcome.nodeId) {
      this.ready = connection;
      this.owner.onReady(connection);
      return;
    }
    this.retire(connection);
    const followed = welcome.leader === "" ? "knows of no leader" : `follows ${welcome.leader}`;
    this.moveOn(
      wanted,
      this.goal === undefined ? `${welcome.nodeId} ${followed}` : `${welcome.nodeId} is not ${this.goal}`,
    );
  }

  onAnswer(connection: DoorConnection, number: number, kind: number, bytes: Uint8Array): void {
    this.owner.onAnswer(connection, number, kind, bytes);
  }

  onClosed(connection: DoorConnection, reason: string, denial: Denial | undefined): void {
    const wasCurrent = this.ready === connection || this.seeking === connection;
    const index = this.open.get(connection) as number;
    const passedOverMs = Math.min(connection.silentMs, this.options.connectTimeoutMs);
    if (passedOverMs > 0) this.silentUntil.set(index, performance.now() + passedOverMs);
    this.open.delete(connection);
    if (this.ready === connection) this.ready = null;
    if (this.seeking === connection) this.seeking = null;
    // Before what was lost is sent again, or that would look for the leader right where there was no answer.
    if (wasCurrent && denial === undefined)
      this.moveOn("", `${connection.endpoint.host}:${connection.endpoint.port}: ${reason}`);
    this.owner.onLost(connection, reason);
    if (denial !== undefined) this.denied(reason, denial);
  }

  private retire(connection: DoorConnection): void {
    connection.retired = true;
    this.settled(connection);
  }

  /** A wrong password is no better at the next node: whoever asks again is heard after a pause. */
  private denied(reason: string, denial: Denial): void {
    this.trouble = reason;
    this.failures++;
    this.preferred = this.next();
    this.owner.onDenied(reason, denial);
    this.pause(() => {
      if (this.owner.isWaiting()) this.seek();
    });
  }

  private moveOn(leader: string, why: string): void {
    this.trouble = why;
    if (this.closed) return;
    const named = this.indexOf.get(leader);
    const hint = named !== undefined && this.isPassedOver(named) ? undefined : named;
    if (hint !== undefined && hint !== this.preferred && !this.hopped) {
      this.hopped = true;
      this.preferred = hint;
      this.seek();
      return;
    }
    this.hopped = false;
    this.failures++;
    this.preferred = hint ?? this.next();
    this.pause(() => this.seek());
  }

  /** The endpoint to try next: one that is not passed over, if there is any. */
  private next(): number {
    const { length } = this.options.endpoints;
    const following = Array.from({ length }, (_, i) => (this.preferred + 1 + i) % length);
    return following.find((index) => !this.isPassedOver(index)) ?? (following[0] as number);
  }

  private isPassedOver(index: number): boolean {
    return (this.silentUntil.get(index) ?? 0) > performance.now();
  }

  private pause(then: () => void): void {
    if (this.closed || this.timer !== null) return;
    const { backoffMs, backoffMaxMs, endpoints } = this.options;
    const round = Math.min(Math.floor((this.failures - 1) / endpoints.length), 20);
    const longest = Math.min(backoffMaxMs, backoffMs * 2 ** round);
    this.timer = setTimeout(
      () => {
        this.timer = null;
        then();
      },
      longest * (0.5 + Math.random() / 2),
    );
  }
}
