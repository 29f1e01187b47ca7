import { connect, createServer } from "node:net";
import { Rejected } from "@hexraft/core/ports";
import { get, KvCodec, put } from "@hexraft/statemachine-kv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ClientOptions, HexraftClient, RequestKind, valueOf } from "../src/index.js";
import { FakeNode, PATIENT, type Received } from "./support/fake-node.js";

const codec = new KvCodec();
const PUT_DONE = codec.encodeResult({ type: "put", done: true });
const VALUE = codec.encodeAnswer({ type: "get", value: Uint8Array.of(7) });

/** A leader that does everything. */
const serveAll = (request: Received) => request.ok(request.kind === RequestKind.command ? PUT_DONE : VALUE);

let nodes: FakeNode[];
const clients: HexraftClient[] = [];

function client(options: Partial<ClientOptions> = {}, of: readonly FakeNode[] = nodes): HexraftClient {
  const endpoints = of.map(({ port }) => ({ host: "127.0.0.1", port }));
  const made = new HexraftClient({ endpoints, ...PATIENT, ...options });
  clients.push(made);
  return made;
}

/** From now on this one leads, and the others know. */
function elect(leader: FakeNode): void {
  for (const node of nodes) {
    node.leader = leader.nodeId;
    node.onRequest = node === leader ? serveAll : (request) => request.refuse("NotLeader", leader.nodeId);
  }
}

beforeEach(async () => {
  nodes = await Promise.all(["n1", "n2", "n3"].map((id) => new FakeNode(id).start()));
  elect(nodes[0] as FakeNode);
});
afterEach(async () => {
  for (const made of clients.splice(0)) made.close();
  await Promise.all(nodes.map((node) => node.stop()));
});

const total = () => nodes.reduce((sum, { received }) => sum + received.length, 0);
const second = () => nodes[1] as FakeNode;
const first = () => nodes[0] as FakeNode;

describe("the way to the leader", () => {
  it("C05 goes on to the node that the first one names", async () => {
    elect(nodes[2] as FakeNode);
    const hexraft = client();
    expect(await hexraft.put("k", "v")).toBe(true);
    expect(hexraft.leaderEndpoint?.port).toBe(nodes[2]?.port);
    expect(total()).toBe(1);
  });

  it("C05 follows a change of leaders, and sends a refused command again", async () => {
    const hexraft = client();
    await hexraft.put("k", "1");
    elect(second());
    expect(await hexraft.put("k", "2")).toBe(true);
    expect(hexraft.leaderEndpoint?.port).toBe(second().port);
    expect(second().received.length).toBe(1);
  });

  it("C05 waits for a leader without hammering anybody", async () => {
    for (const node of nodes) node.leader = "";
    const hexraft = client({ deadlineMs: 3_000, backoffMs: 20, backoffMaxMs: 100 });
    const answered = await hexraft.propose(put("k", "v"));
    expect(answered).toMatchObject({ outcome: "refused", error: { code: "DeadlineExceeded" } });
    const asked = nodes.reduce((sum, { connections }) => sum + connections, 0);
    expect(asked).toBeGreaterThan(5);
    expect(asked).toBeLessThan(100);
    expect(total()).toBe(0);
  });

  it("C05 does not run in circles between two nodes that name each other", async () => {
    first().leader = "n2";
    second().leader = "n1";
    const hexraft = client({ deadlineMs: 500, backoffMs: 20, backoffMaxMs: 50 }, [first(), second()]);
    expect(await hexraft.propose(put("k", "v"))).toMatchObject({ outcome: "refused" });
    expect(first().connections + second().connections).toBeLessThan(60);
  });

  it("C05 passes over nodes that are down", async () => {
    elect(second());
    const port = first().port;
    await first().stop();
    const hexraft = client({}, [second()]);
    const other = new HexraftClient({
      endpoints: [
        { host: "127.0.0.1", port },
        { host: "127.0.0.1", port: second().port },
      ],
    });
    clients.push(other);
    expect([await hexraft.put("a", "v"), await other.put("b", "v")]).toEqual([true, true]);
    await first().start();
  });

  it("T07 gives up on a node that accepts and says nothing", async () => {
    const silent = createServer((socket) => socket.on("error", () => {}).resume()).listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const port = (silent.address() as { port: number }).port;
    const hexraft = new HexraftClient({
      endpoints: [
        { host: "127.0.0.1", port },
        { host: "127.0.0.1", port: first().port },
      ],
      connectTimeoutMs: 50,
    });
    clients.push(hexraft);
    expect(await hexraft.put("k", "v")).toBe(true);
    await new Promise((resolve) => silent.close(resolve));
  });

  it("names the reason of a node that shows it the door", async () => {
    for (const node of nodes) node.goodbye = "this node speaks version 9";
    const abort = new AbortController();
    const asked = client().propose(put("k", "v"), { signal: abort.signal });
    // Who comes a second time was shown the door before.
    await expect.poll(() => nodes.reduce((sum, { connections }) => sum + connections, 0)).toBeGreaterThan(1);
    abort.abort();
    const answered = await asked;
    expect(answered.outcome === "refused" && answered.error.message).toContain("this node speaks version 9");
  });

  it("leaves a leader that has gone silent once an operation's time is out", async () => {
    const hexraft = client();
    await hexraft.put("k", "v");
    elect(second());
    first().onRequest = () => {};
    expect(await hexraft.propose(put("k", "v"), { deadlineMs: 100 })).toMatchObject({
      outcome: "unknown",
      error: { code: "DeadlineExceeded" },
    });
    expect(await hexraft.put("k", "w")).toBe(true);
    expect(second().received.length).toBe(1);
  });
});

