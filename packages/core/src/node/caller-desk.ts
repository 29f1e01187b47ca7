import type { FsmCaller } from "../components/fsm-caller.js";
import { errorOf } from "../components/message-of.js";
import { PendingCalls } from "../components/pending-calls.js";
import type { SnapshotSaver } from "../components/snapshot-saver.js";
import type { Alarm } from "../components/timer-service.js";
import { RaftError } from "../model/errors.js";
import type { LogId, Millis } from "../model/log-id.js";
import type { ProtocolOptions } from "../model/options.js";
import type { SnapshotMeta } from "../model/snapshot-meta.js";
import type { ChangeAnswered, TransferAnswered } from "../protocol/effect.js";
import { type DeskMemory, nextRequest, type Terms } from "./desk-memory.js";
import type { Desk } from "./effect-runner.js";
import { ForwardDesk } from "./forward-desk.js";
import type { Inbox } from "./inbox.js";
import type { NodePorts } from "./node-ports.js";
import { ReadDesk } from "./read-desk.js";

/** Who saves snapshots at the moment. */
interface SaverSource {
  readonly saver: Pick<SnapshotSaver, "isSaving" | "newestIndex" | "newestMeta" | "lastFault">;
}

/**
 * Where callers of everything but a plain proposal wait, by request number. Numbers are unique in this start of the node
 * (T11), and no request is ever sent twice (R18). Reads and forwarded commands have desks of their own; an operator's
 * requests wait here: transfers, changes, snapshots.
 */
export class CallerDesk implements Desk {
  readonly reads: ReadDesk;
  readonly forwards: ForwardDesk;
  private readonly orders: PendingCalls<void>;
  private readonly savers: {
    readonly resolve: (meta: SnapshotMeta) => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  private snapshots: SaverSource | undefined;
  /** Callers that will be among the savers, or be refused, in the next turn. */
  private saversToCome = 0;
  private closed: RaftError | undefined;

  constructor(
    ports: Pick<NodePorts, "stateMachine" | "codec">,
    options: Pick<ProtocolOptions, "pendingRequestsMax">,
    private readonly inbox: Inbox,
    private readonly fsm: FsmCaller,
    alarm: Alarm,
    private readonly memory: DeskMemory,
  ) {
    const max = options.pendingRequestsMax;
    this.reads = new ReadDesk(ports, max, inbox, fsm, alarm, memory);
    this.forwards = new ForwardDesk(ports, max, inbox, alarm, memory);
    this.orders = new PendingCalls("operator's requests (pendingRequestsMax)", max, alarm);
  }

  /** Whether nobody waits here. */
  get isIdle(): boolean {
    const { reads, forwards, orders, savers } = this;
    return reads.isIdle && forwards.size + orders.size + savers.length + this.saversToCome === 0;
  }

  /** Answers those whose time is up. */
  sweep(nowMs: Millis): void {
    for (const each of [this.reads, this.forwards, this.orders]) each.sweep(nowMs);
  }

  /** A transfer or a change. */
  order(post: (request: number) => void, terms: Terms): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const request = nextRequest(this.memory);
      if (this.orders.add(request, { ...terms, resolve, reject, gaveUp })) post(request);
    });
  }

  /** It was carried out, or not. */
  orderAnswered({ request, error }: ChangeAnswered | TransferAnswered): void {
    if (error === null) this.orders.resolve(request, undefined);
    else this.orders.fail([request], error);
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

  /** After a drain: whoever waits for an index or a snapshot hears of it once it is there. */
  turnEnded(): void {
    this.reads.turnEnded();
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
    this.reads.close(error("refused"));
    this.forwards.close(error("unknown"));
    this.orders.failAll(error("unknown"));
    for (const { reject } of this.savers.splice(0)) reject(error("unknown"));
  }

  /** O01. */
  describe(): Readonly<Record<string, number>> {
    return { reads: this.reads.size, forwards: this.forwards.size, orders: this.orders.size };
  }
}

const notSaved = (why: string): RaftError =>
  new RaftError("SnapshotFailed", "refused", `No snapshot was saved: ${why}.`);

const gaveUp = (code: "DeadlineExceeded" | "Cancelled"): RaftError =>
  new RaftError(code, "unknown", "The request was begun, and may still be carried out; ask describe() how far it is.");
