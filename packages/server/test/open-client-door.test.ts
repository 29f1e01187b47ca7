import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AnswerKind, ClusterAdmin, HexraftClient, RequestKind, ServiceClient } from "@hexraft/client";
import { createNode, type Node } from "@hexraft/core";
import { Rejected } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { layOutInSession, readSessionOpened, sessions } from "@hexraft/sessions";
import { MemoryDisk, MemoryNetwork, memoryStorage } from "@hexraft/testing";
import { afterEach, describe, expect, it } from "vitest";
import { Authority } from "../src/certs/authority.js";
import { type ClientDoorOptions, openClientDoor } from "../src/index.js";
import { errorOf, oneRequest } from "./support/one-request.js";
import { Tally, type TallyCommand, type TallyResult, tallyCodec, tallyModule } from "./support/tally.js";

type TallyNode = Node<TallyCommand, TallyResult, string, number>;
type TallyCodec = typeof tallyCodec;
/** T of several nodes in this process: longer than it stands still on a busy machine. ms. */
const STEADY_MS = 1_000;

let closing: (() => unknown)[] = [];
afterEach(async () => {
  const steps = closing.toReversed();
  closing = [];
  for (const step of steps) await step();
});

interface Served {
  readonly node: TallyNode;
  readonly tally: Tally;
  readonly port: number;
}

interface How {
  readonly ids?: readonly string[];
  readonly isWrapped?: boolean;
  readonly formatVersion?: number;
  /** F05: of each node, whose state machine then hears of gates. */
  readonly formats?: Readonly<Record<string, number>>;
  readonly codec?: TallyCodec;
  readonly door?: Partial<ClientDoorOptions>;
}

/** Nodes of a user's own state machine that have a leader, each with a door. */
async function serve({
  ids = ["n1"],
  isWrapped = true,
  formatVersion = 1,
  formats,
  codec = tallyCodec,
  door = {},
}: How = {}): Promise<Served[]> {
  const network = new MemoryNetwork();
  const started = ids.map(async (nodeId): Promise<Served> => {
    const tally = new Tally(formats?.[nodeId] ?? formatVersion);
    if (formats !== undefined) Object.assign(tally, { formatOpened: () => {} });
    const module = isWrapped ? sessions(tallyModule(tally)) : tallyModule(tally);
    const node = await createNode<TallyCommand, TallyResult, string, number>(
      { nodeId, groupId: "tally", electionTimeoutMs: ids.length === 1 ? 150 : STEADY_MS },
      [nodeRuntime(), memoryStorage(new MemoryDisk()), network.transport({ address: nodeId }), module],
    );
    await node.start();
    closing.push(() => node.stop());
    const opened = await openClientDoor(node, codec, { listen: 0, ...door });
    closing.push(() => opened.close());
    return { node, tally, port: Number(opened.address.split(":")[1]) };
  });
  const served = await Promise.all(started);
  await served[0]?.node.bootstrap({ voters: ids.map((id) => ({ id, address: id })) });
  await expect.poll(() => served.some(({ node }) => node.describe().role === "leader")).toBe(true);
  return served;
}

const one = async (how: How = {}): Promise<Served> => (await serve(how))[0] as Served;

const endpointsOf = (served: readonly { readonly port: number }[]) =>
  served.map(({ port }) => ({ host: "127.0.0.1", port }));

function clientOf(served: readonly Served[], options: object = {}) {
  const patient = { deadlineMs: 20_000, connectTimeoutMs: 10_000 };
  const client = new ServiceClient(tallyCodec, { endpoints: endpointsOf(served), ...patient, ...options });
  closing.push(() => client.close());
  return client;
}

