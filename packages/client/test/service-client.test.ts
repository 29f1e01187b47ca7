import { type RaftError, Rejected } from "@hexraft/core/ports";
import { layOutSessionOpened, SessionOpened } from "@hexraft/sessions";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { type Answered, type ClientCodec, type ClientOptions, RequestKind, ServiceClient } from "../src/index.js";
import { FakeNode, type Received } from "./support/fake-node.js";

/** A user's own service: a switch board. */
interface Switch {
  readonly lamp: number;
  readonly on: boolean;
}
type Switched = { readonly lit: number } | Rejected;

const codec: ClientCodec<Switch, Switched, "lit", number> = {
  encodeCommand: ({ lamp, on }) => {
    if (lamp > 9) throw new RangeError("there are ten lamps");
    return Uint8Array.of(lamp, on ? 1 : 0);
  },
  decodeResult: ([status, lit]) => {
    if (status === 1) return new Rejected("Fused", "the lamp is broken");
    if (status !== 0) throw new SyntaxError("no such status");
    return { lit: lit as number };
  },
  encodeQuery: () => Uint8Array.of(),
  decodeAnswer: ([lit]) => {
    if (lit === undefined) throw new SyntaxError("an empty answer");
    return lit;
  },
};

/** As a user adds named operations. */
class Board extends ServiceClient<Switch, Switched, "lit", number> {
  constructor(options: ClientOptions) {
    super(codec, options);
  }
  turnOn(lamp: number): Promise<number> {
    return this.result(
      () => ({ lamp, on: true }),
      undefined,
      ({ lit }) => lit,
    );
  }
  lit(): Promise<string> {
    return this.answer(
      () => "lit",
      { from: "any" },
      (lit) => `${lit} are lit`,
    );
  }
}

let nodes: [FakeNode, FakeNode];
const clients: { close(): void }[] = [];

/** Answers every request with these bytes; opens every session. */
const saying =
  (...bytes: readonly number[]) =>
  (request: Received): void =>
    request.ok(
      request.kind === RequestKind.openSession
        ? layOutSessionOpened(new SessionOpened(5, 300_000))
        : Uint8Array.from(bytes),
    );

function board(options: Partial<ClientOptions> = {}): Board {
  const made = new Board({ endpoints: nodes.map(({ port }) => ({ host: "127.0.0.1", port })), ...options });
  clients.push(made);
  return made;
}

beforeEach(async () => {
  nodes = [await new FakeNode("n1").start(), await new FakeNode("n2").start()];
  for (const node of nodes) node.leader = "n1";
  nodes[0].onRequest = saying(0, 3);
  nodes[1].onRequest = (request) => request.refuse("NotLeader", "n1");
});
afterEach(async () => {
  for (const made of clients.splice(0)) made.close();
  await Promise.all(nodes.map((node) => node.stop()));
});

