import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { unpackArray } from "@hexraft/transport-tcp";
import { closeListener } from "../serve/listener.js";

/*
 * The first frame between two nodes says who dials (docs/WIRE.md): u32 length, u32 checksum, version, type, flags, u32 length
 * of the envelope, and a msgpack array that begins with magic, versions, purpose, cluster id and the dialer's node id.
 */
const ENVELOPE_LENGTH_AT = 12;
const ENVELOPE_AT = 16;
const NODE_ID_FIELD = 5;
const HELLO_BYTES_MAX = 64 * 1024;
const HELLO_LIMITS = { depthMax: 3, elementsMax: 4_096 } as const;

/**
 * Stands before one node: its peers dial this instead of the node. So the demo can cut the links between any two nodes,
 * and a node that is restarted on another port is still reached at the address that the configuration names.
 */
export class LinkProxy {
  private readonly server: Server;
  private readonly sockets = new Map<Socket, string>();
  private targetPort = 0;

  constructor(
    /** Whether the node named may be heard here at the moment. */
    private readonly allowed: (from: string) => boolean,
  ) {
    this.server = createServer((socket) => this.accept(socket));
  }

  /** `host:port` that peers dial. */
  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Listens on a free port. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(0, "127.0.0.1", resolve);
    });
  }

  /** Where the node itself listens now. */
  leadsTo(port: number): void {
    this.targetPort = port;
  }

  /** Breaks the connections that are not allowed any more. */
  enforce(): void {
    for (const [socket, from] of this.sockets) if (from !== "" && !this.allowed(from)) socket.destroy();
  }

  /** Closes everything. */
  stop(): Promise<void> {
    for (const socket of this.sockets.keys()) socket.destroy();
    return closeListener(this.server);
  }

  private accept(dialer: Socket): void {
    this.sockets.set(dialer, "");
    dialer.on("error", () => dialer.destroy());
    dialer.on("close", () => this.sockets.delete(dialer));
    let seen: Buffer = Buffer.alloc(0);
    const onHello = (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      const from = dialerOf(seen);
      if (from === undefined) return;
      dialer.off("data", onHello);
      if (from === "" || this.targetPort === 0 || !this.allowed(from)) dialer.destroy();
      else this.join(dialer, from, seen);
    };
    dialer.on("data", onHello);
  }

  private join(dialer: Socket, from: string, seen: Buffer): void {
    const node = connect({ port: this.targetPort, host: "127.0.0.1", noDelay: true });
    dialer.setNoDelay(true);
    this.sockets.set(dialer, from);
    this.sockets.set(node, from);
    node.on("error", () => dialer.destroy());
    node.on("close", () => {
      this.sockets.delete(node);
      dialer.destroy();
    });
    dialer.on("close", () => node.destroy());
    node.write(seen);
    dialer.pipe(node);
    node.pipe(dialer);
  }
}

/** The dialer's node id; undefined until the hello is whole; empty if it is none. */
function dialerOf(bytes: Buffer): string | undefined {
  if (bytes.length < ENVELOPE_AT) return undefined;
  const length = bytes.readUInt32LE(ENVELOPE_LENGTH_AT);
  if (length > HELLO_BYTES_MAX) return "";
  if (bytes.length < ENVELOPE_AT + length) return undefined;
  try {
    const fields = unpackArray(bytes.subarray(ENVELOPE_AT, ENVELOPE_AT + length), HELLO_LIMITS);
    const id: unknown = Array.isArray(fields) ? fields[NODE_ID_FIELD] : undefined;
    return typeof id === "string" ? id : "";
  } catch {
    return "";
  }
}
