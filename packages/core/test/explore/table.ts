import type { LogIndex } from "../../src/model/log-id.js";
import type { SnapshotMeta } from "../../src/model/snapshot-meta.js";
import type { Effect } from "../../src/protocol/effect.js";
import type { RaftEvent } from "../../src/protocol/event.js";
import { Lab, type LabNode, type LabOptions } from "../support/lab.js";
import { fetched } from "../support/reading-lab.js";
import { entriesOf, stateOf } from "./entries.js";

/** The bytes of a snapshot on their way; what they say is the entries that it stands for, from index 1 on. */
export interface Stream {
  readonly from: string;
  readonly to: string;
  readonly transfer: number;
  readonly meta: SnapshotMeta;
  readonly image: readonly string[];
}

/** What lies on a table in the beginning. */
export interface TableOptions extends LabOptions {
  /** Nodes whose log up to this index is in a snapshot, and gone. */
  readonly snapshots?: Readonly<Record<string, LogIndex>>;
}

/**
 * A lab whose disks give back, at once, one block of what is asked for (R13): so that a batch never hides what is in it.
 * Snapshots are saved and loaded at once, too; their bytes lie in `streams` until they are received.
 */
export class Table extends Lab {
  streams: Stream[] = [];

  constructor(ids: readonly string[], { snapshots = {}, ...options }: TableOptions) {
    super(ids, options);
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

  /** All bytes of a snapshot arrive. Nobody listens any more where its transfer was given up. */
  receiveStream({ from, to, transfer, meta, image }: Stream): void {
    const node = this.node(to);
    const { install } = stateOf(node);
    if (install?.phase !== "receiving" || install.transfer !== transfer || install.from.id !== from) return;
    this.step(to, { type: "SnapshotReceived", transfer, meta });
    if (meta.id.index > (node.disk.snapshot?.id.index ?? 0)) Object.assign(node.disk, { snapshot: meta, image });
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
        const { to, transfer, meta } = order;
        // The bytes are those of the file that is there now, and it may be a newer one.
        const ok = node.disk.snapshot?.id.index === meta.id.index;
        if (ok) this.streams.push({ from: id, to, transfer, meta, image: node.disk.image ?? [] });
        this.step(id, { type: "SnapshotSent", to, transfer, ok });
        break;
      }
      case "ReceiveSnapshot":
        this.step(id, { type: "SnapshotSinkOpened", transfer: order.transfer, offset: 0 });
        break;
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
    const first = { id: { index: 1, term: 0 }, configuration: this.configuration };
    const rest = { configuration: first, logTimeMs: 0, formatVersion: 1, sizeBytes: 1, checksum: 1 };
    const meta = { id: { index: upTo, term }, ...rest };
    Object.assign(node.disk, { snapshot: meta, image: entriesOf(node).durable.slice(0, upTo) });
    return meta;
  }
}

const imageUpTo = ({ disk }: LabNode, index: LogIndex): readonly string[] => (disk.image ?? []).slice(0, index);

/** What a state machine has applied whose state is that of these entries, as a lab writes it down. */
const appliedBy = (image: readonly string[]): string[] =>
  image.map((entry, at) => {
    const payload = entry.slice(entry.indexOf(":") + 1);
    return `${at + 1}:${payload === "members" || payload === "begin" ? "-" : payload}`;
  });
