import { type Configuration, type ConfigurationEntry, type Member, votersOnly } from "../../src/model/configuration.js";
import { decodeConfiguration, encodeConfiguration } from "../../src/model/configuration-layout.js";
import { decodeGate } from "../../src/model/gate-layout.js";
import { FRESH_HARD_STATE, type HardState } from "../../src/model/hard-state.js";
import { EntryType, LogBlock } from "../../src/model/log-block.js";
import type { LogHole } from "../../src/model/log-hole.js";
import { LOG_START, type LogId, type LogIndex, type Term, type TermRun } from "../../src/model/log-id.js";
import type { Envelope, Message } from "../../src/model/message.js";
import { type NodeOptions, resolveOptions } from "../../src/model/options.js";
import type { SnapshotMeta } from "../../src/model/snapshot-meta.js";
import type { AfterPersist, Effect, OfferRest, Persist, ReadForRepair } from "../../src/protocol/effect.js";
import type { RaftEvent, TimerName } from "../../src/protocol/event.js";
import type { MembershipPolicy, QuorumPolicy } from "../../src/protocol/policies.js";
import { jointMajority } from "../../src/protocol/quorum/joint.js";
import { Raft } from "../../src/protocol/raft.js";
import { staticMembership } from "../../src/protocol/static-membership.js";

/** T in every lab. */
export const T = 1_000;

/** The incarnation of a lab's node: fixed, so that texts stay the same. */
export const incarnationOf = (id: string, life = 1): string =>
  `${id
    .charCodeAt(id.length - 1)
    .toString(16)
    .padStart(8, "0")}${life.toString(16).padStart(8, "0")}`;
export const memberOf = (id: string): Member => ({
  id,
  incarnation: incarnationOf(id),
  address: `${id}:1`,
  priority: 1,
});

/** A snapshot, and the entries that it stands for. */
export interface SnapshotOnDisk {
  readonly meta: SnapshotMeta;
  readonly image: readonly string[];
}

/** A disk as a lab's node has it: what was persisted, and nothing else. */
export interface Disk {
  hardState: HardState;
  base: LogId;
  blocks: LogBlock[];
  snapshot: SnapshotMeta | null;
  /** What the snapshot says, where whoever plays looks into it: the entries up to its index. */
  image?: readonly string[];
  /** S02: the snapshot before, where two are kept. */
  older?: SnapshotOnDisk | undefined;
  /** S04: the beginning of one whose stream broke off. */
  part?: SnapshotOnDisk | undefined;
  commitHint: LogIndex;
  starts: number;
  /** L03: what of the blocks cannot be read any more. */
  holes?: readonly LogHole[];
  /** L03: what was lost with its terms. */
  forgotten?: LogHole | undefined;
}

export interface LabNode {
  readonly id: string;
  /** One more with each empty disk (M13). */
  readonly life: number;
  raft: Raft;
  disk: Disk;
  alive: boolean;
  /** Writes handed out, not done: they wait while `heldDisks` has the node. */
  writes: Persist[];
  timers: Map<TimerName, { between: readonly [number, number]; generation: number }>;
  /** All effects since the last `take`. */
  seen: Effect[];
  /** Payload texts applied, in order, as `index:text`. */
  applied: string[];
}

/** What a lab is made of. */
export interface LabOptions extends Partial<NodeOptions> {
  readonly membership?: MembershipPolicy;
  /** G02: whether the nodes' processes would beat for them. */
  readonly mayRest?: boolean;
  /** M12; majorities where none is given. */
  readonly quorum?: QuorumPolicy;
  readonly learners?: readonly string[];
  /** M12: these run as witnesses, and the first configuration says so. */
  readonly witnesses?: readonly string[];
  /** E20; 1 where none is given. */
  readonly priorities?: Readonly<Record<string, number>>;
  /** F05: the newest format that each node's state machine knows, in the life that begins next; absent: none is spoken of. */
  readonly formats?: Record<string, number>;
  /** Nodes with an empty log that no configuration names, among the others or beside them. */
  readonly strangers?: readonly string[];
  /** Terms of each node's log from entry 2 on (entry 1 is the configuration, term 0), e.g. `{ a: [1, 1, 2] }`. */
  readonly logs?: Readonly<Record<string, readonly Term[]>>;
  readonly hardStates?: Readonly<Record<string, Partial<HardState>>>;
}

