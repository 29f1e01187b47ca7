import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net";
import { afterEach } from "vitest";

const open = new Set<ThrottledProxy>();
afterEach(async () => {
  await Promise.all([...open].map((proxy) => proxy.close()));
});

/** A slow link: passes so many bytes a second on towards the target, and everything back at once. */
export class ThrottledProxy {
  /** Connections that were made through it. */
  connections = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(
    private readonly targetPort: number,
    private readonly bytesPerSecond: number,
  ) {
    this.server = createServer((socket) => this.pass(socket));
    open.add(this);
  }

  static async open(targetPort: number, bytesPerSecond: number): Promise<ThrottledProxy> {
    const proxy = new ThrottledProxy(targetPort, bytesPerSecond);
    proxy.server.listen(0, "127.0.0.1");
    await once(proxy.server, "listening");
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    open.delete(this);
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
  }

  private pass(dialer: Socket): void {
    this.connections++;
    const target = createConnection({ port: this.targetPort, host: "127.0.0.1" });
    for (const [one, other] of [
      [dialer, target],
      [target, dialer],
    ] as const) {
      this.sockets.add(one);
      one.on("error", () => {});
      one.on("close", () => other.destroy());
    }
    target.pipe(dialer);
    dialer.on("data", (chunk) => {
      target.write(chunk);
      dialer.pause();
      setTimeout(() => dialer.resume(), (chunk.length / this.bytesPerSecond) * 1_000);
    });
  }
}
