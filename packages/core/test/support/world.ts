import { NO_CONFIGURATION } from "../../src/model/configuration.js";
import type { LogIndex, Term } from "../../src/model/log-id.js";
import type { Envelope } from "../../src/model/message.js";
import type { SnapshotMeta } from "../../src/model/snapshot-meta.js";
import type { Effect } from "../../src/protocol/effect.js";
import { Lab, type LabNode, type LabOptions, T } from "./lab.js";

/** A seeded generator (mulberry32): the same seed gives the same world. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Incoming {
  readonly transfer: number;
  readonly meta: SnapshotMeta;
}

/**
 * A lab in which chance decides what happens next: messages are lost, doubled and reordered, writes end late, nodes crash
 * and come back, links are cut. After every event the invariants of the whole group are judged.
 */
export class World {
  readonly lab: Lab;
  /** Everybody, members or not. */
  private readonly ids: readonly string[];
  /** What is committed, once and for all: index → term (I7). */
  readonly committed = new Map<LogIndex, Term>();
  /** What was applied, once and for all: index → payload (I5). */
  readonly applied = new Map<LogIndex, string>();
  /** I1. */
  readonly leaders = new Map<Term, string>();
  readonly counts: Record<string, number> = {};
  private readonly reads = new Map<string, LogIndex>();
  private readonly incoming = new Map<string, Incoming>();
  private readonly judged = new WeakSet<Envelope>();
  private proposals = 0;
  private highestCommit = 0;

  constructor(
    ids: readonly string[],
    private readonly random: () => number,
    options: LabOptions = {},
    /** Whether members come and go. */
    private readonly isChanging = false,
  ) {
    this.lab = new Lab(ids, options);
    this.ids = [...this.lab.nodes.keys()];
  }

  /** Something happens. */
  act(): void {
    const { lab } = this;
    if (this.isChanging && this.random() < 0.04) this.changeMembers();
    const id = this.pick(this.ids);
    const dice = this.random();
    if (dice < 0.5) for (let i = 1 + Math.floor(this.random() * 6); i > 0; i--) this.deliverOne();
    else if (dice < 0.72) lab.persist(id, 1 + Math.floor(this.random() * 3));
    else if (dice < 0.78) this.fire(id);
    else if (dice < 0.88)
      lab.propose(id, ...Array.from({ length: 1 + Math.floor(this.random() * 3) }, () => `p${++this.proposals}`));
    else if (dice < 0.91) this.read(id);
    else if (dice < 0.94) lab.step(id, { type: "TurnEnded" });
    else if (dice < 0.948) lab.cut(id, this.pick(this.ids));
    else if (dice < 0.965) lab.heal();
    else if (dice < 0.982) lab.step(id, { type: "SnapshotRequested" });
    else if (dice < 0.985) lab.step(id, { type: "PeerDown", id: this.pick(this.ids) });
    else if (dice < 0.987) lab.step(id, { type: "TransferRequested", request: 1, to: null, isStopping: true });
    else if (!lab.node(id).alive) lab.restart(id);
    else if (dice > 0.993) this.crash(id);
    this.afterwards();
  }

  /** Everything is repaired; within some beats all nodes are equal, and a new command is applied everywhere (I17). */
  heal(): void {
    const { lab } = this;
    lab.heal();
    for (const id of this.ids) if (!lab.node(id).alive) lab.restart(id);
    this.rest();
    for (let round = 0; round < (this.isChanging ? 150 : 60); round++) {
      const leader = lab.leaders()[0];
      if (leader === undefined) {
        lab.pass(T);
        this.fire(this.pick(this.ids));
      } else {
        lab.pass(T / 5);
        for (const id of lab.leaders()) for (const timer of ["heartbeat", "transfer"] as const) lab.fire(id, timer);
      }
      this.rest();
    }
    const [leader] = lab.leaders();
    if (leader === undefined || lab.leaders().length > 1)
      throw new Error(`I17 leaders after heal: [${lab.leaders().join()}]`);
    lab.propose(leader, "after-heal");
    this.rest();
    for (let round = 0; round < 3; round++) {
      lab.pass(T / 5);
      lab.fire(leader, "heartbeat");
      this.rest();
    }
    const end = lab.describe(leader).last.index;
    const { configuration, change } = lab.describe(leader);
    if (change !== null) throw new Error(`I17 a change goes on for ever: ${JSON.stringify(change)}`);
    for (const { id } of configuration.configuration.members) {
      const { appliedIndex } = lab.describe(id);
      if (appliedIndex !== end)
        throw new Error(`I17 ${id} applied ${appliedIndex} of ${end}: ${JSON.stringify(lab.describe(leader).peers)}`);
    }
    if (this.applied.get(end) !== "after-heal") throw new Error(`I17 the last command is ${this.applied.get(end)}`);
  }

