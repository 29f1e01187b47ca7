import { HexraftClient } from "@hexraft/client";
import type { Consistency } from "@hexraft/core";
import { readFlags } from "./lib/arguments.js";
import { closedLoop, randomKey, WARM_UP_MS } from "./lib/closed-loop.js";
import { announce, report } from "./lib/report.js";
import { inTurn, type Sample } from "./lib/rounds.js";
import { serveCluster, untilServed } from "./lib/served-cluster.js";

/*
 * Reads of every consistency from the leader of three processes over TCP on loopback, through HexraftClient, in alternating
 * rounds on the same cluster. The limit is a read that asks nobody and promises nothing.
 */
const flags = readFlags("read", { rounds: "3", ms: "2000", callers: "1,64,1000" });
const WAYS: Readonly<Record<string, Consistency>> = {
  linearizable: "linearizable",
  lease: "lease",
  maxStalenessMs: { maxStalenessMs: 1_000 },
  atLeast: { atLeast: 1 },
  local: "local",
};
const CONNECTIONS_MAX = 4;

announce(
  "read",
  `3 processes, TCP on loopback, keys that are not there, ${flags.rounds} rounds of ${flags.ms} ms, limit: consistency local`,
);
const cluster = await serveCluster("read");
try {
  const { endpoints } = cluster;
  const clients = Array.from({ length: CONNECTIONS_MAX }, () => new HexraftClient({ endpoints }));
  for (const client of clients) await untilServed(client);
  let warmUpMs = WARM_UP_MS;
  for (const callers of flags.callers.split(",").map(Number)) {
    const connections = Math.min(CONNECTIONS_MAX, callers);
    const sampleOf = (consistency: Consistency) => async (): Promise<Sample> => {
      const sample = await closedLoop(callers, warmUpMs, Number(flags.ms), async (caller) => {
        await (clients[caller % connections] as HexraftClient).get(randomKey(), { consistency });
      });
      // What is hot is compiled by then; later rounds need a moment only.
      warmUpMs = WARM_UP_MS / 10;
      return sample;
    };
    const measure = Object.fromEntries(Object.entries(WAYS).map(([name, way]) => [name, sampleOf(way)]));
    const { local = [], ...others } = await inTurn(Number(flags.rounds), measure);
    for (const [consistency, ours] of Object.entries(others))
      report("read", { consistency, callers, connections }, { ours, limit: local });
  }
  for (const client of clients) client.close();
} finally {
  await cluster.stop();
}