describe("a leader that stands still", () => {
  it("C05 a read is asked elsewhere while there is time, and nobody who still names it leads back", async () => {
    const hexraft = client({ connectTimeoutMs: 2_000 });
    await hexraft.put("k", "v");
    first().isMute = true;
    const read = hexraft.get("k");
    const others = () => second().connections + (nodes[2] as FakeNode).connections;
    await expect.poll(others, { interval: 10 }).toBeGreaterThanOrEqual(4);
    elect(second());
    expect(await read).toEqual(Uint8Array.of(7));
    expect([first().connections, second().received.length]).toEqual([1, 1]);
  });

  it("C05 what is meant for this very node waits for it, and is asked nowhere else", async () => {
    const hexraft = client({ connectTimeoutMs: 50 });
    await hexraft.get("k", { from: { node: "n1" } });
    const connections = () => [first().connections, second().connections];
    const before = connections();
    first().isMute = true;
    const answered = await hexraft.read(get("k"), { from: { node: "n1" }, deadlineMs: 300 });
    expect(answered).toMatchObject({ outcome: "refused", error: { code: "DeadlineExceeded" } });
    expect(connections()).toEqual(before);
  });
});

describe("three outcomes", () => {
  it("C02 ok carries the result, a rejection of the state machine included", async () => {
    const hexraft = client();
    expect(await hexraft.propose(put("k", "v"))).toEqual({ outcome: "ok", value: { type: "put", done: true } });
    first().onRequest = (request) => request.ok(codec.encodeResult(new Rejected("NotAnInteger", "it holds text")));
    expect(valueOf(await hexraft.propose(put("k", "v")))).toBeInstanceOf(Rejected);
    await expect(hexraft.increment("k")).rejects.toMatchObject({ code: "BadCommand", outcome: "refused" });
  });

  it("C02 C05 a command whose connection breaks is unknown, and is never sent again", async () => {
    const hexraft = client();
    await hexraft.put("k", "v");
    first().onRequest = () => first().cut();
    expect(await hexraft.propose(put("k", "v"))).toMatchObject({
      outcome: "unknown",
      error: { code: "ConnectionLost" },
    });
    elect(first());
    await hexraft.put("other", "v");
    expect(total()).toBe(3);
  });

  it("C02 C05 an unknown outcome is handed to the caller, and is never sent again", async () => {
    first().onRequest = (request) => request.unknown("LeadershipLost");
    expect(await client().propose(put("k", "v"))).toMatchObject({
      outcome: "unknown",
      error: { code: "LeadershipLost" },
    });
    expect(total()).toBe(1);
  });

  it("C05 a read that breaks is asked again elsewhere", async () => {
    const hexraft = client();
    await hexraft.put("k", "v");
    first().onRequest = () => {
      elect(second());
      first().cut();
    };
    expect(await hexraft.get("k")).toEqual(Uint8Array.of(7));
    expect(second().received.map(({ kind }) => kind)).toEqual([RequestKind.linearizableRead]);
  });

  it("C02 what is refused for good comes back at once", async () => {
    first().onRequest = (request) => request.refuse("EntryTooLarge");
    expect(await client().propose(put("k", "v"))).toMatchObject({
      outcome: "refused",
      error: { code: "EntryTooLarge" },
    });
    expect(total()).toBe(1);
  });

  it("C05 R12 an overloaded leader is asked again after a pause, over the same connection", async () => {
    let refusals = 3;
    first().onRequest = (request) => (refusals-- > 0 ? request.refuse("Overloaded") : serveAll(request));
    expect(await client().put("k", "v")).toBe(true);
    expect([first().received.length, first().connections]).toEqual([4, 1]);
  });

  it("F03 a command that does not fit never leaves", async () => {
    expect(await client().propose(put("", "v".repeat(16 * 2 ** 20)))).toMatchObject({ outcome: "refused" });
    expect(total()).toBe(0);
  });
});

