import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Endpoint, HexraftClient } from "@hexraft/client";
import { put } from "@hexraft/statemachine-kv";

/** How to start the processes, beyond what every benchmark wants. */
export interface ServedOptions {
  /** Arguments of node itself. */
  readonly nodeArguments?: readonly string[];
  /** Further flags of `hexraft serve`. */
  readonly serveFlags?: readonly string[];
  /** Called with what a process sends over its channel; without it there is none. */
  readonly onMessage?: (node: number, message: unknown) => void;
}

/** Three `hexraft serve` processes with real files, on loopback. */
export interface ServedCluster {
  /** The client doors. */
  readonly endpoints: readonly Endpoint[];
  /** Ends the processes and removes their files. */
  stop(): Promise<void>;
}

const main = fileURLToPath(new URL("../../../server/dist/main.js", import.meta.url));
const ids = ["n1", "n2", "n3"];

/** Starts them; they serve once they have elected a leader, see {@link untilServed}. */
export async function serveCluster(name: string, options: ServedOptions = {}): Promise<ServedCluster> {
  const { nodeArguments = [], serveFlags = [], onMessage } = options;
  const directory = mkdtempSync(join(tmpdir(), `hexraft-${name}-`));
  const peers = await Promise.all(ids.map(freePort));
  const doors = await Promise.all(ids.map(freePort));
  const bootstrap = ids.map((id, i) => `${id}=127.0.0.1:${peers[i]}`).join(",");
  const children: ChildProcess[] = [];
  for (const [i, id] of ids.entries()) {
    const flags = ["--node-id", id, "--data-directory", join(directory, id), "--log", "silent"];
    const ports = ["--listen", `127.0.0.1:${peers[i]}`, "--client", `127.0.0.1:${doors[i]}`, "--bootstrap", bootstrap];
    const child = spawn(process.execPath, [...nodeArguments, main, "serve", ...flags, ...ports, ...serveFlags], {
      stdio: ["ignore", "ignore", "inherit", onMessage === undefined ? "ignore" : "ipc"],
    });
    if (onMessage !== undefined) child.on("message", (message) => onMessage(i, message));
    children.push(child);
  }
  return {
    endpoints: doors.map((port) => ({ host: "127.0.0.1", port })),
    async stop() {
      for (const child of children) child.kill("SIGTERM");
      await Promise.all(children.filter((child) => child.exitCode === null).map((child) => once(child, "exit")));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** An election takes a moment; the client looks for the leader by itself. */
export async function untilServed(client: HexraftClient): Promise<void> {
  for (const end = performance.now() + 20_000; ; ) {
    const answered = await client.propose(put("ready", "yes"));
    if (answered.outcome === "ok") return;
    if (performance.now() > end) throw answered.error;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