/** Sees all that happens on the table; for transcripts. */
export interface LabObserver {
  stepping(node: LabNode, event: RaftEvent): void;
  ran(node: LabNode, effects: readonly Effect[]): void;
  /** What a write that is durable now lets be said. */
  saidAfter(node: LabNode, order: AfterPersist): void;
}

const EMPTY_DISK = { hardState: FRESH_HARD_STATE, base: LOG_START, snapshot: null, commitHint: 0, starts: 0 };

const LAB_ONLY: ReadonlySet<string> = new Set([
  "membership",
  "mayRest",
  "quorum",
  "learners",
  "witnesses",
  "priorities",
  "formats",
  "strangers",
  "logs",
  "hardStates",
]);

/** What of a lab's options is a node's. */
const nodeOptionsOf = (options: LabOptions): Partial<NodeOptions> =>
  Object.fromEntries(Object.entries(options).filter(([name]) => !LAB_ONLY.has(name)));

const text = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0));
const words = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/**
 * A few pure Rafts on a table: messages lie in `wire` until delivered, writes in `writes` until done, timers fire when
 * told. Nothing happens by itself, so a test says exactly what happens when.
 */
export class Lab {
  now = 0;
  readonly nodes = new Map<string, LabNode>();
  wire: Envelope[] = [];
  readonly cuts = new Set<string>();
  readonly heldDisks = new Set<string>();
  observer: LabObserver | undefined;
  readonly configuration: Configuration;

  constructor(
    readonly ids: readonly string[],
    private readonly options: LabOptions = {},
  ) {
    const { learners = [], strangers = [] } = options;
    const named = ids.filter((id) => !strangers.includes(id));
    const voters = votersOnly(named.filter((id) => !learners.includes(id)).map(memberOf));
    const members = named.map((id) => ({ ...memberOf(id), priority: options.priorities?.[id] ?? 1 }));
    this.configuration = { ...voters, members, learners: [...learners], witnesses: [...(options.witnesses ?? [])] };
    for (const id of ids) this.boot(id, this.freshDisk(id));
    for (const id of strangers) this.boot(id, { ...EMPTY_DISK, blocks: [] });
  }

  node(id: string): LabNode {
    return this.nodes.get(id) as LabNode;
  }

  raft(id: string): Raft {
    return this.node(id).raft;
  }

  describe(id: string) {
    return this.raft(id).describe(this.now);
  }

  /** One event for one node, now. Its effects go to wire, disk and timers, and are returned. */
  step(id: string, event: RaftEvent): readonly Effect[] {
    const node = this.node(id);
    if (!node.alive) return [];
    this.observer?.stepping(node, event);
    const effects = node.raft.step(event, this.now);
    this.run(node, effects);
    return effects;
  }

  /** Time passes; no timer fires by itself. */
  pass(ms: number): this {
    this.now += ms;
    return this;
  }

  /** The timer fires, if it is armed, as if `drawnMs` had been drawn (default: the shortest). */
  fire(id: string, timer: TimerName, drawnMs?: number): readonly Effect[] {
    const armed = this.node(id).timers.get(timer);
    if (armed === undefined) return [];
    return this.step(id, {
      type: "TimerFired",
      timer,
      generation: armed.generation,
      drawnMs: drawnMs ?? armed.between[0],
    });
  }

  /** Lets the node's election wait run out: T after everything it heard. */
  timeOut(id: string): readonly Effect[] {
    this.pass(T);
    let effects = this.fire(id, "election");
    for (let i = 0; i < 3 && effects.length === 1 && effects[0]?.type === "ArmTimer"; i++) {
      this.pass(effects[0].between[0]);
      effects = this.fire(id, "election");
    }
    return effects;
  }

  /** Times out, and everything is delivered: the node leads if it can. */
  elect(id: string): this {
    this.timeOut(id);
    return this.settle();
  }

  propose(id: string, ...payloads: string[]): readonly Effect[] {
    return this.step(id, { type: "ProposalsSubmitted", payloads: payloads.map(text) });
  }