  private rest(): void {
    for (let i = 0; i < 50; i++) {
      this.lab.settle();
      if (!this.afterwards()) return;
    }
  }

  private pick<V>(from: readonly V[]): V {
    return from[Math.floor(this.random() * from.length)] as V;
  }

  private count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  private deliverOne(): void {
    const { wire } = this.lab;
    if (wire.length === 0) return;
    const position = this.random() < 0.7 ? 0 : Math.floor(this.random() * wire.length);
    const envelope = wire[position] as Envelope;
    const fate = this.random();
    if (fate < 0.07) {
      this.count("lost");
      wire.splice(position, 1);
      return;
    }
    if (fate > 0.9) this.count("doubled");
    else wire.splice(position, 1);
    if (wire.length > 200) wire.splice(0, 50);
    if (!this.lab.cuts.has(`${envelope.from}>${envelope.to}`))
      this.lab.step(envelope.to, { type: "MessageReceived", envelope });
  }

  private fire(id: string): void {
    const node = this.lab.node(id);
    const timers = [...node.timers.keys()];
    if (timers.length === 0) return;
    const timer = this.pick(timers);
    const [from, to] = node.timers.get(timer)?.between ?? [0, 0];
    // Time is shared: it passes for all, mostly less than a whole wait.
    this.lab.pass(this.random() * from);
    this.lab.fire(id, timer, from + this.random() * (to - from) * 0.2);
  }

  private read(id: string): void {
    const request = ++this.proposals;
    this.reads.set(`${id}/${request}`, this.highestCommit);
    this.lab.step(id, { type: "ReadRequested", requests: [request] });
  }

  /** An operator asks whoever believes to lead for other members, or calls a change off. A removed node comes back empty. */
  private changeMembers(): void {
    const { lab } = this;
    const leader = this.pick(this.ids);
    if (!lab.node(leader).alive || lab.raft(leader).role !== "leader") return;
    if (this.random() < 0.1) {
      lab.step(leader, { type: "ChangeCancelled", request: ++this.proposals, change: null });
      return;
    }
    const { members } = lab.describe(leader).configuration.configuration;
    const roles = this.ids.map((id) => [id, this.random()] as const);
    const voters = roles.flatMap(([id, dice]) => (dice < 0.55 ? [id] : []));
    const learners = roles.flatMap(([id, dice]) => (dice > 0.85 ? [id] : []));
    for (const id of [...voters, ...learners])
      if (!members.some((member) => member.id === id) && lab.describe(id).removedAt > 0) {
        this.count("wiped");
        this.incoming.delete(id);
        lab.wipe(id);
      }
    const named = [...voters, ...learners].map((id) => members.find((member) => member.id === id) ?? lab.memberNow(id));
    const target = { ...NO_CONFIGURATION, members: named, voters, learners };
    lab.step(leader, { type: "ChangeRequested", request: ++this.proposals, target, expected: null });
  }

  private crash(id: string): void {
    this.count("crash");
    this.incoming.delete(id);
    this.lab.crash(id);
  }

  /** Carries out what the lab leaves to us, and judges. @returns whether anything happened. */
  private afterwards(): boolean {
    let busy = false;
    for (const node of this.lab.nodes.values()) {
      for (let effect = node.seen.shift(); effect !== undefined; effect = node.seen.shift())
        busy = this.carryOut(node, effect) || busy;
    }
    for (const envelope of this.lab.wire) this.judgeMessage(envelope);
    for (const node of this.lab.nodes.values()) if (node.alive) this.judgeNode(node);
    return busy;
  }

