import "reflect-metadata";
import { Transport } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { tcpTransport } from "@hexraft/transport-tcp";
import { Container } from "inversify";

/** What the node in the crowd is told. */
export type CrowdOrder =
  | { readonly type: "start"; readonly connectionsMax: number; readonly handshakesMax: number }
  | { readonly type: "know"; readonly address: string }
  | { readonly type: "measure" };

/** What it answers. */
export interface CrowdAnswer {
  readonly address: string;
  readonly connections: number;
  readonly turnedAway: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
}

const CLUSTER = "c".repeat(32);
/** Nobody says anything for long: that is what is measured. ms. */
const PATIENCE_MS = 3_600_000;
let transport: Transport | undefined;

/** A node's transport that answers heartbeats, and says what it costs. */
async function obey(order: CrowdOrder): Promise<void> {
  if (order.type === "start") {
    const { connectionsMax, handshakesMax } = order;
    const container = new Container();
    const patience = { handshakeTimeoutMs: 600_000, silenceMaxMs: PATIENCE_MS };
    container.load(
      nodeRuntime(),
      tcpTransport({ host: "127.0.0.1", port: 0, connectionsMax, handshakesMax, ...patience }),
    );
    transport = container.get<Transport>(Transport);
    const identity = { nodeId: "n1", clusterId: CLUSTER, directoryId: "1".repeat(16), startNumber: 1 };
    await transport.start({ ...identity, frameBytesMax: 16 * 1024 * 1024 });
    transport.attach("main", {
      incarnation: "1".repeat(16),
      onMessage: (envelope) => {
        const { from, fromIncarnation, to, toIncarnation } = envelope;
        const names = { from: to, fromIncarnation: toIncarnation, to: from, toIncarnation: fromIncarnation };
        transport?.send({ ...envelope, ...names, startNumber: 1 });
        transport?.flush();
      },
      onPeerUp: () => {},
      onPeerDown: () => {},
      onClaim: async () => {},
      onSnapshot: async () => {},
    });
  } else if (order.type === "know")
    transport?.setPeers("main", [{ id: "n2", incarnation: "2".repeat(16), address: order.address }]);
  globalThis.gc?.();
  const { connections = 0, turnedAway = 0 } = (transport?.describe() ?? {}) as Record<string, number>;
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  const answer: CrowdAnswer = {
    address: transport?.address ?? "",
    connections,
    turnedAway,
    heapBytes: heapUsed + arrayBuffers,
    rssBytes: rss,
  };
  process.send?.(answer);
}

process.on("message", (order: CrowdOrder) => void obey(order));
process.once("disconnect", () => process.exit(0));
