import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { answer } from "../lib/child.js";
import { closedLoop, randomKey, WARM_UP_MS } from "../lib/closed-loop.js";
import { endsWithUs, temporaryDirectory } from "../lib/leavings.js";
import type { Sample } from "../lib/rounds.js";
import { frame, frames } from "./frames.js";

/* Drives the durable limit. Arguments: callers, connections, milliseconds, value bytes. */
const [callers, connections, milliseconds, valueBytes] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
];
const directory = temporaryDirectory("ceiling");
const children: ChildProcess[] = [];

async function start(role: string, ...ports: number[]): Promise<number> {
  const program = fileURLToPath(new URL("./durable-ceiling-node-process.js", import.meta.url));
  const place = join(directory.path, String(children.length));
  const child = fork(program, [role, place, ...ports.map(String)], { execArgv: [] });
  endsWithUs(child, "SIGKILL");
  children.push(child);
  const [port] = (await once(child, "message")) as [number];
  return port;
}

/** One pipelined connection; frames of a turn leave together. */
function client(port: number): (key: string, value: Uint8Array) => Promise<void> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const waiting = new Map<number, () => void>();
  let id = 0;
  let pending: Buffer[] = [];
  frames(socket, (message) => {
    for (const each of message as number[]) {
      waiting.get(each)?.();
      waiting.delete(each);
    }
  });
  return (key, value) =>
    new Promise((resolve) => {
      waiting.set(++id, resolve);
      if (pending.length === 0)
        queueMicrotask(() => {
          socket.write(Buffer.concat(pending));
          pending = [];
        });
      pending.push(frame([id, key, value]));
    });
}

let result: Sample | undefined;
try {
  const followers = [await start("follower"), await start("follower")];
  const port = await start("leader", ...followers);
  const clients = Array.from({ length: connections }, () => client(port));
  const value = new Uint8Array(valueBytes).fill(7);
  const sample = await closedLoop(callers, WARM_UP_MS, milliseconds, (caller) =>
    (clients[caller % connections] as (typeof clients)[0])(randomKey(), value),
  );
  result = sample;
} finally {
  for (const child of children) child.disconnect();
  await Promise.all(children.filter((child) => child.exitCode === null).map((child) => once(child, "exit")));
  directory.remove();
}
if (result !== undefined) answer(result);