  private carryOut(node: LabNode, effect: Effect): boolean {
    const { lab } = this;
    const { id } = node;
    switch (effect.type) {
      case "TakeSnapshot": {
        const { appliedIndex } = lab.describe(id);
        const term = node.raft.termAt(appliedIndex);
        if (term === undefined || appliedIndex === 0)
          lab.step(id, { type: "SnapshotSaveFailed", reason: "nothing applied" });
        else {
          const meta: SnapshotMeta = {
            id: { index: appliedIndex, term },
            configuration: node.raft.configurationAt(appliedIndex),
            logTimeMs: 0,
            formatVersion: 1,
            sizeBytes: 0,
            checksum: 0,
          };
          node.disk.snapshot = meta;
          this.count("snapshot saved");
          lab.step(id, { type: "SnapshotSaved", meta });
        }
        return true;
      }
      case "ReceiveSnapshot":
        this.incoming.set(id, effect);
        lab.step(id, { type: "SnapshotSinkOpened", transfer: effect.transfer, offset: 0 });
        return true;
      case "SendSnapshot": {
        const target = lab.node(effect.to);
        const isIn = target.alive && this.incoming.get(effect.to)?.transfer === effect.transfer && this.random() < 0.9;
        lab.step(id, { type: "SnapshotSent", to: effect.to, transfer: effect.transfer, ok: isIn });
        if (!isIn) return true;
        if ((target.disk.snapshot?.id.index ?? 0) < effect.meta.id.index) target.disk.snapshot = effect.meta;
        this.count("snapshot sent");
        lab.step(effect.to, { type: "SnapshotReceived", transfer: effect.transfer, meta: effect.meta });
        return true;
      }
      case "LoadSnapshot":
        this.count("snapshot loaded");
        node.applied.push(`${effect.meta.id.index}:loaded`);
        lab.step(id, { type: "SnapshotLoaded", meta: effect.meta });
        return true;
      case "FetchEntries": {
        this.count("fetched");
        const blocks = node.disk.blocks
          .filter((block) => block.last >= effect.from)
          .slice(0, 2)
          .map((block) => block.slice(Math.max(block.first, effect.from), block.last));
        lab.step(id, { type: "EntriesFetched", to: effect.to, term: effect.term, from: effect.from, blocks });
        return true;
      }
      case "ReadReady":
        for (const request of effect.requests) {
          this.count("read served");
          const known = this.reads.get(`${id}/${request}`);
          if (known === undefined || effect.index < known)
            throw new Error(`Q01 a read at ${effect.index} on ${id}, while ${known} was committed before it came`);
        }
        return true;
      case "Notify":
        // Disks lose nothing here: whoever says so takes an old message for news (R20).
        if (effect.notice.kind === "error" && effect.notice.reason.includes("acknowledged entry"))
          throw new Error(`R20 ${id}: ${effect.notice.reason}`);
        return false;
      case "Halt":
        throw new Error(`halted: ${effect.reason} ${JSON.stringify(effect.details)}`);
      case "ChangeAnswered":
        this.count(effect.error === null ? "change made" : `change ${effect.error.outcome} ${effect.error.code}`);
        return false;
      case "Persist":
        if (effect.truncateFrom !== undefined) this.count("truncated");
        return false;
      default:
        return false;
    }
  }

  /** I12: nothing leaves a node that its disk would contradict after a crash at this instant. */
  private judgeMessage(envelope: Envelope): void {
    if (this.judged.has(envelope)) return;
    this.judged.add(envelope);
    const { disk } = this.lab.node(envelope.from);
    const { message } = envelope;
    const last = disk.blocks.at(-1)?.last ?? disk.base.index;
    if (
      "term" in message &&
      message.type !== "PreVoteRequest" &&
      !(message.type === "PreVoteResponse" && message.granted) &&
      message.term > disk.hardState.term
    )
      throw new Error(`E02 ${envelope.from} names term ${message.term}; its disk knows ${disk.hardState.term}`);
    if (
      message.type === "VoteResponse" &&
      message.granted &&
      disk.hardState.term === message.term &&
      disk.hardState.vote?.id !== envelope.to
    )
      throw new Error(`E02 ${envelope.from} granted ${envelope.to} a vote that its disk does not hold`);
    if (message.type === "AppendEntriesResponse" && message.success && message.match > last)
      throw new Error(`R07 ${envelope.from} acknowledges ${message.match}; its disk ends at ${last}`);
  }

  private judgeNode({ id, raft, applied }: LabNode): void {
    const { role, term, commitIndex } = raft;
    if (role === "leader") {
      const known = this.leaders.get(term) ?? id;
      if (known !== id) throw new Error(`I1 two leaders in term ${term}: ${known} and ${id}`);
      this.leaders.set(term, id);
    }
    this.highestCommit = Math.max(this.highestCommit, commitIndex);
    for (let index = commitIndex; index > 0; index--) {
      const found = raft.termAt(index);
      if (found === undefined) break;
      const known = this.committed.get(index) ?? found;
      if (known !== found) throw new Error(`I7 ${id} has term ${found} at committed index ${index}, not ${known}`);
      this.committed.set(index, found);
      if (index < commitIndex - 20) break;
    }
    for (const item of applied.slice(-5)) {
      const [index, payload] = item.split(":") as [string, string];
      if (payload === "loaded") continue;
      const known = this.applied.get(Number(index)) ?? payload;
      if (known !== payload) throw new Error(`I5 ${id} applied ${payload} at ${index}, others ${known}`);
      this.applied.set(Number(index), payload);
    }
  }
}