describe("deadlines and signals", () => {
  it("C05 a command that was sent is unknown after its deadline; one that was not is refused", async () => {
    const hexraft = client();
    await hexraft.get("k");
    first().onRequest = () => {};
    expect(await hexraft.propose(put("k", "v"), { deadlineMs: 50 })).toMatchObject({
      outcome: "unknown",
      error: { code: "DeadlineExceeded" },
    });
    for (const node of nodes) node.leader = "";
    expect(await client().propose(put("k", "v"), { deadlineMs: 50 })).toMatchObject({ outcome: "refused" });
  });

  it("C05 a read after its deadline is refused: it changes nothing", async () => {
    first().onRequest = () => {};
    expect(await client().read(get("k"), { deadlineMs: 50 })).toMatchObject({
      outcome: "refused",
      error: { code: "DeadlineExceeded" },
    });
  });

  it("C05 an AbortSignal ends the wait: refused before it is sent, unknown after", async () => {
    first().onRequest = () => {};
    const hexraft = client();
    const before = AbortSignal.abort();
    expect(await hexraft.propose(put("k", "v"), { signal: before })).toMatchObject({
      outcome: "refused",
      error: { code: "Cancelled" },
    });
    expect(total()).toBe(0);
    const abort = new AbortController();
    const answered = hexraft.propose(put("k", "v"), { signal: abort.signal });
    await expect.poll(total).toBe(1);
    abort.abort();
    expect(await answered).toMatchObject({ outcome: "unknown", error: { code: "Cancelled" } });
  });

  it("a late answer to what was given up is nobody's", async () => {
    const hexraft = client();
    first().onRequest = () => {};
    const abort = new AbortController();
    const given = hexraft.propose(put("k", "v"), { signal: abort.signal });
    await expect.poll(total).toBe(1);
    abort.abort();
    expect(await given).toMatchObject({ outcome: "unknown" });
    const late = first().received[0] as Received;
    first().onRequest = (request) => {
      late.ok(PUT_DONE);
      serveAll(request);
    };
    expect(await hexraft.get("k")).toEqual(Uint8Array.of(7));
  });

  it("closing settles everything, and further operations are refused", async () => {
    first().onRequest = () => {};
    const hexraft = client();
    const sent = hexraft.propose(put("k", "v"));
    await expect.poll(total).toBe(1);
    hexraft.close();
    hexraft.close();
    expect(await sent).toMatchObject({ outcome: "unknown", error: { code: "Stopped" } });
    expect(await hexraft.propose(put("k", "v"))).toMatchObject({ outcome: "refused", error: { code: "Stopped" } });
  });
});

