import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ClusterAdmin, HexraftClient, keyRanges, rangeOf, rebalanceLeaders, valueOf } from "@hexraft/client";

// Three processes of `hexraft serve`, and a client that goes to each key's own group. All of them are told the same keys.
const SPLIT_AT = ["g", "n", "t"];

const directory = mkdtempSync(join(tmpdir(), "hexraft-split-"));
const ports = await Promise.all(Array.from({ length: 6 }, freePort));
const ids = ["n1", "n2", "n3"];
const voters = ids.map((id, at) => `${id}=127.0.0.1:${ports[at]}`).join(",");
const endpoints = ports.slice(3).map((port) => ({ host: "127.0.0.1", port }));
const nodes = ids.map((id, at) => serve(id, ports[at] as number, ports[at + 3] as number));
await Promise.all(nodes.map((node) => new Promise((resolve) => node.once("message", resolve))));

/** To each group its own client: it follows that group's leader, and has a session there (C03). */
const ranges = keyRanges(SPLIT_AT);
const clients = new Map(
  ranges.map(({ group }) => [group, new HexraftClient({ endpoints, group, deadlineMs: 20_000 })] as const),
);
const clientOf = (key: string) => clients.get(rangeOf(ranges, key).group) as HexraftClient;

const words = ["apple", "fig", "grape", "kiwi", "nut", "plum", "sloe", "tomato", "yam"];
await Promise.all(words.map((word) => clientOf(word).put(word, `the ${word}`)));
for (const word of words) {
  const value = await clientOf(word).get(word);
  console.log(
    `${word}, in ${rangeOf(ranges, word).group}: ${value === null ? "nothing" : new TextDecoder().decode(value)}`,
  );
}

// What `hexraft admin rebalance` does: whoever leads more groups than others hands some over.
const admins = new Map(ranges.map(({ group }) => [group, new ClusterAdmin({ endpoints, group })] as const));
const { moves } = await rebalanceLeaders(admins);
for (const { group, from, to, answered } of moves) console.log(`${group}: from ${from} to ${to}: ${answered.outcome}`);
const anyone = new ClusterAdmin({ endpoints });
for (const { group, leader } of valueOf(await anyone.getGroups()))
  console.log(`${group} is led by ${leader ?? "nobody as yet"}`);

for (const each of [...clients.values(), ...admins.values(), anyone]) each.close();
for (const node of nodes) node.kill("SIGTERM");
await Promise.all(nodes.map((node) => new Promise((resolve) => node.once("exit", resolve))));
rmSync(directory, { recursive: true });

function serve(id: string, peerPort: number, clientPort: number): ChildProcess {
  const where = ["--node-id", id, "--data-directory", join(directory, id), "--bootstrap", voters];
  const doors = ["--listen", `${peerPort}`, "--client", `${clientPort}`];
  const how = ["--split-at", SPLIT_AT.join(","), "--election-timeout", "1000", "--log", "silent"];
  return fork(fileURLToPath(new URL("./serve-process.js", import.meta.url)), ["serve", ...where, ...doors, ...how]);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
