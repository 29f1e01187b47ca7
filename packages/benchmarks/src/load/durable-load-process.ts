import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HexraftClient } from "@hexraft/client";
import { put } from "@hexraft/statemachine-kv";
import { answer } from "../lib/child.js";
import { closedLoop, randomKey } from "../lib/closed-loop.js";
import type { Sample } from "../lib/rounds.js";

/*
 * Drives three `hexraft serve` processes with real files through HexraftClient. Arguments: callers, connections,
 * milliseconds, value bytes.
 */
const [callers, connections, milliseconds, valueBytes] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
];
const directory = mkdtempSync(join(tmpdir(), "hexraft-durable-"));
const main = fileURLToPath(new URL("../../../server/dist/main.js", import.meta.url));
const children: ChildProcess[] = [];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

async function cluster(): Promise<number[]> {
  const ids = ["n1", "n2", "n3"];
  const peers = await Promise.all(ids.map(freePort));
  const doors = await Promise.all(ids.map(freePort));
  const bootstrap = ids.map((id, i) => `${id}=127.0.0.1:${peers[i]}`).join(",");
  for (const [i, id] of ids.entries()) {
    const flags = [
      "--node-id",
      id,
      "--data-directory",
      join(directory, id),
      "--log",
      "silent",
      "--bootstrap",
      bootstrap,
    ];
    const ports = ["--listen", `127.0.0.1:${peers[i]}`, "--client", `127.0.0.1:${doors[i]}`];
    children.push(
      spawn(process.execPath, [main, "serve", ...flags, ...ports], { stdio: ["ignore", "ignore", "inherit"] }),
    );
  }
  return doors;
}

/** An election takes a moment; the client looks for the leader by itself. */
async function untilServed(client: HexraftClient): Promise<void> {
  for (const end = performance.now() + 20_000; ; ) {
    const answered = await client.propose(put("ready", "yes"));
    if (answered.outcome === "ok") return;
    if (performance.now() > end) throw answered.error;
  }
}

let result: Sample | undefined;
try {
  const endpoints = (await cluster()).map((port) => ({ host: "127.0.0.1", port }));
  const clients = Array.from({ length: connections }, () => new HexraftClient({ endpoints }));
  const value = new Uint8Array(valueBytes).fill(7);
  for (const client of clients) await untilServed(client);
  const sample = await closedLoop(callers, 1_000, milliseconds, async (caller) => {
    await (clients[caller % connections] as HexraftClient).put(randomKey(), value);
  });
  for (const client of clients) client.close();
  result = sample;
} finally {
  for (const child of children) child.kill("SIGTERM");
  await Promise.all(children.filter((child) => child.exitCode === null).map((child) => once(child, "exit")));
  rmSync(directory, { recursive: true, force: true });
}
if (result !== undefined) answer(result);
