import type {
  CommandBatch,
  Envelope,
  LogBlock,
  LogIndex,
  LogWrite,
  Millis,
  NodeId,
  OpenedLog,
  RaftView,
} from "@hexraft/core/ports";
import type { Effect, RaftEvent } from "@hexraft/core/protocol";
import { Applies } from "./applies.js";
import { Commits } from "./commits.js";
import { Indices } from "./indices.js";
import { LogMatching } from "./log-matching.js";
import { NodeRecord } from "./node-record.js";
import { Sayings } from "./sayings.js";
import { Violation } from "./violation.js";

/** Steps of a node between two looks at the order of all its indices. */
const INDICES_EVERY_STEPS = 16;

/** Sees everything that happens in a simulation, and judges it at once. The first violation ends the run. */
export class Referee {
  /** What is known of each node. */
  readonly records: ReadonlyMap<NodeId, NodeRecord>;
  /** What is committed. */
  readonly commits: Commits;
  /** What was applied. */
  readonly applies: Applies;
  /** The first violation, if there was one. */
  violation: Violation | undefined;
  private readonly indices: Indices;
  private readonly matching: LogMatching;
  private readonly sayings: Sayings;
  private steps = 0;

  /** @param witnesses - those of `ids` that hold no state (M12). */
  constructor(ids: readonly NodeId[], witnesses: readonly NodeId[] = []) {
    const accuse = (invariant: string, what: string): void => this.accuse(invariant, what);
    this.records = new Map(ids.map((id) => [id, new NodeRecord(id, witnesses.includes(id))]));
    this.commits = new Commits(this.records, accuse);
    this.applies = new Applies(this.commits, accuse);
    this.indices = new Indices(accuse);
    this.matching = new LogMatching(() => this.commits.highest, accuse);
    this.sayings = new Sayings(this.records, this.commits, accuse);
  }

  /** Something must not be. Kept; the run ends after this event. */
  accuse(invariant: string, what: string): void {
    this.violation ??= new Violation(invariant, what);
  }

  /** The record of a node. */
  record(id: NodeId): NodeRecord {
    const record = this.records.get(id);
    if (record === undefined) throw new Error(`there is no ${id} in this simulation`);
    return record;
  }

  /**
   * I8, I12: a log was opened. What is there is what was promised, and of the writes that were under way the first few,
   * whole, or none (L01).
   */
  opened(id: NodeId, found: OpenedLog): void {
    const record = this.record(id);
    record.begin();
    this.indices.forget(id);
    if (record.incarnation !== "" && record.incarnation !== found.incarnation)
      this.accuse("I8", `${id} was ${record.incarnation}, and comes back as ${found.incarnation} with the same disk`);
    record.incarnation = found.incarnation;
    const first = record.durable.difference(found);
    let difference = first;
    let least = record.durable.mayHaveEnded(found);
    while (difference !== "" && record.asked.length > 0) {
      this.land(record, record.asked.shift() as LogWrite);
      difference = record.durable.difference(found);
      least = Math.min(least, record.durable.mayHaveEnded(found));
    }
    record.asked = [];
    record.forgottenUpTo = found.forgotten?.last ?? 0;
    if (difference !== "" && found.forgotten !== undefined) difference = record.durable.forget(found, least);
    if (difference !== "")
      this.accuse("I8", `${id} was opened and holds ${first}${first === difference ? "" : `, nor ${difference}`}`);
    record.durable.compactedTo = Math.max(record.durable.compactedTo, found.base.index);
  }

  /** A write is handed to the disk. */
  asked(id: NodeId, write: LogWrite): void {
    const record = this.record(id);
    this.matching.asked(record, write);
    for (const block of write.blocks ?? [])
      if (block.isBare !== record.isWitness) this.accuse("M12", `${id} keeps entries ${strayPayloads(record, block)}`);
    record.asked.push(write);
  }

  /** The oldest write that was handed over is durable, says the disk. */
  promised(id: NodeId, life: number): void {
    const record = this.record(id);
    if (record.life !== life) return;
    const write = record.asked.shift();
    if (write !== undefined) this.land(record, write);
  }

  /** A node made a step. */
  stepped(id: NodeId, raft: RaftView, event: RaftEvent, effects: readonly Effect[], now: Millis): void {
    const record = this.record(id);
    if (record.isWitness && raft.role !== "follower")
      this.accuse("M12", `${id} is a witness, and a ${raft.role} of term ${raft.term}`);
    this.commits.stepped(record, raft);
    if (event.type === "Applied" || this.steps++ % INDICES_EVERY_STEPS === 0) this.indices.look(id, raft, now);
    for (const effect of effects)
      if (effect.type === "Halt" && !effect.reason.startsWith("storage failed"))
        this.accuse("I1", `${id} halts: ${effect.reason} ${JSON.stringify(effect.details)}`);
  }

  /** A message leaves a node. */
  said(envelope: Envelope): void {
    this.sayings.said(envelope);
  }

  /** A state machine is handed a batch. */
  handed(id: NodeId, batch: CommandBatch): void {
    this.applies.handed(this.record(id), batch);
  }

  /** A state machine returned results. */
  applied(id: NodeId, batch: CommandBatch, results: readonly unknown[]): void {
    this.applies.applied(this.record(id), batch, results);
  }

  /** A state machine was replaced by a snapshot's. */
  loaded(id: NodeId, index: LogIndex): void {
    const record = this.record(id);
    record.applied = index;
  }

  private land(record: NodeRecord, write: LogWrite): void {
    record.durable.land(write, this.matching.prefixOf, (id, prefix, configuration) =>
      this.matching.appended(record, id, prefix, configuration),
    );
  }
}

const strayPayloads = ({ isWitness }: NodeRecord, { first, last }: LogBlock): string =>
  `${first}–${last} ${isWitness ? "with payloads, and is a witness" : "without payloads, and is none"}`;
