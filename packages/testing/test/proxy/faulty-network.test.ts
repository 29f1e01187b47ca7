import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FaultyNetwork } from "../../src/proxy.js";

/** Longest wait for what is to be heard, ms. */
const PATIENCE_MS = 15_000;

/** Says what it is told, and keeps what it hears. */
class Peer {
  heard = "";
  closed = false;
  private wake: () => void = () => {};

  constructor(readonly socket: Socket) {
    socket.on("data", (chunk: Buffer) => {
      this.heard += chunk.toString("latin1");
      this.wake();
    });
    socket.on("error", () => this.wake());
    socket.on("close", () => {
      this.closed = true;
      this.wake();
    });
  }

  say(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** Waits for a condition; fails after {@link PATIENCE_MS}. */
  async until(test: (heard: string, closed: boolean) => boolean): Promise<string> {
    const deadline = setTimeout(() => this.socket.destroy(new Error("waited in vain")), PATIENCE_MS);
    while (!test(this.heard, this.closed)) {
      if (this.closed) throw new Error(`closed after ${JSON.stringify(this.heard)}`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    clearTimeout(deadline);
    return this.heard;
  }
}

/** A first line is a name. */
const dialerOf = (bytes: Uint8Array): string | undefined => {
  const text = Buffer.from(bytes).toString("latin1");
  return text.includes("\n") ? text.slice(0, text.indexOf("\n")).replace("nobody", "") : undefined;
};

let network: FaultyNetwork;
let node: Server;
let draws: number[];
/** What reached n2, connection by connection. */
let accepted: Peer[];
let onAccepted: () => void;
const dialled: Peer[] = [];

async function dial(): Promise<Peer> {
  const socket = connect(Number(network.addressOf("n2").split(":")[1]), "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  const peer = new Peer(socket);
  dialled.push(peer);
  return peer;
}

/** A connection of `from` to n2: the end that dialled, and the one that was reached. */
async function link(from: string): Promise<readonly [Peer, Peer]> {
  const before = accepted.length;
  const dialer = await dial();
  dialer.say(`${from}\n`);
  while (accepted.length === before)
    await new Promise<void>((resolve) => {
      onAccepted = resolve;
    });
  const reached = accepted[before] as Peer;
  await reached.until((heard) => heard === `${from}\n`);
  reached.heard = "";
  return [dialer, reached];
}

beforeEach(async () => {
  draws = [];
  accepted = [];
  onAccepted = () => {};
  network = new FaultyNetwork({ dialerOf, random: () => draws.shift() ?? 0.5 });
  node = createServer({ allowHalfOpen: true }, (socket) => {
    accepted.push(new Peer(socket));
    onAccepted();
  });
  await new Promise<void>((resolve) => node.listen(0, "127.0.0.1", resolve));
  for (const name of ["n1", "n2", "n3"]) await network.add(name);
  network.leadsTo("n2", (node.address() as AddressInfo).port);
});
afterEach(async () => {
  for (const { socket } of [...dialled.splice(0), ...accepted]) socket.destroy();
  await network.stop();
  await new Promise((resolve) => node.close(resolve));
});

describe("FaultyNetwork", () => {
  it("passes on everything, the greeting included, however it is cut, and the end behind it", async () => {
    const client = await dial();
    for (const char of "n1\nand more") client.say(char);
    while (accepted[0] === undefined)
      await new Promise<void>((resolve) => {
        onAccepted = resolve;
      });
    const [reached] = accepted;
    await reached.until((heard) => heard === "n1\nand more");
    const ended = new Promise((resolve) => reached.socket.once("end", resolve));
    client.socket.end();
    await ended;
    reached.socket.end("bye");
    expect(await client.until((_, closed) => closed)).toBe("bye");
  });

  it("lets in again, at the same address, a node that listens elsewhere", async () => {
    const other = createServer((socket) => void socket.resume().end("moved"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    network.leadsTo("n2", (other.address() as AddressInfo).port);
    const client = await dial();
    client.say("n1\n");
    expect(await client.until((_, closed) => closed)).toBe("moved");
    await new Promise((resolve) => other.close(resolve));
  });

  it("tells whether anything passes from one node to another, however slowly", () => {
    const ways = () => [network.passes("n1", "n2"), network.passes("n2", "n1"), network.passes("n3", "n2")];
    network.set("n1", "n2", { delayMs: 50, resetChance: 0.5 });
    expect(ways()).toEqual([true, true, true]);
    network.set("n1", "n2", { passage: "stalled" });
    expect(ways()).toEqual([false, true, true]);
    network.set("n1", "n2", { passage: "refused" });
    expect(ways()).toEqual([false, false, true]);
    network.heal();
    expect(ways()).toEqual([true, true, true]);
  });

  it("refuses the links of one node, and lets it in again when it may", async () => {
    const [first] = await link("n1");
    const [second] = await link("n3");
    network.setAround("n1", { passage: "refused" });
    await first.until((_, closed) => closed);
    expect(second.closed).toBe(false);
    const refused = await dial();
    refused.say("n1\n");
    await refused.until((_, closed) => closed);
    expect(accepted).toHaveLength(2);
    network.heal();
    await link("n1");
  });

  it("stalls one way and not the other, tells nobody, and loses nothing", async () => {
    const [dialer, reached] = await link("n1");
    network.set("n1", "n2", { passage: "stalled" });
    dialer.say("held");
    dialer.socket.end();
    reached.say("passes");
    await dialer.until((heard) => heard === "passes");
    reached.say(" still");
    await dialer.until((heard) => heard === "passes still");
    expect([reached.heard, reached.closed]).toEqual(["", false]);
    const ended = new Promise((resolve) => reached.socket.once("end", resolve));
    network.heal();
    await ended;
    expect(reached.heard).toBe("held");
  });

  it("stops reading a sender when it holds as much as it may", async () => {
    const [dialer, reached] = await link("n1");
    network.set("n1", "n2", { passage: "stalled" });
    const much = 16 * 1024 * 1024;
    dialer.socket.write(Buffer.alloc(much, 1));
    reached.say("x");
    await dialer.until((heard) => heard === "x");
    expect(dialer.socket.writableLength).toBeGreaterThan(0);
    network.heal();
    let came = 0;
    reached.socket.removeAllListeners("data");
    await new Promise<void>((resolve) => {
      reached.socket.on("data", (chunk: Buffer) => {
        came += chunk.length;
        if (came === much) resolve();
      });
    });
  });

  it("delays what one side says, in order, by no less than it was told", async () => {
    const [dialer, reached] = await link("n1");
    network.set("n1", "n2", { delayMs: 60, jitterMs: 40 });
    const begun = performance.now();
    draws = [0.9, 0.1];
    dialer.say("first,");
    reached.say("at once");
    await dialer.until((heard) => heard === "at once");
    dialer.say("second");
    await reached.until((heard) => heard === "first,second");
    expect(performance.now() - begun).toBeGreaterThanOrEqual(59);
  });

  it("lets no more bytes pass per second than it was told", async () => {
    const [dialer, reached] = await link("n1");
    network.set("n1", "n2", { bytesPerSecond: 50_000 });
    const begun = performance.now();
    dialer.say("x".repeat(10_000));
    await reached.until((heard) => heard.length === 10_000);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(150);
  });

  it("loses a piece together with its connection, as chance has it", async () => {
    const [dialer, reached] = await link("n1");
    const [other] = await link("n3");
    network.set("n1", "n2", { resetChance: 0.3 });
    draws = [0.31];
    dialer.say("passes");
    await reached.until((heard) => heard === "passes");
    draws = [0.29];
    dialer.say("is lost");
    await dialer.until((_, closed) => closed);
    await reached.until((_, closed) => closed);
    expect([reached.heard, other.closed]).toEqual(["passes", false]);
  });

  it("resets the connections of two nodes once", async () => {
    const [dialer] = await link("n1");
    expect(network.reset("n2", "n1")).toBe(1);
    await dialer.until((_, closed) => closed);
    await link("n1");
  });

  it("ends a connection also if nobody reads what was sent over it", async () => {
    const [dialer, reached] = await link("n1");
    reached.socket.pause();
    dialer.socket.write(Buffer.alloc(16 * 1024 * 1024));
    while (!dialer.socket.writableNeedDrain) await new Promise((resolve) => setImmediate(resolve));
    network.set("n1", "n2", { passage: "refused" });
    await dialer.until((_, closed) => closed);
    reached.socket.resume();
    await reached.until((_, closed) => closed);
  });

  it("lets nobody in who does not say who it is", async () => {
    for (const garbage of ["nobody\n", "x".repeat(70_000)]) {
      const client = await dial();
      client.say(garbage);
      expect(await client.until((_, closed) => closed)).toBe("");
    }
    expect(accepted).toHaveLength(0);
  });

  it("refuses conditions that make no sense", () => {
    expect(() => network.set("n1", "n2", { delayMs: -1 })).toThrow(/delayMs.*"delayMs":-1/);
    expect(() => network.set("n1", "n2", { bytesPerSecond: 0 })).toThrow(/bytesPerSecond/);
    expect(() => network.set("n1", "n2", { resetChance: 2 })).toThrow(/resetChance/);
    expect(() => network.addressOf("n9")).toThrow(/n9 was not added/);
  });
});
