import type { HexraftClient } from "@hexraft/client";
import type { DemoCluster } from "./demo-cluster.js";
import type { DemoNode } from "./demo-node.js";

/** What can be typed. */
export const DEMO_COMMANDS = `  put <key> <value>    get <key>    del <key>    incr <key>    load [writes]
  status               who leads, and how far everybody is
  kill <n|leader>      kill -9 one of the processes        restart <n>   start it again over its files
  partition <n|leader> cut it off from the other two       heal          join everything again
  help                 this list                           quit          or Ctrl-C: end everything`;

const LOAD_DEFAULT = 1_000;
const LOAD_MAX = 100_000;

/** Does what was typed. @returns what to show; null to quit. @throws Error with a reason for the person. */
export async function runCommand(line: string, cluster: DemoCluster, client: HexraftClient): Promise<string | null> {
  const [verb = "", first, ...rest] = line.split(/\s+/);
  switch (verb.toLowerCase()) {
    case "":
      return "";
    case "put":
      if (rest.length === 0) throw new Error("usage: put <key> <value>");
      await client.put(named(first, "put <key> <value>"), rest.join(" "));
      return "ok";
    case "get": {
      const value = await client.get(named(first, "get <key>"));
      return value === null ? "(not there)" : Buffer.from(value).toString();
    }
    case "del":
      return (await client.delete(named(first, "del <key>"))) ? "deleted" : "(not there)";
    case "incr":
      return `${await client.increment(named(first, "incr <key>"))}`;
    case "load":
      return load(client, first);
    case "status":
      return status(cluster);
    case "kill": {
      const node = await chosen(cluster, first, "kill <n|leader>");
      if (!node.running) return `${node.id} is not running`;
      const { pid } = node;
      await node.kill();
      return `kill -9 ${pid} (${node.id})`;
    }
    case "restart": {
      const node = await chosen(cluster, first, "restart <n>");
      if (node.running) return `${node.id} is running; kill it first`;
      await node.start();
      return `${node.id} runs again as pid ${node.pid}`;
    }
    case "partition": {
      const node = await chosen(cluster, first, "partition <n|leader>");
      cluster.partition(node);
      return `${node.id} is cut off; clients still reach it`;
    }
    case "heal":
      cluster.heal();
      return "all links are whole";
    case "help":
    case "?":
      return DEMO_COMMANDS;
    case "quit":
    case "exit":
      return null;
    default:
      return `unknown command ${JSON.stringify(verb)}; help lists what there is`;
  }
}

function named(word: string | undefined, usage: string): string {
  if (word === undefined) throw new Error(`usage: ${usage}`);
  return word;
}

async function chosen(cluster: DemoCluster, word: string | undefined, usage: string): Promise<DemoNode> {
  const name = named(word, usage).toLowerCase();
  if (name === "leader") return cluster.leader();
  const node = cluster.nodes.find(({ id }) => id === name || id === `n${name}`);
  if (node === undefined) throw new Error(`there is no node ${JSON.stringify(word)}; usage: ${usage}`);
  return node;
}

async function load(client: HexraftClient, word = `${LOAD_DEFAULT}`): Promise<string> {
  const count = Number(word);
  if (!Number.isInteger(count) || count < 1 || count > LOAD_MAX) throw new Error(`usage: load [1 … ${LOAD_MAX}]`);
  const began = performance.now();
  const ends = await Promise.allSettled(Array.from({ length: count }, (_, i) => client.put(`load-${i}`, `${i}`)));
  const done = ends.filter((end) => end.status === "fulfilled").length;
  const ms = performance.now() - began;
  return `${done} of ${count} writes acknowledged in ${ms.toFixed(0)} ms, ${Math.round((done * 1_000) / ms)} a second`;
}

async function status(cluster: DemoCluster): Promise<string> {
  const said = await cluster.statuses();
  return cluster.nodes
    .map((node) => {
      const answer = said.find((each) => each.node === node)?.status;
      const where = `${node.id}${cluster.isCut(node) ? " (cut off)" : ""}`.padEnd(14);
      if (answer === undefined) return `  ${where} ${node.running ? "does not answer" : "is dead"}`;
      const { role, term, leader, commitIndex, appliedIndex } = answer;
      const who = role === "leader" ? "" : `, leader ${leader ?? "unknown"}`;
      return `  ${where} ${role.padEnd(13)} term ${term}, committed ${commitIndex}, applied ${appliedIndex}${who}`;
    })
    .join("\n");
}
