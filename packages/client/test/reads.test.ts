import { get, KvCodec, put } from "@hexraft/statemachine-kv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ClientOptions, HexraftClient, RequestKind, readRequestOf } from "../src/index.js";
import { laterToken } from "../src/read-token.js";
import { FakeNode, PATIENT, type Received } from "./support/fake-node.js";

const codec = new KvCodec();
const PUT_DONE = codec.encodeResult({ type: "put", done: true });
const VALUE = codec.encodeAnswer({ type: "get", value: Uint8Array.of(7) });
const LOG = `${"c".repeat(32)}/main/0`;

let nodes: FakeNode[];
const clients: HexraftClient[] = [];

function client(options: Partial<ClientOptions> = {}): HexraftClient {
  const endpoints = nodes.map(({ port }) => ({ host: "127.0.0.1", port }));
  const made = new HexraftClient({
    endpoints,
    sessions: false,
    backoffMs: 1,
    backoffMaxMs: 20,
    ...PATIENT,
    ...options,
  });
  clients.push(made);
  return made;
}

const nodeOf = (id: string) => nodes.find(({ nodeId }) => nodeId === id) as FakeNode;
/** How many reads each node got. */
const reads = () => nodes.map(({ received }) => received.filter(({ kind }) => kind !== RequestKind.command).length);

beforeEach(async () => {
  nodes = await Promise.all(["n1", "n2", "n3"].map((id) => new FakeNode(id).start()));
  for (const node of nodes) {
    node.leader = "n1";
    node.onRequest = (request: Received) => {
      if (request.kind !== RequestKind.command) request.ok(VALUE);
      else if (node.nodeId === "n1") request.ok(PUT_DONE);
      else request.refuse("NotLeader", "n1");
    };
  }
});
afterEach(async () => {
  for (const made of clients.splice(0)) made.close();
  await Promise.all(nodes.map((node) => node.stop()));
});

describe("where a read goes", () => {
  it("Q04 Q08 to the leader unless something else is said; to the node named; and commands stay with the leader", async () => {
    const hexraft = client();
    await hexraft.get("k");
    expect(reads()).toEqual([1, 0, 0]);
    await hexraft.get("k", { from: { node: "n3" } });
    await hexraft.get("k", { from: { node: "n3" }, consistency: "local" });
    await hexraft.get("k", { from: { node: "n2" }, consistency: "lease" });
    expect(reads()).toEqual([1, 1, 2]);
    await hexraft.put("k", "v");
    expect(nodeOf("n1").received.at(-1)?.kind).toBe(RequestKind.command);
    expect(hexraft.leaderEndpoint?.port).toBe(nodeOf("n1").port);
  });

  it("Q04 C05 to any node: the same one as long as it answers, then another", async () => {
    const hexraft = client();
    for (let i = 0; i < 5; i++) await hexraft.get("k", { from: "any" });
    expect(reads().toSorted((a, b) => a - b)).toEqual([0, 0, 5]);
    const asked = nodes[reads().indexOf(5)] as FakeNode;
    await asked.stop();
    expect(await hexraft.get("k", { from: "any" })).toEqual(Uint8Array.of(7));
    expect(reads().reduce((sum, count) => sum + count)).toBe(6);
  });

  it("Q07 C05 any node that cannot answer now is left for another; the one that was named is not", async () => {
    const [, ...rest] = nodes;
    for (const node of nodes) node.onRequest = (request) => request.refuse("ReadTimeout");
    (rest[0] as FakeNode).onRequest = (request) => request.ok(VALUE);
    const hexraft = client();
    expect(await hexraft.get("k", { from: "any" })).toEqual(Uint8Array.of(7));
    const named = await hexraft.read(get("k"), { from: { node: "n3" }, deadlineMs: 100 });
    expect(named).toMatchObject({ outcome: "refused", error: { code: "DeadlineExceeded" } });
    nodeOf("n3").onRequest = (request) => request.refuse("NotLeader");
    expect(await hexraft.read(get("k"), { from: { node: "n3" } })).toMatchObject({ error: { code: "NotLeader" } });
    const nobody = await hexraft.read(get("k"), { from: { node: "n9" }, deadlineMs: 2_000 });
    expect(nobody).toMatchObject({ outcome: "refused", error: { message: expect.stringContaining("is not n9") } });
  });

  it("Q08 O05 what is no place to read from is refused, and so are more names than a cluster has nodes", async () => {
    const hexraft = client({ deadlineMs: 50 });
    for (const from of ["n2", null, {}, { node: "*" }, { node: "a b" }])
      expect(await hexraft.read(get("k"), { from: from as "any" })).toMatchObject({
        outcome: "refused",
        error: { code: "BadOption", message: expect.stringContaining("option from is") },
      });
    const many = client({ deadlineMs: 1 });
    const all = await Promise.all(
      Array.from({ length: 257 }, (_, i) => many.read(get("k"), { from: { node: `x${i}` } })),
    );
    expect(all.at(-1)).toMatchObject({ outcome: "refused", error: { code: "Overloaded" } });
  });

  it("Q08 C05 reads elsewhere count as under way, and end with the client", async () => {
    for (const node of nodes) node.onRequest = () => {};
    const hexraft = client();
    const open = [hexraft.read(get("k")), hexraft.read(get("k"), { from: "any" })];
    await expect.poll(() => reads().reduce((sum, count) => sum + count)).toBe(2);
    expect(hexraft.inFlight).toBe(2);
    hexraft.close();
    for (const answered of await Promise.all(open)) expect(answered).toMatchObject({ error: { code: "Stopped" } });
    expect(await hexraft.read(get("k"), { from: "any" })).toMatchObject({ error: { code: "Stopped" } });
  });
});

