import {
  Checksum,
  type Envelope,
  Logger,
  type Message,
  type NodeId,
  type PeerAddress,
  RandomSource,
  type SnapshotStreamHeader,
  Transport,
  type TransportReceiver,
} from "@hexraft/core/ports";
import { Container } from "inversify";
import { afterEach } from "vitest";
import { type TcpTransportOptions, tcpTransport } from "../../src/index.js";
import { resolveTcpOptions } from "../../src/options.js";
import { plainTcp } from "../../src/sockets.js";
import { TcpTransport } from "../../src/tcp-transport.js";
import type { Versions } from "../../src/wire/handshake.js";
import { checksum, keepingLogger, random } from "./ports.js";

/** The cluster of the tests. */
export const CLUSTER = "c".repeat(32);
/** A group that every member has. */
export const GROUP = "main";
const running = new Set<Member>();

/** The incarnation that a node of that name has, unless a test says otherwise. */
export const incarnationOf = (id: NodeId): string => Buffer.from(id.padEnd(8, "-").slice(0, 8)).toString("hex");

interface MemberSetup extends Partial<TcpTransportOptions> {
  readonly clusterId?: string;
  readonly directoryId?: string;
  readonly startNumber?: number;
  readonly frameBytesMax?: number;
  /** What another release would speak. */
  readonly versions?: Versions;
}

/** One node's transport on loopback, and all it was told. */
export class Member {
  readonly messages: Envelope[] = [];
  readonly ups: { readonly id: NodeId; readonly startNumber: number }[] = [];
  readonly downs: { readonly id: NodeId; readonly reason: string }[] = [];
  readonly claims: string[] = [];
  readonly log = keepingLogger();
  readonly transport: Transport;
  readonly directoryId: string;
  readonly startNumber: number;
  onClaim: (clusterId: string) => Promise<void> = async () => {};
  onSnapshot: (header: SnapshotStreamHeader, bytes: AsyncIterable<Uint8Array>) => Promise<void> = async () => {};
  onMessage: (envelope: Envelope) => void = () => {};

  constructor(
    readonly id: NodeId,
    private readonly setup: MemberSetup = {},
  ) {
    const { clusterId: _c, directoryId, startNumber, frameBytesMax: _f, versions, ...options } = setup;
    this.directoryId = directoryId ?? incarnationOf(id).split("").toReversed().join("");
    this.startNumber = startNumber ?? 1;
    const container = new Container();
    // No hello comes too late because the machine stands still.
    const given = { host: "127.0.0.1", port: 0, reconnectMaxMs: 100, handshakeTimeoutMs: 15_000, ...options };
    container.load(tcpTransport(given));
    container.bind(Checksum).toConstantValue(checksum);
    container.bind(RandomSource).toConstantValue(random);
    container.bind(Logger).toConstantValue(this.log);
    this.transport =
      versions === undefined
        ? container.get(Transport)
        : new TcpTransport(resolveTcpOptions(given), plainTcp, checksum, random, this.log, versions);
  }

  get address(): string {
    return this.transport.address;
  }
  get peer(): PeerAddress {
    return { id: this.id, incarnation: incarnationOf(this.id), address: this.address };
  }
  get port(): number {
    return Number(this.address.split(":")[1]);
  }
  get facts(): Record<string, number> {
    return this.transport.describe() as Record<string, number>;
  }

  async start(): Promise<this> {
    const { clusterId = CLUSTER, frameBytesMax = 1024 * 1024 } = this.setup;
    const { id: nodeId, directoryId, startNumber } = this;
    running.add(this);
    await this.transport.start({ nodeId, clusterId, directoryId, startNumber, frameBytesMax });
    this.transport.attach(GROUP, this.receiver(incarnationOf(this.id)));
    return this;
  }

  receiver(incarnation: string): TransportReceiver {
    return {
      incarnation,
      onMessage: (envelope) => {
        this.messages.push(envelope);
        this.onMessage(envelope);
      },
      onPeerUp: (id, startNumber) => this.ups.push({ id, startNumber }),
      onPeerDown: (id, reason) => this.downs.push({ id, reason }),
      onClaim: async (clusterId) => {
        this.claims.push(clusterId);
        await this.onClaim(clusterId);
      },
      onSnapshot: (header, bytes) => this.onSnapshot(header, bytes),
    };
  }

  knows(...peers: PeerAddress[]): void {
    this.transport.setPeers(GROUP, peers);
  }

  envelope(to: NodeId, message: Message): Envelope {
    return {
      group: GROUP,
      from: this.id,
      fromIncarnation: incarnationOf(this.id),
      startNumber: this.startNumber,
      recoveryNumber: 0,
      to,
      toIncarnation: incarnationOf(to),
      message,
    };
  }

  /** Says it, and ends the turn. */
  say(to: NodeId, message: Message): boolean {
    const isTaken = this.transport.send(this.envelope(to, message));
    this.transport.flush();
    return isTaken;
  }

  async stop(): Promise<void> {
    running.delete(this);
    await this.transport.stop();
  }
}

/** A started member; it is stopped after the test. */
export const member = (id: NodeId, setup?: MemberSetup): Promise<Member> => new Member(id, setup).start();

afterEach(async () => {
  await Promise.all([...running].map((one) => one.stop()));
});

/** A small message that is told from others by its round. */
export const heartbeat = (round: number): Message => ({ type: "Heartbeat", term: 1, commit: 0, round });

/** The rounds that came, in order. */
export const rounds = (envelopes: readonly Envelope[]): number[] =>
  envelopes.flatMap(({ message }) => (message.type === "Heartbeat" ? [message.round] : []));
