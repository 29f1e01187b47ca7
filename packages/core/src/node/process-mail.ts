import { PeerBooks } from "../components/peer-books.js";
import type { Ticks } from "../components/shared-timers.js";
import type { Millis } from "../model/log-id.js";
import type { Envelope, Message } from "../model/message.js";
import type { GroupId, NodeId } from "../model/node-id.js";
import type { PeerAddress, Transport, TransportIdentity } from "../ports/transport.js";
import type { Rest } from "../protocol/effect.js";
import { RestLedger, type Waking } from "../protocol/rest-ledger.js";
import type { RestDesk, Sleeper } from "./effect-runner.js";

/** The name under which processes talk to each other; no group may bear it. */
export const PROCESS_GROUP = ".process";
/** A process is told by its connection: no incarnation is meant. */
const ANY_INCARNATION = "0".repeat(16);

/** G02: what a process says to others for all its groups at rest, and how it wakes them. */
export class ProcessMail implements RestDesk {
  private readonly ledger = new RestLedger();
  private readonly sleepers = new Map<GroupId, Sleeper>();
  private readonly books = new PeerBooks();
  private local: TransportIdentity | undefined;
  private timer: { unsubscribe(): void } | undefined;

  constructor(
    private readonly transport: Transport,
    private readonly ticks: Ticks,
    private readonly flush: () => void,
    /** A message for one of the groups came with others. */
    private readonly deliver: (envelope: Envelope) => void,
    /** Between two beats. ms. */
    private readonly intervalMs: Millis,
    /** T: a process that was not heard for so long is taken for dead. ms. */
    private readonly silenceMs: Millis,
  ) {}

  /** Groups at rest. */
  get resting(): number {
    return this.ledger.size;
  }

  /** Whether this group is one of them. */
  isResting(group: GroupId): boolean {
    return this.ledger.isResting(group);
  }

  /** The transport has started under this identity. */
  open(local: TransportIdentity): void {
    this.local = local;
    this.transport.attach(PROCESS_GROUP, {
      incarnation: local.directoryId,
      onMessage: (envelope) => this.heard(envelope),
      onPeerUp: (id, startNumber) => this.wakeAll(this.ledger.met(id, startNumber, this.ticks.now())),
      onPeerDown: () => {},
      // The groups are claimed, each by its incarnation; a process has none.
      onClaim: async () => {},
      onSnapshot: async () => {},
    });
  }

  /** Whom a group talks to: the process talks to all of them. */
  setPeers(group: GroupId, peers: readonly PeerAddress[]): void {
    if (this.books.set(group, peers)) this.tellPeers();
  }

  /** The group is here no more. */
  leave(group: GroupId): void {
    this.sleepers.delete(group);
    this.ledger.wake(group);
    if (this.books.delete(group)) this.tellPeers();
  }

  enter(group: GroupId, sleeper: Sleeper): void {
    this.sleepers.set(group, sleeper);
  }

  offer(group: GroupId): number {
    return this.ledger.offer(group);
  }

  rest(group: GroupId, order: Rest): void {
    const rests = this.ledger.rest(group, order.with, order.version, this.ticks.now());
    if (rests) this.arm();
    else this.sleepers.get(group)?.wake(Number.NEGATIVE_INFINITY);
  }

  wake(group: GroupId): void {
    this.ledger.wake(group);
  }

  /** A message is about to reach a group: one at rest learns first whom its process has heard meanwhile (E07). */
  beforeMessage({ group, message }: Envelope): void {
    const [leader] = this.ledger.processesOf(group);
    if (leader === undefined || message.type === "RestOffer" || message.type === "RestAnswer") return;
    this.sleepers.get(group)?.wake(this.ledger.contactAt(leader));
  }

  close(): void {
    this.timer?.unsubscribe();
    this.timer = undefined;
  }

  /** What the process itself says to another one. */
  seal(to: NodeId, message: Message): Envelope {
    const { nodeId, directoryId, startNumber } = this.local as TransportIdentity;
    return {
      group: PROCESS_GROUP,
      from: nodeId,
      fromIncarnation: directoryId,
      startNumber,
      recoveryNumber: 0,
      to,
      toIncarnation: ANY_INCARNATION,
      message,
    };
  }

  private heard({ from, startNumber, to, message }: Envelope): void {
    if (this.local === undefined) return;
    if (message.type === "JoinedHeartbeats")
      for (const { group, fromIncarnation, recoveryNumber, toIncarnation, message: said } of message.heartbeats)
        this.deliver({ group, from, fromIncarnation, startNumber, recoveryNumber, to, toIncarnation, message: said });
    if (message.type !== "ProcessBeat") return;
    this.wakeAll(this.ledger.heard(from, startNumber, this.local.startNumber, message, this.ticks.now()));
  }

  /** One beat to each process that something rests with; while nothing rests there is neither beat nor timer. */
  private beat(): void {
    this.timer = undefined;
    for (const waking of this.ledger.silent(this.ticks.now(), this.silenceMs)) this.wakeAll(waking);
    const { partners } = this.ledger;
    for (const id of partners) this.transport.send(this.seal(id, this.ledger.beatFor(id)));
    if (partners.length === 0) return;
    this.flush();
    this.arm();
  }

  private arm(): void {
    this.timer ??= this.ticks.schedule(() => this.beat(), this.intervalMs);
  }

  private wakeAll({ groups, contactAt }: Waking): void {
    for (const group of groups) this.sleepers.get(group)?.wake(contactAt);
  }

  /** T04: the process may be talked to by whomever a group of it talks to. */
  private tellPeers(): void {
    const all = [...this.books.all.values()].map((peer) => ({ ...peer, incarnation: ANY_INCARNATION }));
    this.transport.setPeers(PROCESS_GROUP, all);
  }
}
