import { HexraftClient, type ReadFrom } from "@hexraft/client";
import type { Consistency } from "@hexraft/core";
import { readFlags } from "./lib/arguments.js";
import { closedLoop, randomKey, WARM_UP_MS } from "./lib/closed-loop.js";
import { announce, report } from "./lib/report.js";
import { inTurn, type Sample } from "./lib/rounds.js";
import { serveCluster, untilServed } from "./lib/served-cluster.js";

/*
 * Reads of every consistency from the leader of three processes, and from one that follows, over TCP on loopback, through
 * HexraftClient, in alternating rounds on the same cluster. The limit is a read from the same node that asks nobody and promises
 * nothing. What must hold an index holds all that the client has seen.
 */
const flags = readFlags("read", { rounds: "3", ms: "2000", callers: "1,64,1000", from: "leader,follower" });
const WAYS: Readonly<Record<string, (client: HexraftClient) => Consistency>> = {
  linearizable: () => "linearizable",
  lease: () => "lease",
  maxStalenessMs: () => ({ maxStalenessMs: 1_000 }),
  atLeast: ({ readToken }) => ({ atLeast: readToken }),
  local: () => "local",
};
const PLACES = ["leader", "follower"];
const CONNECTIONS_MAX = 4;

const wrong = flags.from.split(",").find((place) => !PLACES.includes(place));
if (wrong !== undefined) {
  console.error(`--from takes ${PLACES.join(",")} or one of them, not ${wrong}`);
  process.exit(2);
}

announce(
  "read",
  `3 processes, TCP on loopback, keys that are not there, ${flags.rounds} rounds of ${flags.ms} ms, limit: consistency local`,
);
const cluster = await serveCluster("read");
try {
  const { endpoints } = cluster;
  const clients = Array.from({ length: CONNECTIONS_MAX }, () => new HexraftClient({ endpoints }));
  for (const client of clients) await untilServed(client);
  const leader = endpoints.findIndex(({ port }) => port === clients[0]?.leaderEndpoint?.port);
  const places: Readonly<Record<string, ReadFrom>> = {
    leader: "leader",
    follower: { node: `n${((leader + 1) % endpoints.length) + 1}` },
  };
  let warmUpMs = WARM_UP_MS;
  for (const callers of flags.callers.split(",").map(Number))
    for (const place of flags.from.split(",")) {
      const from = places[place] as ReadFrom;
      const connections = Math.min(CONNECTIONS_MAX, callers);
      const sampleOf = (way: (client: HexraftClient) => Consistency) => async (): Promise<Sample> => {
        const sample = await closedLoop(callers, warmUpMs, Number(flags.ms), async (caller) => {
          const client = clients[caller % connections] as HexraftClient;
          await client.get(randomKey(), { from, consistency: way(client) });
        });
        // What is hot is compiled by then; later rounds need a moment only.
        warmUpMs = WARM_UP_MS / 10;
        return sample;
      };
      const measure = Object.fromEntries(Object.entries(WAYS).map(([name, way]) => [name, sampleOf(way)]));
      const { local = [], ...others } = await inTurn(Number(flags.rounds), measure);
      for (const [consistency, ours] of Object.entries({ ...others, local }))
        report("read", { consistency, from: place, callers, connections }, { ours, limit: local });
    }
  for (const client of clients) client.close();
} finally {
  await cluster.stop();
}
