import { HexraftClient } from "@hexraft/client";
import { answer } from "../lib/child.js";
import { closedLoop, randomKey, WARM_UP_MS } from "../lib/closed-loop.js";
import type { Sample } from "../lib/rounds.js";
import { serveCluster, untilServed } from "../lib/served-cluster.js";

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

const cluster = await serveCluster("durable");
let result: Sample | undefined;
try {
  const { endpoints } = cluster;
  const clients = Array.from({ length: connections }, () => new HexraftClient({ endpoints, sessions: false }));
  const value = new Uint8Array(valueBytes).fill(7);
  for (const client of clients) await untilServed(client);
  result = await closedLoop(callers, WARM_UP_MS, milliseconds, async (caller) => {
    await (clients[caller % connections] as HexraftClient).put(randomKey(), value);
  });
  for (const client of clients) client.close();
} finally {
  await cluster.stop();
}
if (result !== undefined) answer(result);
