import assert from "node:assert/strict";
import { ServiceClient } from "@hexraft/client";
import { createNode, type Node } from "@hexraft/core";
import { Codec, Rejected, StateMachine } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { type OpenClientDoor, openClientDoor } from "@hexraft/server";
import { sessions } from "@hexraft/sessions";
import { MemoryDisk, memoryStorage } from "@hexraft/testing";
import { tcpTransport } from "@hexraft/transport-tcp";
import { ContainerModule } from "inversify";
import { Ledger } from "./ledger.js";
import { type LedgerCommand, type LedgerQuery, type LedgerResult, ledgerCodec } from "./ledger-codec.js";

// A service of one's own behind client doors: three nodes, here in one process, and a client that is typed by the same codec.
type LedgerNode = Node<LedgerCommand, LedgerResult, LedgerQuery, number>;

async function start(nodeId: string): Promise<{ readonly node: LedgerNode; readonly door: OpenClientDoor }> {
  const ledger = new ContainerModule(({ bind }) => {
    bind(Codec).toConstantValue(ledgerCodec);
    bind(StateMachine).toConstantValue(new Ledger());
  });
  const node = await createNode<LedgerCommand, LedgerResult, LedgerQuery, number>(
    { nodeId, groupId: "ledger", electionTimeoutMs: 1_000 },
    [
      nodeRuntime(),
      memoryStorage(new MemoryDisk()), // in production: fileStorage({ directory })
      tcpTransport({ host: "127.0.0.1", port: 0 }),
      sessions(ledger), // commands that are sent twice are done once
    ],
  );
  await node.start();
  return { node, door: await openClientDoor(node, ledgerCodec, { listen: 0 }) };
}

const all = await Promise.all(["n1", "n2", "n3"].map(start));
const voters = all.map(({ node }) => ({ id: node.id, address: node.describe().address }));
await all[0]?.node.bootstrap({ voters });

const endpoints = all.map(({ door }) => ({ host: "127.0.0.1", port: Number(door.address.split(":")[1]) }));
const client = new ServiceClient(ledgerCodec, { endpoints, group: "ledger", deadlineMs: 10_000 });

const deposited = await client.propose({ type: "deposit", to: "ada", amount: 100 });
assert(deposited.outcome === "ok" && !(deposited.value instanceof Rejected));
console.log("ada has", deposited.value.balance);

// Transfers are under way while their leader hands over, and while the next one goes without a word to its clients.
const transfers = Array.from({ length: 40 }, async (_, i) => {
  await new Promise((resolve) => setTimeout(resolve, i * 10));
  return client.propose({ type: "transfer", from: "ada", to: "bob", amount: 1 });
});
await new Promise((resolve) => setTimeout(resolve, 100));
const first = await leader();
await first.node.transferLeadership();
await new Promise((resolve) => setTimeout(resolve, 150));
const gone = await leader();
await gone.door.close();
await gone.node.stop();
const answers = await Promise.all(transfers);
assert(answers.every(({ outcome }) => outcome === "ok"));
console.log(`${answers.length} transfers were done once each, past ${first.node.id} and ${gone.node.id}`);

const sumOf = async (query: LedgerQuery) => {
  const answered = await client.read(query, { from: "any", consistency: { atLeast: client.readToken } });
  assert(answered.outcome === "ok");
  return answered.value;
};
assert.deepEqual([await sumOf({ account: "ada" }), await sumOf({ account: "bob" }), await sumOf({})], [60, 40, 100]);
const rejected = await client.propose({ type: "transfer", from: "bob", to: "ada", amount: 41 });
assert(rejected.outcome === "ok" && rejected.value instanceof Rejected);
console.log("rejected:", rejected.value.reason);

client.close();
for (const { node, door } of all) {
  await door.close();
  await node.stop();
}

/** Whoever leads, once somebody does. */
async function leader(): Promise<(typeof all)[number]> {
  for (;;) {
    const found = all.find(({ node }) => node.describe().role === "leader");
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
