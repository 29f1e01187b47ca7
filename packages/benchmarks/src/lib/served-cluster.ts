import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Endpoint, HexraftClient } from "@hexraft/client";
import { put } from "@hexraft/statemachine-kv";
import { freePorts } from "@hexraft/testing/proxy";
import { endsWithUs, temporaryDirectory } from "./leavings.js";

/** How to start the processes, beyond what every benchmark wants. */
export interface ServedOptions {
  /** Arguments of node itself. */
  readonly nodeArguments?: readonly string[];
  /** Further flags of `hexraft serve`. */
  readonly serveFlags?: readonly string[];
  /** Called with what a process sends over its channel. */
  readonly onMessage?: (node: number, message: unknown) => void;
}

/** Three `hexraft serve` processes with real files, on loopback. */
export interface ServedCluster {
  /** The client doors. */
  readonly endpoints: readonly Endpoint[];
  /** Where its files are. */
  readonly directory: string;
  /** Starts a node again that was killed, with the ports and files it had. */
  start(node: number): void;
  /** Ends a node's process where it stands. */
  kill(node: number): Promise<void>;
  /** Ends the processes and removes their files. */
  stop(): Promise<void>;
}

const main = fileURLToPath(new URL("../../../server/dist/main.js", import.meta.url));
const ids = ["n1", "n2", "n3"];

/** Starts them; they serve once they have elected a leader, see {@link untilServed}. */
export async function serveCluster(name: string, options: ServedOptions = {}): Promise<ServedCluster> {
  const { nodeArguments = [], serveFlags = [], onMessage } = options;
  const directory = temporaryDirectory(name);
  const [peers, doors] = [await freePorts(ids.length), await freePorts(ids.length)];
  const bootstrap = ids.map((id, i) => `${id}=127.0.0.1:${peers[i]}`).join(",");
  const children: ChildProcess[] = [];
  const start = (i: number): void => {
    const place = ["--node-id", ids[i] as string, "--data-directory", join(directory.path, ids[i] as string)];
    const flags = [...place, "--log", "silent", "--listen", `127.0.0.1:${peers[i]}`, "--bootstrap", bootstrap];
    const command = ["serve", ...flags, "--client", `127.0.0.1:${doors[i]}`, ...serveFlags];
    // By the channel it notices that we are gone, also where nobody had the time to end it.
    const stdio = ["ignore", "ignore", "inherit", "ipc"] as const;
    const child = spawn(process.execPath, [...nodeArguments, main, ...command], { stdio: [...stdio] });
    endsWithUs(child, "SIGKILL");
    child.on("message", (message) => onMessage?.(i, message));
    children[i] = child;
  };
  const end = async (child: ChildProcess | undefined, signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  };
  for (const i of ids.keys()) start(i);
  return {
    endpoints: doors.map((port) => ({ host: "127.0.0.1", port })),
    directory: directory.path,
    start,
    kill: (node) => end(children[node], "SIGKILL"),
    async stop() {
      await Promise.all(children.map((child) => end(child, "SIGTERM")));
      directory.remove();
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
