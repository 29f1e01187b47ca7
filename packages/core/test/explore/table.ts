import type { LogIndex } from "../../src/model/log-id.js";
import type { SnapshotMeta } from "../../src/model/snapshot-meta.js";
import type { Effect } from "../../src/protocol/effect.js";
import type { RaftEvent } from "../../src/protocol/event.js";
import { type Disk, Lab, type LabNode, type LabOptions } from "../support/lab.js";
import { fetched } from "../support/reading-lab.js";
import { isSilent } from "./canonical.js";
import { entriesOf, stateOf } from "./entries.js";
import type { Bytes, Verdict } from "./streams.js";

/** What lies on a table in the beginning. */
export interface TableOptions extends LabOptions {
  /** Nodes whose log up to this index is in a snapshot, and gone. */
  readonly snapshots?: Readonly<Record<string, LogIndex>>;
  /** What a sink says of a whole snapshot takes an event of its own, and may come late. */
  readonly hasSlowSinks?: boolean;
}

/**
 * A lab whose disks give back, at once, one block of what is asked for (R13): so that a batch never hides what is in it.
 * Snapshots are saved and loaded at once, too; their bytes lie in `streams` until they are received, and so does what a
 * slow sink is still to say.
 */
export class Table extends Lab {
  streams: (Bytes | Verdict)[] = [];
  private readonly hasSlowSinks: boolean;

  constructor(ids: readonly string[], { snapshots = {}, hasSlowSinks = false, ...options }: TableOptions) {
    super(ids, options);
    this.hasSlowSinks = hasSlowSinks;
    for (const [id, upTo] of Object.entries(snapshots)) {
      const { disk } = this.node(id);
      const meta = this.save(id, upTo);
      Object.assign(disk, { base: meta.id, blocks: disk.blocks.filter(({ first }) => first > upTo), starts: 0 });
      this.restart(id);
    }
  }

  override step(id: string, event: RaftEvent): readonly Effect[] {
    const effects = super.step(id, event);
    for (const order of effects) this.carryOut(id, order);
    return effects;
  }

  override restart(id: string): this {
    super.restart(id);
    const node = this.node(id);
    node.applied.unshift(...appliedBy(node.disk.image ?? []));
    return this;
  }

  /** The newest snapshot cannot be read any more: the process begins anew with the one before (S09). */
  rot(id: string): this {
    const { disk } = this.node(id);
    Object.assign(disk, { snapshot: disk.older?.meta ?? null, image: disk.older?.image ?? [], older: undefined });
    return this.crash(id).restart(id);
  }

  /** All bytes of a snapshot arrive. Nobody listens any more where its transfer was given up. */
  receiveBytes({ to, meta, offset, rest, transfer, from }: Bytes): void {
    if (!this.isListening(to, from, transfer)) return;
    const { disk } = this.node(to);
    const image = [...(disk.part?.image ?? []).slice(0, offset), ...rest];
    disk.part = undefined;
    if (image.length !== meta.id.index) return this.breakOff(to, transfer);
    const verdict = { to, startNumber: disk.starts, transfer, meta };
    if (this.hasSlowSinks) this.streams.push(verdict);
    else this.hear(verdict);
    if (meta.id.index > (disk.snapshot?.id.index ?? 0)) keep(disk, meta, image);
  }

  /** The first half of what is left arrives, and the connection breaks. */
  receiveHalf({ to, meta, offset, rest, transfer, from }: Bytes): void {
    if (!this.isListening(to, from, transfer)) return;
    const { disk } = this.node(to);
    const before = (disk.part?.image ?? []).slice(0, offset);
    disk.part = { meta, image: [...before, ...rest.slice(0, Math.ceil(rest.length / 2))] };
    this.breakOff(to, transfer);
  }

  /** A sink says that all of it is there. */
  hear({ to, startNumber, transfer, meta }: Verdict): void {
    if (this.node(to).disk.starts === startNumber) this.step(to, { type: "SnapshotReceived", transfer, meta });
  }

  private breakOff(to: string, transfer: number): void {
    this.step(to, { type: "SnapshotReceiveFailed", transfer, reason: "the stream broke off" });
  }

  private isListening(to: string, from: string, transfer: number): boolean {
    const { install } = stateOf(this.node(to));
    return install?.phase === "receiving" && install.transfer === transfer && install.from.id === from;
  }

  private carryOut(id: string, order: Effect): void {
    const node = this.node(id);
    switch (order.type) {
      case "FetchEntries":
        this.step(id, fetched(this, id, { ...order, bytesMax: 1 }));
        break;
      case "TakeSnapshot":
        this.step(id, { type: "SnapshotSaved", meta: this.save(id, stateOf(node).applied) });
        break;
      case "SendSnapshot": {
        const { to, transfer, meta, offset } = order;
        // The bytes are those of the file that is there now, and it may be a newer one.
        const ok = node.disk.snapshot?.id.index === meta.id.index;
        const rest = (node.disk.image ?? []).slice(offset);
        if (ok) this.streams.push({ from: id, to, transfer, meta, offset, rest });
        this.step(id, { type: "SnapshotSent", to, transfer, ok });
        break;
      }
      case "ReceiveSnapshot": {
        const { transfer, meta } = order;
        const { part } = node.disk;
        const isOfIt = part?.meta.id.index === meta.id.index && part.meta.id.term === meta.id.term;
        if (!isOfIt) node.disk.part = undefined;
        this.step(id, { type: "SnapshotSinkOpened", transfer, offset: isOfIt ? part.image.length : 0 });
        break;
      }
      case "LoadSnapshot":
        node.applied = appliedBy(imageUpTo(node, order.meta.id.index));
        this.step(id, { type: "SnapshotLoaded", meta: order.meta });
        break;
      default:
    }
  }

  private save(id: string, upTo: LogIndex): SnapshotMeta {
    const node = this.node(id);
    const term = stateOf(node).log.termAt(upTo) as number;
    const configuration = stateOf(node).configurations.at(upTo);
    const rest = { configuration, logTimeMs: 0, formatVersion: 1, sizeBytes: 1, checksum: 1 };
    const meta = { id: { index: upTo, term }, ...rest };
    keep(node.disk, meta, entriesOf(node).durable.slice(0, upTo));
    return meta;
  }
}

/** S02: two are kept. */
function keep(disk: Disk, meta: SnapshotMeta, image: readonly string[]): void {
  const older = disk.snapshot === null ? undefined : { meta: disk.snapshot, image: disk.image ?? [] };
  Object.assign(disk, { snapshot: meta, image, older });
}

const imageUpTo = ({ disk }: LabNode, index: LogIndex): readonly string[] => (disk.image ?? []).slice(0, index);

/** What a state machine has applied whose state is that of these entries, as a lab writes it down. */
const appliedBy = (image: readonly string[]): string[] =>
  image.map((entry, at) => {
    const payload = entry.slice(entry.indexOf(":") + 1);
    return `${at + 1}:${isSilent(payload) ? "-" : payload}`;
  });
