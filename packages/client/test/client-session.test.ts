import { type InSession, layOutSessionOpened, SessionCodec, SessionOpened } from "@hexraft/sessions";
import { increment, KvCodec, type KvResult } from "@hexraft/statemachine-kv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ClientOptions, HexraftClient, RequestKind } from "../src/index.js";
import { FakeNode, PATIENT, type Received } from "./support/fake-node.js";

const codec = new SessionCodec(new KvCodec());
let first: FakeNode;
let second: FakeNode;
let hexraft: HexraftClient;
/** What the nodes together did, by session and number, and how often. */
let done: Map<string, number>;
let sessions: Map<string, number>;

function client(options: Partial<ClientOptions> = {}): HexraftClient {
  hexraft?.close();
  const endpoints = [first, second].map(({ port }) => ({ host: "127.0.0.1", port }));
  hexraft = new HexraftClient({ endpoints, backoffMaxMs: 20, ...PATIENT, ...options });
  return hexraft;
}

/** Registers by nonce, and does every number once. */
function serve(request: Received): void {
  if (request.kind === RequestKind.openSession) {
    const nonce = Buffer.from(request.bytes).toString("hex");
    if (!sessions.has(nonce)) sessions.set(nonce, sessions.size + 1);
    return request.ok(layOutSessionOpened(new SessionOpened(sessions.get(nonce) as number, 300_000)));
  }
  const { session, sequence } = inSession(request);
  const name = `${session}/${sequence}`;
  if (!done.has(name)) done.set(name, done.size + 1);
  const result: KvResult = { type: "increment", value: BigInt(done.get(name) as number) };
  request.ok(codec.encodeResult(result));
}

const inSession = ({ bytes }: Received) => codec.decodeCommand(bytes) as InSession;
const commandsOf = (node: FakeNode) => node.received.filter(({ kind }) => kind === RequestKind.sessionCommand);

function elect(leader: FakeNode): void {
  for (const node of [first, second]) {
    node.leader = leader.nodeId;
    node.onRequest = node === leader ? serve : (request) => request.refuse("NotLeader", leader.nodeId);
  }
}

beforeEach(async () => {
  [first, second] = (await Promise.all(["n1", "n2"].map((id) => new FakeNode(id).start()))) as [FakeNode, FakeNode];
  [first.sessions, second.sessions] = [true, true];
  [done, sessions] = [new Map(), new Map()];
  elect(first);
  client();
});
afterEach(async () => {
  hexraft.close();
  await Promise.all([first.stop(), second.stop()]);
});

describe("retries", () => {
  it("C03 C05 a command whose answer is lost is sent again under its number, and done once", async () => {
    await hexraft.increment("n");
    first.onRequest = (request) => {
      serve({ ...request, ok: () => {} });
      elect(second);
      first.cut();
    };
    expect(await hexraft.increment("n")).toBe(2n);
    expect(done.size).toBe(2);
    expect(inSession(commandsOf(second)[0] as Received)).toMatchObject({ sequence: 2, session: 1 });
  });

  it("C03 C05 an unknown outcome is asked again under its number", async () => {
    let lost = 3;
    first.onRequest = (request) => {
      if (request.kind === RequestKind.openSession || lost-- <= 0) return serve(request);
      serve({ ...request, ok: () => request.unknown("LeadershipLost") });
    };
    expect(await hexraft.increment("n")).toBe(1n);
    expect(done.size).toBe(1);
    expect(commandsOf(first).length).toBe(4);
  });

  it("C03 C05 a node that falls silent is left while there is time, and the command is done once", async () => {
    client({ connectTimeoutMs: 500 });
    await hexraft.increment("n");
    first.onRequest = (request) => {
      serve({ ...request, ok: () => {} });
      elect(second);
    };
    expect(await hexraft.increment("n")).toBe(2n);
    expect(done.size).toBe(2);
    // Asked again where the machine stood still, but never under another number.
    expect(new Set(commandsOf(second).map((request) => inSession(request).sequence))).toEqual(new Set([2]));
  });

  it("C03 registration is repeated under its nonce until it is answered", async () => {
    let lost = 2;
    first.onRequest = (request) => {
      if (request.kind !== RequestKind.openSession || lost-- <= 0) return serve(request);
      serve({ ...request, ok: () => request.unknown("LeadershipLost") });
    };
    const sums = await Promise.all([hexraft.increment("n"), hexraft.increment("n")]);
    expect(sums).toEqual([1n, 2n]);
    expect(sessions.size).toBe(1);
  });

  it("C03 each command says which answers are no longer wanted", async () => {
    await hexraft.increment("n");
    const held: Received[] = [];
    first.onRequest = (request) => void held.push(request);
    const sums = [hexraft.increment("n"), hexraft.increment("n"), hexraft.increment("n")];
    await expect.poll(() => held.length).toBe(3);
    serve(held[1] as Received);
    await sums[1];
    sums.push(hexraft.increment("n"));
    await expect.poll(() => held.length).toBe(4);
    for (const at of [0, 2, 3]) serve(held[at] as Received);
    await Promise.all(sums);
    first.onRequest = serve;
    await hexraft.increment("n");
    expect(commandsOf(first).map((request) => inSession(request).lowestUnanswered)).toEqual([1, 2, 2, 2, 2, 6]);
  });
});

