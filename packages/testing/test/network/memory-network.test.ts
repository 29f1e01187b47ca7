import type { Envelope, Message } from "@hexraft/core/ports";
import { describe, expect, it } from "vitest";
import {
  MemoryNetwork,
  type MemoryNetworkOptions,
  type MemoryTransport,
  VirtualHost,
  VirtualTime,
} from "../../src/index.js";

const CLUSTER = "0123456789abcdef0123456789abcdef";

/** Three nodes that hear each other; `log` says what arrived where. */
async function three(options: MemoryNetworkOptions = {}) {
  const time = new VirtualTime();
  const host = new VirtualHost(time, "network");
  const network = new MemoryNetwork({ random: host.random, ...options });
  const log: string[] = [];
  const ids = ["a", "b", "c"];
  const incarnationOf = (id: string) => `000000000000000${id}`;
  const transports = new Map<string, MemoryTransport>();
  for (const id of ids) {
    const transport = network.connect(host);
    transports.set(id, transport);
    transport.attach("main", {
      incarnation: incarnationOf(id),
      onMessage: ({ from, message }) => log.push(`${from}→${id} ${"round" in message ? message.round : message.type}`),
      onPeerUp: (peer) => log.push(`${id}: ${peer} up`),
      onPeerDown: (peer) => log.push(`${id}: ${peer} down`),
      onClaim: () => Promise.resolve(),
      onSnapshot: () => Promise.resolve(),
    });
    await transport.start({ nodeId: id, clusterId: CLUSTER, directoryId: id, startNumber: 1, frameBytesMax: 1 << 20 });
    transport.setPeers(
      "main",
      ids
        .filter((peer) => peer !== id)
        .map((peer) => ({ id: peer, incarnation: incarnationOf(peer), address: `memory:${peer}` })),
    );
  }
  await time.advance(50);
  log.length = 0;
  const say = (from: string, to: string, ...rounds: readonly number[]) => {
    for (const round of rounds)
      transports.get(from)?.send(envelope(from, to, { type: "Heartbeat", term: 1, commit: 0, round }));
    transports.get(from)?.flush();
  };
  const envelope = (from: string, to: string, message: Message): Envelope => ({
    group: "main",
    from,
    fromIncarnation: incarnationOf(from),
    startNumber: 1,
    recoveryNumber: 0,
    to,
    toIncarnation: incarnationOf(to),
    message,
  });
  const heard = async (ms = 0) => {
    await time.advance(ms);
    return log.splice(0);
  };
  return { time, network, transports, say, heard };
}

describe("a network in memory, under a test's hands", () => {
  it("T10 hands a turn's messages over in one action, in order", async () => {
    const { time, say, heard } = await three();
    const before = time.actionsRun;
    say("a", "b", 1, 2, 3);
    expect(await heard()).toEqual(["a→b 1", "a→b 2", "a→b 3"]);
    expect(time.actionsRun - before).toBe(1);
  });

  it("R09 cuts one direction: only the deaf side is told, and the other direction goes on", async () => {
    const { network, say, heard } = await three();
    network.cut("a", "b");
    say("a", "b", 1);
    say("b", "a", 2);
    say("a", "c", 3);
    expect((await heard()).toSorted()).toEqual(["a→c 3", "b: a down", "b→a 2"]);
    network.mend("a", "b");
    say("a", "b", 4);
    expect(await heard()).toEqual(["b: a up", "a→b 4"]);
  });

  it("R09 isolates a node both ways, and heals everything at once", async () => {
    const { network, say, heard } = await three();
    network.isolate("b");
    expect((await heard()).toSorted()).toEqual(["a: b down", "b: a down", "b: c down", "c: b down"]);
    say("a", "b", 1);
    say("b", "c", 2);
    expect(await heard()).toEqual([]);
    network.heal();
    expect((await heard()).toSorted()).toEqual(["a: b up", "b: a up", "b: c up", "c: b up"]);
  });

  it("loses, doubles and delays what it is told to, and tells its listeners", async () => {
    const { network, say, heard } = await three({ latencyMs: 2 });
    const stages: string[] = [];
    network.onMessage(({ message }, stage) => stages.push(`${stage} ${"round" in message ? message.round : ""}`));
    const isRound =
      (round: number) =>
      ({ message }: Envelope) =>
        "round" in message && message.round === round;
    const dropped = network.drop("a", "b", isRound(1));
    network.duplicate("a", "b", isRound(2));
    say("a", "b", 1, 2, 3);
    expect(await heard(1.9)).toEqual([]);
    expect(await heard(0.1)).toEqual(["a→b 2", "a→b 2", "a→b 3"]);
    expect(stages).toEqual(["sent 1", "sent 2", "sent 3", "lost 1", "delivered 2", "delivered 2", "delivered 3"]);
    dropped();
    network.delay("a", "b", 30);
    say("a", "b", 1);
    network.delay("a", "b", 0);
    say("a", "b", 4);
    expect(await heard(31)).toEqual([]);
    expect(await heard(1), "order holds although the line became faster").toEqual(["a→b 1", "a→b 4"]);
  });

  it("T11 a killed node is down for its peers, and its next life takes its place", async () => {
    const { network, say, heard, transports, time } = await three();
    network.kill("b");
    say("b", "a", 1);
    expect((await heard()).toSorted()).toEqual(["a: b down", "c: b down"]);
    const next = network.connect(new VirtualHost(time, "again"));
    await next.start({ nodeId: "b", clusterId: CLUSTER, directoryId: "b", startNumber: 2, frameBytesMax: 1 << 20 });
    next.setPeers(
      "main",
      ["a", "c"].map((id) => ({ id, incarnation: `000000000000000${id}`, address: `memory:${id}` })),
    );
    expect((await heard()).toSorted()).toEqual(["a: b up", "c: b up"]);
    expect(transports.get("b")?.describe()).toMatchObject({ peers: [] });
  });

  it("T05 a full queue takes no more, and counts it", async () => {
    const { transports, say } = await three();
    const a = transports.get("a");
    say("a", "b", ...Array.from({ length: 65_540 }, (_, i) => i));
    expect(a?.describe()).toMatchObject({ sent: 65_536, dropped: 4 });
  });
});