  /** A message from one node to another, with whatever identity is wanted. */
  envelope(from: string, to: string, message: Message, over: Partial<Envelope> = {}): Envelope {
    const node = this.nodes.get(from);
    const sender = {
      group: "main",
      from,
      fromIncarnation: incarnationOf(from, node?.life),
      startNumber: node?.disk.starts ?? 1,
      recoveryNumber: node?.raft.recoveryNumber ?? 0,
    };
    return { ...sender, to, toIncarnation: incarnationOf(to, this.nodes.get(to)?.life), message, ...over };
  }

  receive(from: string, to: string, message: Message, over: Partial<Envelope> = {}): readonly Effect[] {
    return this.step(to, { type: "MessageReceived", envelope: this.envelope(from, to, message, over) });
  }

  /** Takes the messages on the wire that fit off it. */
  take(fits: (envelope: Envelope) => boolean = () => true): Envelope[] {
    const taken = this.wire.filter(fits);
    this.wire = this.wire.filter((envelope) => !taken.includes(envelope));
    return taken;
  }

  /** Delivers the messages on the wire that fit, once; what they bring stays on the wire. */
  deliver(fits: (envelope: Envelope) => boolean = () => true): number {
    const taken = this.take(fits);
    for (const envelope of taken) {
      if (this.cuts.has(`${envelope.from}>${envelope.to}`)) continue;
      this.step(envelope.to, { type: "MessageReceived", envelope });
    }
    return taken.length;
  }

  /** Ends the node's first `count` writes; `then` is said. */
  persist(id: string, count = Number.POSITIVE_INFINITY): number {
    const node = this.node(id);
    const done = node.writes.splice(0, count);
    for (const write of done) this.writeDown(node, write);
    const last = done.at(-1);
    if (last === undefined || !node.alive) return 0;
    this.step(id, { type: "LogPersisted", number: last.number });
    for (const write of done) for (const order of write.then) this.sayAfter(node, order);
    return done.length;
  }

  /** Until nothing moves: disks write, messages arrive, turns end. Cut links and held disks stay as they are. */
  settle(): this {
    for (let moved = 1, rounds = 0; moved > 0; rounds++) {
      if (rounds > 10_000) throw new Error("the lab does not come to rest");
      moved = 0;
      for (const { id } of this.nodes.values()) if (!this.heldDisks.has(id)) moved += this.persist(id);
      moved += this.deliver();
      if (moved > 0) continue;
      for (const node of this.nodes.values()) {
        if (!node.alive || !node.raft.turnWork) continue;
        this.step(node.id, { type: "TurnEnded" });
        moved += this.wire.length;
      }
    }
    return this;
  }

  /** A heartbeat interval passes on the leader, and everything is delivered. */
  beat(id: string): this {
    this.pass(T / 5);
    this.fire(id, "heartbeat");
    return this.settle();
  }

  cut(a: string, b: string): this {
    this.cuts.add(`${a}>${b}`).add(`${b}>${a}`);
    return this;
  }

  isolate(id: string): this {
    for (const other of this.ids) if (other !== id) this.cut(id, other);
    return this;
  }

  heal(): this {
    this.cuts.clear();
    return this;
  }

  /** The process dies: memory, unfinished writes and what it had not said are gone. */
  crash(id: string): this {
    const node = this.node(id);
    node.alive = false;
    node.writes = [];
    node.timers.clear();
    return this;
  }

  restart(id: string): this {
    this.boot(id, this.node(id).disk, this.node(id).life);
    return this;
  }

  /** Its disk is empty, and it begins anew under its name: as another incarnation (M13). */
  wipe(id: string): this {
    this.crash(id).boot(id, { ...EMPTY_DISK, blocks: [] }, this.node(id).life + 1);
    return this;
  }

  /** The member that this node would be, in its present life. */
  memberNow(id: string): Member {
    return { ...memberOf(id), incarnation: incarnationOf(id, this.node(id).life) };
  }

  leaders(): string[] {
    return [...this.nodes.values()].filter(({ alive, raft }) => alive && raft.role === "leader").map(({ id }) => id);
  }