describe("what stays unknown", () => {
  it("C02 C05 at its deadline a command that was sent is unknown, also if it was refused since", async () => {
    await hexraft.increment("n");
    first.onRequest = (request) => {
      for (const node of [first, second]) node.onRequest = (later) => later.refuse("NotLeader");
      request.unknown("LeadershipLost");
    };
    const answered = await hexraft.propose(increment("n"), { deadlineMs: 150 });
    expect(answered).toMatchObject({ outcome: "unknown", error: { code: "DeadlineExceeded" } });
    expect(second.received.length + first.received.length).toBeLessThan(60);
  });

  it("C02 a final refusal of a later attempt says nothing about an earlier one", async () => {
    await hexraft.increment("n");
    first.onRequest = (request) => {
      first.onRequest = (later) => later.refuse("EntryTooLarge");
      second.onRequest = first.onRequest;
      request.unknown("LeadershipLost");
    };
    expect(await hexraft.propose(increment("n"))).toMatchObject({
      outcome: "unknown",
      error: { code: "EntryTooLarge" },
    });
  });

  it("C04 a session that expired before the command was done is replaced, and the command is done once", async () => {
    await hexraft.increment("n");
    first.onRequest = (request) => {
      if (request.kind === RequestKind.sessionCommand && inSession(request).session === 1)
        return request.refuse("SessionExpired");
      serve(request);
    };
    expect(await Promise.all([hexraft.increment("n"), hexraft.increment("n")])).toEqual([2n, 3n]);
    expect([...done.keys()]).toEqual(["1/1", "2/1", "2/2"]);
  });

  it("C04 C02 a session that expired after the command was sent leaves it unknown, and the next one goes on", async () => {
    await hexraft.increment("n");
    first.onRequest = (request) => {
      first.onRequest = (later) => {
        if (later.kind === RequestKind.sessionCommand && inSession(later).session === 1)
          return later.refuse("SessionExpired");
        serve(later);
      };
      second.onRequest = first.onRequest;
      request.unknown("LeadershipLost");
    };
    expect(await hexraft.propose(increment("n"))).toMatchObject({
      outcome: "unknown",
      error: { code: "SessionExpired" },
    });
    expect(await hexraft.increment("n")).toBe(2n);
  });

  it("C03 F08 a session is not taken into a cluster that was made anew: what is certain goes into a new one, what is not is unknown", async () => {
    await hexraft.increment("n");
    // The cluster is restored as of before that session was registered, and its number is another client's by now.
    first.onRequest = (request) => {
      serve({ ...request, ok: () => {} });
      [first.clusterId, second.clusterId] = ["d".repeat(32), "d".repeat(32)];
      sessions = new Map([["another client's", 1]]);
      done = new Map();
      elect(second);
      first.cut();
    };
    const doubtful = await hexraft.propose(increment("n"));
    expect(doubtful).toMatchObject({
      outcome: "unknown",
      error: { code: "SessionExpired", message: expect.stringContaining("another cluster's than ddd") },
    });
    expect(await hexraft.increment("n")).toBe(1n);
    expect([...done.keys()]).toEqual(["2/1"]);
    // Certainly not done: refused, and the way to the leader leads into another cluster.
    second.onRequest = (request) => {
      [first.clusterId, sessions] = [
        "e".repeat(32),
        new Map([
          ["others'", 1],
          ["others', too", 4],
        ]),
      ];
      elect(first);
      request.refuse("NotLeader", first.nodeId);
    };
    expect(await hexraft.increment("n")).toBe(2n);
    expect([...done.keys()]).toEqual(["2/1", "3/1"]);
  });

  it.each(["AlreadyAcknowledged", "ResultNotKept"])("C03 C02 %s is not asked again", async (code) => {
    await hexraft.increment("n");
    first.onRequest = (request) => request.unknown(code);
    expect(await hexraft.propose(increment("n"))).toMatchObject({ outcome: "unknown", error: { code } });
    expect(commandsOf(first).length).toBe(2);
  });
});

it("C02 closing while the session is being opened refuses each command once", async () => {
  first.onRequest = () => {};
  const ends: string[] = [];
  const commands = [increment("a"), increment("b")].map((command) => hexraft.propose(command));
  await expect.poll(() => first.received.length).toBe(1);
  commands.push(hexraft.propose(increment("c")));
  for (const command of commands) void command.then(({ outcome }) => ends.push(outcome));
  hexraft.close();
  await Promise.all(commands);
  expect([ends, hexraft.inFlight]).toEqual([["refused", "refused", "refused"], 0]);
});

describe("without a session", () => {
  it("C05 switched off, commands go as they are, and what is unknown is told", async () => {
    client({ sessions: false });
    first.onRequest = (request) => request.unknown("LeadershipLost");
    expect(await hexraft.propose(increment("n"))).toMatchObject({ outcome: "unknown" });
    expect(first.received.map(({ kind }) => kind)).toEqual([RequestKind.command]);
  });

  it("T09 a node that does not know sessions gets commands as they are", async () => {
    first.sessions = false;
    first.onRequest = (request) => request.ok(codec.encodeResult({ type: "increment", value: 7n }));
    expect(await hexraft.increment("n")).toBe(7n);
    expect(first.received.map(({ kind }) => kind)).toEqual([RequestKind.command]);
  });

  it("a client that may not open one hears so, and its reads go on", async () => {
    first.onRequest = (request) =>
      request.kind === RequestKind.openSession
        ? request.refuse("AccessDenied")
        : request.ok(new KvCodec().encodeAnswer({ type: "get", value: null }));
    await expect(hexraft.increment("n")).rejects.toMatchObject({ code: "AccessDenied", outcome: "refused" });
    expect(await hexraft.get("n")).toBeNull();
  });

  it("O05 the option is a boolean", () => {
    expect(() => client({ sessions: "yes" as never })).toThrow('option sessions is "yes"');
  });
});
