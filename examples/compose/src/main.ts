import { createNode } from "@hexraft/core";
import { nodeRuntime } from "@hexraft/runtime-node";
import {
  get,
  type KvAnswer,
  type KvCommand,
  type KvQuery,
  type KvResult,
  kvStateMachine,
  put,
} from "@hexraft/statemachine-kv";
import { MemoryDisk, MemoryNetwork, memoryStorage } from "@hexraft/testing";

const network = new MemoryNetwork();

async function start(id: string) {
  // Each line is one adapter. In production, swap two of them and nothing else:
  //   fileStorage({ directory: `./data/${id}` })        from @hexraft/storage-file
  //   tcpTransport({ host: "127.0.0.1", port: 7001 })   from @hexraft/transport-tcp
  const node = await createNode<KvCommand, KvResult, KvQuery, KvAnswer>({ nodeId: id }, [
    nodeRuntime(),
    memoryStorage(new MemoryDisk()),
    network.transport({ address: id }),
    kvStateMachine(),
  ]);
  await node.start();
  return node;
}

const [n1, n2, n3] = [await start("n1"), await start("n2"), await start("n3")];
await n1.bootstrap({ voters: [n1, n2, n3].map(({ id }) => ({ id, address: id })) });
while (n2.describe().leader === null) await new Promise((resolve) => setTimeout(resolve, 10));

await n2.apply(put("greeting", "hello"), { forward: true }); // any node passes it on to the leader
console.log(await n3.read(get("greeting"))); // linearizable, on any node
for (const node of [n1, n2, n3]) await node.stop();
