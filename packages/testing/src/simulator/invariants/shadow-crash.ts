import {
  type Checksum,
  type Envelope,
  LogStorage,
  type LogWrite,
  type NodeId,
  SnapshotStorage,
} from "@hexraft/core/ports";
import type { Container } from "inversify";
import { emptyContainer } from "../world/empty-container.js";
import type { SimulatedDisk } from "../world/simulated-disk.js";
import { SimulatedHost } from "../world/simulated-host.js";
import { SimulatedTime } from "../world/simulated-time.js";
import type { LogShadow } from "./log-shadow.js";
import type { NodeRecord } from "./node-record.js";
import type { Accuse } from "./violation.js";

/** One in this many promises that leave a node is tried: opening a whole log each time would be most of the work. */
const ONE_IN = 40;

/**
 * I12, the strongest: at the instant at which a node says something, its disk is copied as a power cut would leave it, the
 * copy is opened by the real adapter, and what comes up is held against everything that was ever promised. It takes
 * microtasks only, so that nothing else happens in between.
 */
export class ShadowCrash {
  private promises = 0;

  constructor(
    private readonly accuse: Accuse,
    private readonly checksum: Checksum | undefined,
    private readonly done: () => void,
  ) {}

  /** A message leaves this node. */
  said(envelope: Envelope, record: NodeRecord, disk: SimulatedDisk): void {
    if (!isPromise(envelope) || disk.shadow === undefined || this.promises++ % ONE_IN !== 0) return;
    const host = new SimulatedHost(new SimulatedTime(), `${record.id}/shadow/${this.promises}`, 1, this.checksum);
    const container = emptyContainer();
    container.load(host.module(), ...disk.shadow(host));
    this.recover(container, record.id, record.durable.clone(), record.asked.slice())
      .then(
        () => this.done(),
        (error: unknown) =>
          this.accuse("I12", `a power cut now would leave ${record.id} unable to start: ${String(error)}`),
      )
      .finally(() => container.restore());
  }

  private async recover(
    container: Container,
    nodeId: NodeId,
    durable: LogShadow,
    asked: readonly LogWrite[],
  ): Promise<void> {
    const storage = container.get(LogStorage);
    const request = { nodeId, groupId: "main", newDirectoryId: "00000000000000dd", newIncarnation: "00000000000000ee" };
    const found = await storage.open(request);
    const first = durable.difference(found);
    let difference = first;
    for (const write of asked) {
      if (difference === "") break;
      durable.land(
        write,
        () => undefined,
        () => {},
      );
      difference = durable.difference(found);
    }
    if (difference !== "") this.accuse("I12", `a power cut now would leave ${nodeId} with ${first}`);
    const snapshots = container.get(SnapshotStorage);
    const [newest] = await snapshots.open();
    // S06: what the log no longer holds is in a snapshot that can be read to its end.
    if (found.base.index > (newest?.id.index ?? 0))
      this.accuse(
        "I12",
        `a power cut now would leave ${nodeId} with a log from ${found.base.index + 1} and no snapshot`,
      );
    if (newest !== undefined) for await (const _ of snapshots.read(newest, 0));
  }
}

/** Whether a crash must not take it back. */
const isPromise = ({ message }: Envelope): boolean =>
  message.type === "VoteRequest" ||
  (message.type === "VoteResponse" && message.granted) ||
  (message.type === "AppendEntriesResponse" && message.success) ||
  (message.type === "InstallSnapshotResponse" && message.status === "done");