  /** Terms of the log in memory, from entry 1 on (or base + 1). */
  terms(id: string): Term[] {
    const { base, last } = this.describe(id);
    return Array.from({ length: last.index - base.index }, (_, i) => this.raft(id).termAt(base.index + 1 + i) as Term);
  }

  private boot(id: string, disk: Disk, life = 1): void {
    disk.starts++;
    recover(disk);
    const last = disk.blocks.at(-1)?.lastId ?? disk.base;
    const runs: TermRun[] = [];
    const found: ConfigurationEntry[] = disk.snapshot === null ? [] : [disk.snapshot.configuration];
    for (const block of disk.blocks) {
      if (runs.at(-1)?.term !== block.term) runs.push({ first: block.first, term: block.term });
      for (let index = block.first; index <= block.last; index++)
        if (
          block.typeAt(index) === EntryType.configuration &&
          index > (found.at(-1)?.id.index ?? 0) &&
          !isLost(disk, index, index)
        )
          found.push({ id: { index, term: block.term }, configuration: decodeConfiguration(block.payloadAt(index)) });
    }
    const snapshotIndex = disk.snapshot?.id.index ?? 0;
    const isWhole = snapshotIndex >= disk.base.index;
    const raft = new Raft(
      {
        identity: {
          id,
          incarnation: incarnationOf(id, life),
          clusterId: "c".repeat(32),
          groupId: "main",
          directoryId: "d".repeat(16),
          startNumber: disk.starts,
          recoveryNumber: disk.hardState.recoveryNumber,
        },
        options: resolveOptions({
          electionTimeoutMs: T,
          witness: this.options.witnesses?.includes(id) ?? false,
          ...nodeOptionsOf(this.options),
          nodeId: id,
        }),
        hardState: disk.hardState,
        base: disk.base,
        last,
        runs,
        lastLogTimeMs: 0,
        configurations: found,
        commit: Math.max(disk.base.index, snapshotIndex, Math.min(disk.commitHint, last.index)),
        holes: disk.holes ?? [],
        ...(disk.forgotten !== undefined && { forgotten: disk.forgotten }),
        restoring: isWhole ? 0 : Math.max(1, disk.base.index - 1),
        applied: snapshotIndex,
        snapshot: disk.snapshot,
        previousSnapshot: disk.older?.meta ?? null,
        quorum: this.options.quorum ?? jointMajority,
        membership: this.options.membership ?? staticMembership,
        mayRest: this.options.mayRest ?? false,
        formats: { known: this.options.formats?.[id] ?? 0, open: disk.snapshot?.formatVersion ?? 1 },
      },
      this.now,
    );
    const node: LabNode = { id, life, raft, disk, alive: true, writes: [], timers: new Map(), seen: [], applied: [] };
    this.nodes.set(id, node);
    this.run(node, raft.start(this.now));
  }

  private freshDisk(id: string): Disk {
    const first = LogBlock.of(1, 0, 0, EntryType.configuration, [encodeConfiguration(this.configuration)]);
    const terms = this.options.logs?.[id] ?? [];
    const blocks = [
      first,
      ...terms.map((term, i) => LogBlock.of(i + 2, term, 0, EntryType.command, [text(`${term}.${i + 2}`)])),
    ];
    const hardState = { ...FRESH_HARD_STATE, term: terms.at(-1) ?? 0, ...this.options.hardStates?.[id] };
    return { hardState, base: LOG_START, blocks, snapshot: null, commitHint: 0, starts: 0 };
  }

  private run(node: LabNode, effects: readonly Effect[]): void {
    this.observer?.ran(node, effects);
    for (const effect of effects) {
      node.seen.push(effect);
      if (effect.type === "Persist") node.writes.push(effect);
      else if (effect.type === "Send") this.say(node, effect);
      else if (effect.type === "ArmTimer") node.timers.set(effect.timer, effect);
      else if (effect.type === "DisarmTimer") node.timers.delete(effect.timer);
      else if (effect.type === "OfferRest") this.offerRest(node, effect);
      else if (effect.type === "Halt") node.writes = [];
    }
    // Completions come back as events of their own, after all that this step wanted.
    for (const effect of effects) {
      if (effect.type === "Apply") this.apply(node, effect.upTo);
      else if (effect.type === "ReadForRepair") this.readForRepair(node, effect);
      else if (effect.type === "RepairLog") this.repair(node, effect.blocks);
    }
  }