describe("a client of any service", () => {
  it("C02 is typed by its codec, which makes its requests and reads its answers", async () => {
    const client = board();
    const answered = await client.propose({ lamp: 4, on: true });
    expectTypeOf(answered).toEqualTypeOf<Answered<Switched>>();
    expect(answered).toMatchObject({ outcome: "ok", value: { lit: 3 } });
    nodes[0].onRequest = saying(8);
    const read = await client.read("lit");
    expectTypeOf(read).toEqualTypeOf<Answered<number>>();
    expect(read).toMatchObject({ outcome: "ok", value: 8 });
    expect(nodes[0].received.map(({ kind, bytes }) => [kind, ...bytes])).toEqual([
      [RequestKind.command, 4, 1],
      [RequestKind.linearizableRead],
    ]);
  });

  it("C05 Q08 follows a change of leaders, and keeps the token of what it was shown", async () => {
    const client = board();
    await client.propose({ lamp: 1, on: true });
    for (const node of nodes) node.leader = "n2";
    nodes[0].onRequest = (request) => request.refuse("NotLeader", "n2");
    nodes[1].onRequest = saying(0, 4);
    nodes[1].token = "cluster/main/0/9";
    expect(await client.propose({ lamp: 2, on: true })).toMatchObject({ outcome: "ok", value: { lit: 4 } });
    expect([client.leaderEndpoint?.port, client.readToken]).toEqual([nodes[1].port, "cluster/main/0/9"]);
  });

  it("C03 numbers its commands where the node has sessions, and sends one whose answer is lost again", async () => {
    for (const node of nodes) node.sessions = true;
    let isLost = true;
    nodes[0].onRequest = (request) => {
      if (request.kind !== RequestKind.sessionCommand || !isLost) return saying(0, 1)(request);
      isLost = false;
      nodes[0].cut();
    };
    expect(await board().propose({ lamp: 7, on: false })).toMatchObject({ outcome: "ok", value: { lit: 1 } });
    const [first, second] = nodes[0].received.filter(({ kind }) => kind === RequestKind.sessionCommand);
    expect(first?.bytes).toEqual(second?.bytes);
    expect([...(first as Received).bytes.subarray(-2)]).toEqual([7, 0]);
  });

  it("C05 never sends one again where the node has none", async () => {
    nodes[0].onRequest = () => nodes[0].cut();
    expect(await board().propose({ lamp: 7, on: false })).toMatchObject({ outcome: "unknown" });
    expect(nodes[0].received).toHaveLength(1);
  });

  it("F01 its named operations resolve with what is wanted, and throw what the state machine rejects", async () => {
    const client = board();
    expect(await client.turnOn(2)).toBe(3);
    expect(await client.propose({ lamp: 2, on: true })).toMatchObject({ outcome: "ok" });
    nodes[0].onRequest = saying(1);
    await expect(client.turnOn(2)).rejects.toMatchObject({
      code: "BadCommand",
      outcome: "refused",
      details: { rejection: "Fused" },
    });
    for (const node of nodes) node.onRequest = saying(6);
    expect(await client.lit()).toBe("6 are lit");
  });
});

describe("bad input", () => {
  it("C02 a result that the codec cannot read is unknown, an answer refused, and both say so", async () => {
    nodes[0].onRequest = saying();
    const client = board();
    const command = await client.propose({ lamp: 1, on: true });
    const read = await client.read("lit");
    expect([command.outcome, read.outcome]).toEqual(["unknown", "refused"]);
    for (const [answered, why] of [
      [command, "no such status"],
      [read, "an empty answer"],
    ] as const)
      expect(answered).toMatchObject({ error: { code: "BadMessage", message: expect.stringContaining(why) } });
    expect(client.inFlight).toBe(0);
  });

  it("F03 a command that the codec cannot lay out is refused, and nothing is sent", async () => {
    const client = board();
    const error = { code: "BadCommand", message: expect.stringContaining("there are ten lamps") };
    expect(await client.propose({ lamp: 10, on: true })).toMatchObject({ outcome: "refused", error });
    await expect(client.turnOn(10)).rejects.toMatchObject(error);
    expect(nodes[0].connections).toBe(0);
  });

  it("F03 a codec that makes no bytes is told so, and nothing is sent", async () => {
    const text = (() => "on") as unknown as () => Uint8Array;
    const broken = { ...codec, encodeCommand: text, encodeQuery: text };
    const client = new ServiceClient(broken, { endpoints: [{ host: "127.0.0.1", port: nodes[0].port }] });
    clients.push(client);
    for (const answered of [await client.propose({ lamp: 1, on: true }), await client.read("lit")])
      expect(answered).toMatchObject({
        outcome: "refused",
        error: { message: expect.stringContaining("no Uint8Array") },
      });
    expect(nodes[0].connections).toBe(0);
  });

  it("O05 a codec that lacks something is refused before anything is connected", () => {
    const { decodeAnswer: _, ...half } = codec;
    const options = { endpoints: [{ host: "127.0.0.1", port: 1 }] };
    expect(() => new ServiceClient(half as typeof codec, options)).toThrow(
      expect.objectContaining({
        code: "BadOption",
        message: expect.stringContaining("lacks decodeAnswer"),
      }) as RaftError,
    );
  });
});