describe("a user's own state machine", () => {
  it("C01 C05 its client goes to the leader, and follows it through a transfer and past a node that stopped", async () => {
    const served = await serve({ ids: ["n1", "n2", "n3"] });
    const client = clientOf(served);
    expect(await client.propose({ add: 1, to: "a" })).toMatchObject({ outcome: "ok", value: 1 });
    const leader = () => served.find(({ node }) => node.describe().role === "leader");
    const first = leader() as Served;
    expect(client.leaderEndpoint?.port).toBe(first.port);
    await first.node.transferLeadership();
    expect(await client.propose({ add: 2, to: "a" })).toMatchObject({ outcome: "ok", value: 3 });
    expect(client.leaderEndpoint?.port).not.toBe(first.port);
    const second = served.find(({ port }) => port === client.leaderEndpoint?.port) as Served;
    await second.node.stop();
    expect(await client.propose({ add: 3, to: "a" })).toMatchObject({ outcome: "ok", value: 6 });
  });

  it("Q01 Q08 reads see what was acknowledged, on every node, with whatever consistency can show it", async () => {
    const served = await serve({ ids: ["n1", "n2", "n3"] });
    const client = clientOf(served);
    await client.propose({ add: 5, to: "a" });
    for (const node of ["n1", "n2", "n3"])
      for (const consistency of ["linearizable", { atLeast: client.readToken }] as const)
        expect(await client.read("a", { from: { node }, consistency })).toMatchObject({ outcome: "ok", value: 5 });
    expect(await client.read("a", { consistency: "lease" })).toMatchObject({ outcome: "ok", value: 5 });
    expect(client.readToken).not.toBe(0);
  });

  it("F05 a command of a format that not every node knows is refused at the door, in a session or not, until the gate", async () => {
    const codec: TallyCodec = {
      ...tallyCodec,
      encodeCommand: (command, openFormat = 2) => {
        if (command.add > 100 && openFormat < 2) throw new Error("more than 100 is said in format 2");
        return tallyCodec.encodeCommand(command);
      },
    };
    for (const isWrapped of [true, false]) {
      const mixed = await serve({ ids: ["n1", "n2"], formats: { n1: 2, n2: 1 }, codec, isWrapped });
      const refused = {
        outcome: "refused",
        error: { code: "BadCommand", message: expect.stringContaining("in format 2") },
      };
      expect(await clientOf(mixed).propose({ add: 101, to: "a" })).toMatchObject(refused);
      expect(await clientOf(mixed).propose({ add: 100, to: "a" })).toMatchObject({ outcome: "ok", value: 100 });
      const upgraded = await one({ formats: { n1: 2 }, codec, isWrapped });
      await expect.poll(() => upgraded.node.openFormat).toBe(isWrapped ? 131_074 : 2);
      expect(await clientOf([upgraded]).propose({ add: 101, to: "a" })).toMatchObject({ outcome: "ok", value: 101 });
    }
  });

  it("F01 what the state machine rejects ends ok, as the codec tells it", async () => {
    const { outcome, ...rest } = await clientOf([await one()]).propose({ add: 1_001, to: "a" });
    expect([outcome, rest]).toMatchObject(["ok", { value: new Rejected("TooMuch", "1001 is too much") }]);
  });

  it("O01 operators are answered, and see who leads", async () => {
    const admin = new ClusterAdmin({ endpoints: endpointsOf([await one()]) });
    closing.push(() => admin.close());
    expect(await admin.getPeers()).toMatchObject({ outcome: "ok", value: { leader: "n1" } });
    expect(await admin.getGroups()).toMatchObject({ outcome: "ok", value: [{ group: "tally", leader: "n1" }] });
  });
});