describe("read tokens", () => {
  it("Q08 every answer brings one that covers it; the client's covers all of them, and goes along to any node", async () => {
    const hexraft = client();
    expect(hexraft.readToken).toBe(0);
    nodeOf("n1").token = `${LOG}/9`;
    expect(await hexraft.propose(put("k", "v"))).toEqual({
      outcome: "ok",
      value: { type: "put", done: true },
      token: `${LOG}/9`,
    });
    nodeOf("n2").token = `${LOG}/8`;
    const behind = await hexraft.read(get("k"), { from: { node: "n2" }, consistency: "local" });
    expect(behind).toMatchObject({ outcome: "ok", token: `${LOG}/8` });
    expect(hexraft.readToken).toBe(`${LOG}/9`);
    await hexraft.get("k", { from: { node: "n2" }, consistency: { atLeast: hexraft.readToken } });
    const { kind = -1, bytes = new Uint8Array() } = nodeOf("n2").received.at(-1) ?? {};
    expect(readRequestOf(kind, bytes)?.consistency).toEqual({ atLeast: `${LOG}/9` });
    nodeOf("n1").token = `${LOG}/10`;
    await hexraft.get("k");
    expect(hexraft.readToken).toBe(`${LOG}/10`);
  });

  it("Q08 T09 a node that tells none is understood, and a refusal brings none", async () => {
    const hexraft = client();
    expect(await hexraft.read(get("k"))).toEqual({ outcome: "ok", value: { type: "get", value: Uint8Array.of(7) } });
    expect(hexraft.readToken).toBe(0);
    nodeOf("n1").token = `${LOG}/3`;
    nodeOf("n1").onRequest = (request) => request.refuse("BadCommand");
    await hexraft.read(get("k"));
    expect(hexraft.readToken).toBe(0);
  });

  it("Q08/token M11 of two tokens of one log the higher one counts, in numbers; of two logs the newer one", () => {
    expect(laterToken(`${LOG}/9`, `${LOG}/10`)).toBe(`${LOG}/10`);
    expect(laterToken(`${LOG}/10`, `${LOG}/9`)).toBe(`${LOG}/10`);
    const recovered = `${"c".repeat(32)}/main/1/4`;
    expect(laterToken(`${LOG}/10`, recovered)).toBe(recovered);
  });
});