  private readForRepair({ id, disk }: LabNode, { first, last, to, toIncarnation }: ReadForRepair): void {
    const held = disk.blocks.filter((block) => block.last >= first && block.first <= last);
    const blocks = isLost(disk, first, last)
      ? []
      : held.map((block) => block.slice(Math.max(block.first, first), block.last));
    this.step(id, { type: "RepairRead", to, toIncarnation, first, last, blocks });
  }

  private repair({ id, disk }: LabNode, blocks: readonly LogBlock[]): void {
    const last = blocks.at(-1)?.last ?? 0;
    disk.holes = (disk.holes ?? [])
      .map((hole) => ({ ...hole, first: Math.max(hole.first, last + 1) }))
      .filter((hole) => hole.first <= hole.last);
    this.step(id, { type: "LogRepaired", blocks });
  }

  private offerRest(node: LabNode, { members, term, commit, round }: OfferRest): void {
    const message = { type: "RestOffer", term, commit, round, version: 7 } as const;
    for (const { id, incarnation } of members)
      this.wire.push(this.envelope(node.id, id, message, { toIncarnation: incarnation }));
  }

  private sayAfter(node: LabNode, order: AfterPersist): void {
    this.observer?.saidAfter(node, order);
    this.say(node, order);
  }

  private say(node: LabNode, order: AfterPersist): void {
    if (order.type === "Deliver") this.step(node.id, order.event);
    else this.wire.push(this.envelope(node.id, order.to, order.message, { toIncarnation: order.toIncarnation }));
  }

  private apply(node: LabNode, upTo: LogIndex): void {
    const from = Number(node.applied.at(-1)?.split(":")[0] ?? node.disk.snapshot?.id.index ?? 0) + 1;
    for (const block of node.disk.blocks)
      for (let index = Math.max(from, block.first); index <= Math.min(upTo, block.last); index++) {
        const [type, payload] = [block.typeAt(index), block.payloadAt(index)];
        node.applied.push(`${index}:${type === EntryType.command ? words(payload) : "-"}`);
        if (type === EntryType.versionGate)
          this.step(node.id, { type: "FormatOpened", formatVersion: decodeGate(payload), index });
      }
    this.step(node.id, { type: "Applied", upTo });
  }

  private writeDown({ disk }: LabNode, write: Persist): void {
    if (write.hardState !== undefined) disk.hardState = write.hardState;
    if (write.resetTo !== undefined) Object.assign(disk, { base: write.resetTo, blocks: [] });
    const from = write.truncateFrom;
    if (from !== undefined)
      disk.blocks = disk.blocks.flatMap((block) =>
        block.last < from ? [block] : block.first < from ? [block.slice(block.first, from - 1)] : [],
      );
    disk.blocks.push(...(write.blocks ?? []));
    const base = write.compactTo;
    if (base !== undefined) {
      disk.base = base;
      disk.blocks = disk.blocks.flatMap((block) =>
        block.first > base.index ? [block] : block.last > base.index ? [block.slice(base.index + 1, block.last)] : [],
      );
    }
    disk.commitHint = write.commitHint ?? disk.commitHint;
    if (Math.max(disk.commitHint, disk.base.index) >= (disk.forgotten?.last ?? 0)) disk.forgotten = undefined;
  }
}

/** Whether any of these entries cannot be read. */
const isLost = ({ holes = [] }: Disk, first: LogIndex, last: LogIndex): boolean =>
  holes.some((hole) => hole.first <= last && first <= hole.last);

/** What recovery does: a snapshot that was received, and whose log reset a crash prevented, replaces a log that does not reach it. */
function recover(disk: Disk): void {
  const { snapshot } = disk;
  if (snapshot === null) return;
  const { index, term } = snapshot.id;
  const held = disk.blocks.find((block) => block.first <= index && index <= block.last)?.term;
  const isHeld = held === term || (disk.base.index === index && disk.base.term === term) || disk.base.index > index;
  if (!isHeld) Object.assign(disk, { base: snapshot.id, blocks: [] });
}