describe("sessions", () => {
  const nonce = new Uint8Array(16).fill(7);
  const command = tallyCodec.encodeCommand({ add: 1, to: "a" });

  it("C03 around the state machine, a number that comes twice is done once and answered alike", async () => {
    const { port, tally } = await one();
    const { session } = readSessionOpened((await oneRequest(port, RequestKind.openSession, nonce)).bytes);
    const bytes = layOutInSession(session, 1, 1, command);
    const answers = [
      await oneRequest(port, RequestKind.sessionCommand, bytes),
      await oneRequest(port, RequestKind.sessionCommand, bytes),
    ];
    expect(answers.map(({ kind, bytes: said }) => [kind, tallyCodec.decodeResult(said)])).toEqual([
      [AnswerKind.ok, 1],
      [AnswerKind.ok, 1],
    ]);
    expect(tally.applied).toBe(1);
  });

  it.each([
    ["around it", 7, true, 131_079],
    ["not around it", 7, false, 7],
    ["not around it, and a format like a date", 20_261_121, false, 20_261_121],
  ])(
    "C03 F05 a state machine with sessions %s is told from others by its format",
    async (_title, own, isWrapped, told) => {
      const { node, port } = await one({ formatVersion: own, isWrapped });
      expect(node.describe().formatVersion).toBe(told);
      const { kind, bytes } = await oneRequest(port, RequestKind.openSession, nonce);
      expect(kind).toBe(isWrapped ? AnswerKind.ok : AnswerKind.refused);
      expect(new TextDecoder().decode(bytes).includes("this service has no sessions")).toBe(!isWrapped);
    },
  );

  it("C03 C05 without them clients are told so, and what says it is in one is refused before the log", async () => {
    const { node, port, tally } = await one({ isWrapped: false });
    const before = node.describe().last.index;
    const bytes = layOutInSession(1, 1, 1, command);
    for (const answer of [
      await oneRequest(port, RequestKind.openSession, nonce),
      await oneRequest(port, RequestKind.sessionCommand, bytes),
    ]) {
      expect([answer.kind, errorOf(answer)]).toEqual([AnswerKind.refused, "BadCommand"]);
      expect(new TextDecoder().decode(answer.bytes)).toContain("this service has no sessions");
    }
    expect(node.describe().last.index).toBe(before);
    expect(await clientOf([{ node, port, tally }]).propose({ add: 4, to: "a" })).toMatchObject({ value: 4 });
    expect(tally.applied).toBe(1);
  });
});

