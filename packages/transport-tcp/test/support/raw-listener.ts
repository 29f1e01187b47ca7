import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { afterEach } from "vitest";
import { FrameType } from "../../src/wire/frame.js";
import { eventually } from "./eventually.js";
import { RawPeer } from "./raw-peer.js";

const open = new Set<RawListener>();
afterEach(async () => {
  await Promise.all([...open].map((listener) => listener.close()));
});

/** A listener in the hands of a test: it answers a hello with whatever it wants. */
export class RawListener {
  /** Who called. */
  readonly peers: RawPeer[] = [];
  private readonly server: Server;

  private constructor(answer: (peer: RawPeer) => void, tls?: TlsOptions) {
    const accept = (socket: Socket) => {
      const peer = RawPeer.around(socket);
      this.peers.push(peer);
      const isHello = () => peer.frames.some(({ type }) => type === FrameType.hello);
      eventually("a hello", isHello).then(
        () => answer(peer),
        () => socket.destroy(),
      );
    };
    this.server = tls === undefined ? createServer(accept) : createTlsServer(tls, accept);
    open.add(this);
  }

  /** @param tls - what it shows, if it listens for TLS. */
  static async open(answer: (peer: RawPeer) => void, tls?: TlsOptions): Promise<RawListener> {
    const listener = new RawListener(answer, tls);
    listener.server.listen(0, "127.0.0.1");
    await once(listener.server, "listening");
    return listener;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo | null)?.port ?? this.port}`;
  }

  async close(): Promise<void> {
    this.port = (this.server.address() as AddressInfo | null)?.port ?? this.port;
    open.delete(this);
    for (const { socket } of this.peers) socket.destroy();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
  }

  private port = 0;
}
