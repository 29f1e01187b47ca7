import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Below what Linux, macOS and Windows give to outgoing connections by default, above what services are known by. */
const PORTS = { from: 20_000, below: 32_000 } as const;
/** Ports tried for one that is free. */
const TRIES_MAX = 1_000;

/**
 * Ports that nobody listens at. No outgoing connection takes one of them, either: a process that is killed and started again finds the
 * port free that others were told of, which one of the host's own choice (port 0) need not be.
 *
 * @param count - how many, all different.
 * @throws Error if there are not so many.
 */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  for (let tries = 0; held.size < count; tries++) {
    if (tries === TRIES_MAX) throw new Error(`no free port after ${TRIES_MAX} tries from ${PORTS.from} on`);
    const port = randomInt(PORTS.from, PORTS.below);
    if (held.has(port)) continue;
    const server = createServer().listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
      held.set(port, server);
    } catch {
      // Somebody listens there.
    }
  }
  for (const server of held.values()) await once(server.close(), "close");
  return [...held.keys()];
}
