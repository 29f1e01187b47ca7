import "reflect-metadata";
import { ContainerModule } from "inversify";
import { createNode } from "../../../src/composition/create-node.js";
import type { NodeOptions } from "../../../src/model/options.js";
import type { Node } from "../../../src/node/node.js";
import { Checksum } from "../../../src/ports/checksum.js";
import { Clock } from "../../../src/ports/clock.js";
import { LogStorage } from "../../../src/ports/log-storage.js";
import { Logger } from "../../../src/ports/logger.js";
import { RandomSource } from "../../../src/ports/random-source.js";
import { Scheduler } from "../../../src/ports/scheduler.js";
import { SnapshotStorage } from "../../../src/ports/snapshot-storage.js";
import { type CommandBatch, Rejected, StateMachine } from "../../../src/ports/state-machine.js";
import { type PeerIdentity, Transport, type TransportReceiver } from "../../../src/ports/transport.js";
import { Turn } from "../../../src/ports/turn.js";
import { recordingLogger, settled } from "../../components/support/entries.js";
import { drawing, ManualTime } from "../../components/support/manual-time.js";
import { SmallDisk } from "./small-disk.js";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Keeps lines; `no` is rejected, `boom` is a fault. */
export class Lines implements StateMachine<string, string> {
  lines: string[] = [];
  readonly told: string[] = [];
  open = () => ({ appliedIndex: 0, formatVersion: 1 });
  apply(batch: CommandBatch): readonly unknown[] {
    return batch.map((payload) => {
      const text = decode(payload);
      if (text === "no") return new Rejected("No", "it said no");
      if (text === "boom") throw new Error("boom");
      return this.lines.push(text);
    });
  }
  read = (query: string): string => {
    if (query === "bad") throw new Error("no such query");
    return this.lines.join(",");
  };
  snapshotSave(): AsyncIterable<Uint8Array> {
    const bytes = encode(JSON.stringify(this.lines));
    return (async function* () {
      yield bytes;
    })();
  }
  async snapshotLoad(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    let text = "";
    for await (const chunk of bytes) text += decode(chunk);
    this.lines = JSON.parse(text) as string[];
    this.told.push("loaded");
  }
  stateHash = () => this.lines.join("|");
  leaderStart = (term: number) => void this.told.push(`leaderStart ${term}`);
  error = (error: Error) => void this.told.push(`error ${error.message}`);
  shutdown = () => void this.told.push("shutdown");
}

/** A transport without anybody else: it knows whom `identify` would find. */
export class LoneTransport implements Transport {
  address = "";
  receiver: TransportReceiver | undefined;
  readonly found = new Map<string, PeerIdentity>();
  readonly claims: string[] = [];
  sent = 0;
  stops = 0;
  startFault: Error | undefined;
  async start(): Promise<void> {
    if (this.startFault !== undefined) throw this.startFault;
    this.address = "h:1";
  }
  attach = (_: string, receiver: TransportReceiver) => {
    this.receiver = receiver;
  };
  detach = () => {
    this.receiver = undefined;
  };
  claim = (clusterId: string) => void this.claims.push(clusterId);
  setPeers = () => {};
  send = () => {
    this.sent++;
    return true;
  };
  flush = () => {};
  async identify(address: string): Promise<PeerIdentity> {
    const there = this.found.get(address);
    if (there === undefined) throw new Error(`nobody listens at ${address}`);
    return there;
  }
  sendSnapshot = async () => {};
  async stop(): Promise<void> {
    this.stops++;
  }
  describe = () => ({ kind: "lone" });
}

/** One start of one node on a disk that outlives it. Time stands still until the test moves it. */
export async function loneNode(
  disk = new SmallDisk(),
  options: Partial<NodeOptions> = {},
  more: readonly ContainerModule[] = [],
) {
  const time = new ManualTime();
  const machine = new Lines();
  const transport = new LoneTransport();
  const logger = recordingLogger();
  const module = new ContainerModule(({ bind }) => {
    bind(LogStorage).toConstantValue(disk.logStorage());
    bind(SnapshotStorage).toConstantValue(disk.snapshotStorage());
    bind(StateMachine).toConstantValue(machine);
    bind(Transport).toConstantValue(transport);
    bind(Scheduler).toConstantValue(time);
    bind(Turn).toConstantValue({ schedule: (drain) => void setImmediate(drain) });
    bind(Clock).toConstantValue({ monotonic: () => time.now(), wall: () => 1_700_000_000_000 + time.now() });
    bind(RandomSource).toConstantValue(drawing(0.5));
    bind(Checksum).toConstantValue({ crc32: (bytes, previous = 0) => (previous + bytes.length) >>> 0 });
    bind(Logger).toConstantValue(logger);
  });
  const node: Node = await createNode({ nodeId: "n1", electionTimeoutMs: 150, ...options }, [module, ...more]);
  /** Moves time on until it is so. */
  const until = async (condition: () => boolean): Promise<void> => {
    for (let i = 0; i < 500; i++) {
      if (condition()) return;
      await settled();
      time.advance(10);
    }
    throw new Error(`it never became so:\n${node.describe().text}`);
  };
  const leads = () =>
    until(() => {
      const { role, last, appliedIndex } = node.describe();
      return role === "leader" && appliedIndex === last.index;
    });
  /** Started, founded with this one voter if need be, and leading. */
  const lead = async (): Promise<void> => {
    await node.start();
    if (disk.clusterId === "") await node.bootstrap({ voters: [{ id: "n1", address: "h:1" }] });
    await leads();
  };
  const say = (text: string, given?: Parameters<Node["apply"]>[1]) => node.apply(encode(text), given);
  return { node, disk, time, machine, transport, logger, until, lead, leads, say, encode };
}
