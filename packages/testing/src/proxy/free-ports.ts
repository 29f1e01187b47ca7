import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Below what Linux, macOS and Windows give to outgoing connections by default, above what services are known by. */
const PORTS = { from: 20_000, below: 32_000 } as const;
/** So many neighbouring ports are one process's at a time: its own is the lane at whose first port it listens. */
const LANE_PORTS = 100;
/** Lanes tried for one that is free. */
const TRIES_MAX = 1_000;

/** What is left of this process's lane. */
const lane = { next: 0, below: 0 };
let asked: Promise<unknown> = Promise.resolve();

/**
 * Ports that nobody listens at. No outgoing connection takes one of them, no other process that asks here is given one, and this
 * process is given none twice: a process that is killed and started again finds the port free that others were told of, which one of
 * the host's own choice (port 0) need not be.
 *
 * @param count - how many, all different.
 * @throws Error if there are not so many.
 */
export function freePorts(count: number): Promise<number[]> {
  const found = asked.then(() => search(count));
  asked = found.catch(() => {});
  return found;
}

async function search(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    if (lane.next === lane.below) await takeLane();
    const port = lane.next++;
    const server = await listening(port);
    if (server === undefined) continue; // somebody who does not ask here
    await once(server.close(), "close");
    ports.push(port);
  }
  return ports;
}

/** Listens at the first port of a lane as long as this process lives, and keeps it from ending no longer. */
async function takeLane(): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const first = PORTS.from + LANE_PORTS * randomInt((PORTS.below - PORTS.from) / LANE_PORTS);
    const sign = await listening(first);
    if (sign === undefined) continue;
    sign.unref();
    lane.next = first + 1;
    lane.below = first + LANE_PORTS;
    return;
  }
  throw new Error(`no free port after ${TRIES_MAX} tries from ${PORTS.from} on`);
}

async function listening(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    return server;
  } catch {
    return undefined;
  }
}