describe("load", () => {
  it("what is asked in one turn leaves in one write, and every caller gets its own answer", async () => {
    first().onRequest = (request) =>
      request.ok(codec.encodeAnswer({ type: "get", value: codec.encodeQuery(get(`${request.number}`)) }));
    const hexraft = client();
    await hexraft.get("warm");
    const chunks = first().chunks;
    const values = await Promise.all(Array.from({ length: 500 }, (_, i) => hexraft.get(`k${i}`)));
    expect(new Set(values.map((value) => Buffer.from(value as Uint8Array).toString("hex"))).size).toBe(500);
    expect(first().chunks - chunks).toBeLessThan(4);
  });

  it("R12 more than inFlightMax is refused at once", async () => {
    first().onRequest = () => {};
    const hexraft = client({ inFlightMax: 10 });
    const held = Array.from({ length: 10 }, () => hexraft.propose(put("k", "v")));
    expect(await hexraft.propose(put("k", "v"))).toMatchObject({ outcome: "refused", error: { code: "Overloaded" } });
    hexraft.close();
    await Promise.all(held);
    expect(hexraft.inFlight).toBe(0);
  });

  it("R12 more than inFlightBytesMax is refused at once", async () => {
    const hexraft = client({ inFlightBytesMax: 2_000 });
    expect(await hexraft.propose(put("k", "v".repeat(3_000)))).toMatchObject({
      outcome: "refused",
      error: { code: "Overloaded" },
    });
    expect(await hexraft.put("k", "v".repeat(1_000))).toBe(true);
  });

  it("T01 garbage instead of an answer breaks the connection, and nothing else", async () => {
    const garbage = createServer((socket) => socket.resume().end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(
      0,
      "127.0.0.1",
    );
    await new Promise((resolve) => garbage.once("listening", resolve));
    const port = (garbage.address() as { port: number }).port;
    const hexraft = new HexraftClient({
      endpoints: [
        { host: "127.0.0.1", port },
        { host: "127.0.0.1", port: first().port },
      ],
    });
    clients.push(hexraft);
    expect(await hexraft.put("k", "v")).toBe(true);
    await new Promise((resolve) => garbage.close(resolve));
  });
});

describe("options", () => {
  it.each([
    [{ endpoints: [] }, "endpoints"],
    [{ endpoints: [{ host: "", port: 1 }] }, "endpoints"],
    [{ endpoints: [{ host: "x", port: 0 }] }, "endpoints"],
    [{ endpoints: [{ host: "x", port: 1 }], deadlineMs: 0 }, "deadlineMs"],
    [{ endpoints: [{ host: "x", port: 1 }], inFlightMax: Number.NaN }, "inFlightMax"],
    [{ endpoints: [{ host: "x", port: 1 }], backoffMs: 600 }, "backoffMaxMs"],
    [{ endpoints: [{ host: "x", port: 1 }], deadline: 5 }, "deadline"],
  ])("O05 refuses %j and names %s", (options, field) => {
    expect(() => new HexraftClient(options as ClientOptions)).toThrow(
      expect.objectContaining({
        code: "BadOption",
        details: expect.objectContaining({ field, rule: expect.any(String) }),
      }),
    );
  });

  it("leaves no connection behind", async () => {
    const hexraft = client();
    await hexraft.put("k", "v");
    hexraft.close();
    const probe = connect(first().port, "127.0.0.1");
    await new Promise((resolve) => probe.once("connect", resolve));
    probe.destroy();
    expect(hexraft.leaderEndpoint).toBeNull();
  });
});
