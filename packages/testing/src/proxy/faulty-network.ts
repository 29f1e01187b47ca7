import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { CLEAR, type LinkConditions, resolveConditions } from "./link-conditions.js";
import { OneWay } from "./one-way.js";

/** Longest beginning of a connection that is looked through for a name, bytes. */
const GREETING_BYTES_MAX = 64 * 1024;
const HOST = "127.0.0.1";

/** What a {@link FaultyNetwork} needs to know. */
export interface FaultyNetworkOptions {
  /**
   * Who dials, out of the first bytes of a connection: `undefined` until they are enough, empty if they name nobody. Of hexraft's
   * own transport, `dialerOf` of `@hexraft/transport-tcp`.
   */
  readonly dialerOf: (bytes: Uint8Array) => string | undefined;
  /** Draws from [0, 1): jitter, and which pieces are lost. Default `Math.random`. */
  readonly random?: () => number;
}

interface Place {
  readonly server: Server;
  /** Where its node listens now; 0: nowhere yet. */
  targetPort: number;
}

interface Passage {
  readonly from: string;
  readonly to: string;
  readonly sockets: readonly [dialer: Socket, node: Socket];
  readonly ways: readonly [there: OneWay, back: OneWay];
}

/**
 * TCP links with faults, for real processes: before each node stands a proxy that its peers dial instead. It learns who dials
 * from the first bytes, and so knows whose link each connection is: what goes from one node to another can be cut, delayed,
 * narrowed or lost one way without the other. A node that is started again elsewhere is still reached at the address that the
 * configuration names.
 *
 * @example
 * ```ts
 * const network = new FaultyNetwork({ dialerOf });
 * const address = await network.add("n1"); // what n1's peers are told
 * network.leadsTo("n1", port); // where n1 listens
 * network.set("n1", "n2", { passage: "stalled" }); // n2 hears nothing from n1, n1 still hears n2
 * network.heal();
 * await network.stop();
 * ```
 */
export class FaultyNetwork {
  private readonly places = new Map<string, Place>();
  private readonly conditions = new Map<string, LinkConditions>();
  private readonly passages = new Set<Passage>();
  /** Connections that have not said yet whose they are. */
  private readonly strangers = new Set<Socket>();
  private readonly random: () => number;

  /** Empty, and with nothing wrong. */
  constructor(private readonly options: FaultyNetworkOptions) {
    this.random = options.random ?? Math.random;
  }

  /** Opens the place before a node, on a free port of this machine. @returns `host:port`, for its peers. */
  add(name: string): Promise<string> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.accept(socket, name));
    this.places.set(name, { server, targetPort: 0 });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, HOST, () => resolve(this.addressOf(name)));
    });
  }

  /** Where the peers of a node dial, `host:port`. @throws RangeError if it was not added. */
  addressOf(name: string): string {
    return `${HOST}:${(this.place(name).server.address() as AddressInfo).port}`;
  }

  /** Where the node itself listens now, on this machine. @throws RangeError if it was not added. */
  leadsTo(name: string, port: number): void {
    this.place(name).targetPort = port;
  }

  /** From now on bytes from one node to the other fare like this; what is not said is as on a clear link. @throws RangeError */
  set(from: string, to: string, conditions: Partial<LinkConditions>): void {
    this.conditions.set(linkOf(from, to), resolveConditions(conditions));
    this.enforce();
  }

  /** The same for all links from and to a node. @throws RangeError */
  setAround(name: string, conditions: Partial<LinkConditions>): void {
    for (const other of this.places.keys()) {
      if (other === name) continue;
      this.set(name, other, conditions);
      this.set(other, name, conditions);
    }
  }

  /** Whether bytes go from one node to the other at all, however slowly. */
  passes(from: string, to: string): boolean {
    return this.conditions.get(linkOf(from, to))?.passage !== "stalled" && !this.isRefused(from, to);
  }

  /** Resets the connections that there are between two nodes, once. @returns how many there were. */
  reset(one: string, other: string): number {
    const theirs = Array.from(this.passages).filter(
      ({ from, to }) => (from === one && to === other) || (from === other && to === one),
    );
    for (const passage of theirs) reset(passage);
    return theirs.length;
  }

  /** Clears all links. */
  heal(): void {
    this.conditions.clear();
    this.enforce();
  }

  /** Closes every port and connection. Idempotent. */
  async stop(): Promise<void> {
    for (const socket of this.strangers) socket.destroy();
    for (const { sockets } of this.passages) for (const socket of sockets) socket.destroy();
    const closed = Array.from(this.places.values(), ({ server }) => new Promise((resolve) => server.close(resolve)));
    await Promise.all(closed);
  }

  private accept(dialer: Socket, to: string): void {
    this.strangers.add(dialer);
    dialer.on("error", () => dialer.destroy());
    dialer.on("close", () => this.strangers.delete(dialer));
    const onEnd = () => dialer.destroy();
    dialer.on("end", onEnd);
    let seen: Buffer = Buffer.alloc(0);
    const onGreeting = (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      const from = seen.length > GREETING_BYTES_MAX ? "" : this.options.dialerOf(seen);
      if (from === undefined) return;
      dialer.off("data", onGreeting).off("end", onEnd);
      this.strangers.delete(dialer);
      const { targetPort } = this.place(to);
      if (from === "" || targetPort === 0 || this.isRefused(from, to)) dialer.destroy();
      else this.join(dialer, from, to, targetPort, seen);
    };
    dialer.on("data", onGreeting);
  }

  private join(dialer: Socket, from: string, to: string, port: number, seen: Buffer): void {
    const node = connect({ port, host: HOST, noDelay: true, allowHalfOpen: true });
    node.on("error", () => node.destroy());
    const way = (source: Socket, sink: Socket, one: string, other: string) =>
      new OneWay(source, sink, {
        conditions: () => this.conditions.get(linkOf(one, other)) ?? CLEAR,
        random: this.random,
        reset: () => reset(passage),
      });
    const there = way(dialer, node, from, to);
    const passage: Passage = { from, to, sockets: [dialer, node], ways: [there, way(node, dialer, to, from)] };
    this.passages.add(passage);
    const onClosed = () => {
      if (!dialer.closed || !node.closed) return;
      for (const each of passage.ways) each.stop();
      this.passages.delete(passage);
    };
    dialer.on("close", onClosed);
    node.on("close", onClosed);
    there.take(seen);
  }

  private enforce(): void {
    for (const passage of Array.from(this.passages)) {
      if (this.isRefused(passage.from, passage.to)) reset(passage);
      else for (const way of passage.ways) way.advance();
    }
  }

  private isRefused(one: string, other: string): boolean {
    return [linkOf(one, other), linkOf(other, one)].some((link) => this.conditions.get(link)?.passage === "refused");
  }

  private place(name: string): Place {
    const place = this.places.get(name);
    if (place === undefined) throw new RangeError(`${name} was not added to this network; add it first.`);
    return place;
  }
}

const linkOf = (from: string, to: string): string => `${from} > ${to}`;

function reset({ sockets, ways }: Passage): void {
  for (const way of ways) way.stop();
  for (const socket of sockets) {
    // A reset waits for what was written, and so for ever if nobody reads it.
    if (socket.connecting || socket.writableLength > 0) socket.destroy();
    else socket.resetAndDestroy();
  }
}