describe("bad input", () => {
  it.each([
    ["that the codec cannot read", Uint8Array.of(1, 2, 3), /knows no such command \(two words were expected\)/],
    ["that does not fit", new TextEncoder().encode("much a"), /NaN is no whole number/],
  ])("F03 a command %s is refused before the log, in a session as well", async (_title, bytes, reason) => {
    const { node, port } = await one();
    const before = node.describe().last.index;
    for (const [kind, said] of [
      [RequestKind.command, bytes],
      [RequestKind.sessionCommand, layOutInSession(1, 1, 1, bytes)],
    ] as const) {
      const answer = await oneRequest(port, kind, said);
      expect([answer.kind, errorOf(answer)]).toEqual([AnswerKind.refused, "BadCommand"]);
      expect(new TextDecoder().decode(answer.bytes)).toMatch(reason);
    }
    expect(node.describe().last.index).toBe(before);
  });

  it("C02 F03 a client of another service is refused, and told which codec to use", async () => {
    const served = await one();
    const kv = new HexraftClient({ endpoints: endpointsOf([served]) });
    closing.push(() => kv.close());
    await expect(kv.put("k", "v")).rejects.toMatchObject({
      code: "BadCommand",
      outcome: "refused",
      message: expect.stringContaining("Use a client with the codec of this service"),
    });
    expect(served.tally.applied).toBe(0);
    const named = clientOf([served], { group: "main" });
    const message = expect.stringContaining('there is no group "main" here (there are tally)');
    expect(await named.read("a")).toMatchObject({ outcome: "refused", error: { code: "BadOption", message } });
  });

  it("C02 a result that cannot be told is unknown, an answer refused, and the connection goes on", async () => {
    let isBroken = true;
    const fail = (): never => {
      throw new Error("out of ink");
    };
    const broken: TallyCodec = {
      ...tallyCodec,
      encodeResult: (result) => (isBroken ? fail() : tallyCodec.encodeResult(result)),
      encodeAnswer: (answer) => (isBroken ? fail() : tallyCodec.encodeAnswer(answer)),
    };
    const client = clientOf([await one({ codec: broken, isWrapped: false })]);
    const code = "BadMessage";
    const message = expect.stringContaining("out of ink");
    expect(await client.propose({ add: 1, to: "a" })).toMatchObject({ outcome: "unknown", error: { code, message } });
    expect(await client.read("a")).toMatchObject({ outcome: "refused", error: { code, message } });
    isBroken = false;
    expect(await client.propose({ add: 1, to: "a" })).toMatchObject({ value: 2 });
    expect(client.inFlight).toBe(0);
  });

  it.each([
    ["no bytes", "5" as unknown as Uint8Array, /it is no Uint8Array/],
    ["more bytes than a client takes", new Uint8Array(64 * 1024 * 1024 + 1), /67108864 are the most/],
  ])("R10 an answer of %s is refused with the reason", async (_title, made, reason) => {
    const client = clientOf([await one({ codec: { ...tallyCodec, encodeAnswer: () => made } })]);
    expect(await client.read("a")).toMatchObject({ error: { message: expect.stringMatching(reason) } });
  });

  it.each([
    ["an option that it does not know", { port: 7 }, /port is 7, but it is not an option of a client door/],
    ["no address", { listen: "nowhere" }, /listen is "nowhere"/],
    ["a bound out of its range", { doors: { connectionsMax: 0 } }, /doors.connectionsMax/],
    ["a network without saying who may come in", { listen: "0.0.0.0:0" }, /unless access says who may come in/],
    ["a network without encryption", { listen: "0.0.0.0:0", openDoors: true }, /unless doorTls encrypts/],
    ["no time", { electionTimeoutMs: 0 }, /electionTimeoutMs is 0/],
  ])("O05 it does not open with %s", async (_title, wrong, reason) => {
    const { node } = await one();
    const opened = openClientDoor(node, tallyCodec, { listen: 0, ...wrong });
    await expect(opened).rejects.toMatchObject({ code: "BadOption", message: expect.stringMatching(reason) });
  });

  it("O05 it does not open with a codec that knows no queries, nor in front of a node that was not started", async () => {
    const { node } = await one();
    const queries = {
      encodeQuery: undefined,
      decodeQuery: undefined,
      encodeAnswer: undefined,
      decodeAnswer: undefined,
    };
    const half = { ...tallyCodec, ...queries } as unknown as TallyCodec;
    await expect(openClientDoor(node, half, { listen: 0 })).rejects.toMatchObject({
      code: "BadOption",
      message: expect.stringContaining("lacks decodeQuery, encodeAnswer"),
    });
    const fresh = await createNode<TallyCommand, TallyResult, string, number>({ nodeId: "n9" }, [
      nodeRuntime(),
      memoryStorage(new MemoryDisk()),
      new MemoryNetwork().transport({ address: "n9" }),
      tallyModule(new Tally()),
    ]);
    closing.push(() => fresh.stop());
    await expect(openClientDoor(fresh, tallyCodec, { listen: 0 })).rejects.toMatchObject({ code: "NotStarted" });
  });
});

it("T03 asks who its clients are and encrypts, as the doors of hexraft serve do", async () => {
  const root = mkdtempSync(join(tmpdir(), "hexraft-own-door-"));
  closing.push(() => rmSync(root, { recursive: true }));
  await (await Authority.openOrFound(root)).certify("n1", 30, ["localhost", "127.0.0.1"]);
  const access = join(root, "access.json");
  writeFileSync(access, JSON.stringify({ users: {}, anonymous: "read" }));
  const doorTls = { certificateFile: join(root, "n1.crt"), keyFile: join(root, "n1.key") };
  const served = await one({ door: { access, doorTls } });
  const client = clientOf([served], { tls: { caFile: join(root, "ca.crt") } });
  expect(await client.read("a")).toMatchObject({ outcome: "ok", value: 0 });
  expect(await client.propose({ add: 1, to: "a" })).toMatchObject({ error: { code: "AccessDenied" } });
  expect(await clientOf([served], { deadlineMs: 100 }).read("a")).toMatchObject({ outcome: "refused" });
});
