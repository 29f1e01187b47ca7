import { HexraftClient } from "@hexraft/client";
import { readFlags } from "./lib/arguments.js";
import { randomKey } from "./lib/closed-loop.js";
import { type MemoryReport, trendOf } from "./lib/memory.js";
import { conditions } from "./lib/report.js";
import { serveCluster, untilServed } from "./lib/served-cluster.js";

/*
 * Memory under lasting load: three `hexraft serve` processes take 256 B puts to 100,000 keys, with snapshots and
 * compaction on. Every 10 s each says what it holds; a ratio above 1 that stays above it in a longer run is a leak.
 */
const flags = readFlags("soak", { minutes: "10", callers: "64", "snapshot-every": "50000" });
const minutes = Number(flags.minutes);
const callers = Number(flags.callers);
const snapshotEvery = flags["snapshot-every"];
const CONNECTIONS = 4;

const reports: MemoryReport[][] = [[], [], []];
let puts = 0;
let failures = 0;
const began = performance.now();

const cluster = await serveCluster("soak", {
  nodeArguments: ["--expose-gc", "--import", new URL("./load/memory-reporter.js", import.meta.url).href],
  serveFlags: ["--snapshot-every", snapshotEvery],
  onMessage: (node, message) => {
    const report = message as MemoryReport | { readonly type: "other" };
    if (report.type !== "memory") return;
    reports[node]?.push(report);
    const { heapMb, externalMb, rssMb } = report;
    const seconds = Math.round((performance.now() - began) / 1_000);
    console.log(
      `soak: s=${seconds} node=n${node + 1} heapMb=${heapMb.toFixed(1)} externalMb=${externalMb.toFixed(1)} rssMb=${rssMb.toFixed(1)} puts=${puts} failures=${failures}`,
    );
  },
});
try {
  const { endpoints } = cluster;
  const clients = Array.from({ length: CONNECTIONS }, () => new HexraftClient({ endpoints, sessions: false }));
  for (const client of clients) await untilServed(client);
  const value = new Uint8Array(256).fill(7);
  const end = performance.now() + minutes * 60_000;
  const run = async (client: HexraftClient): Promise<void> => {
    while (performance.now() < end)
      try {
        await client.put(randomKey(), value);
        puts++;
      } catch {
        failures++;
      }
  };
  await Promise.all(Array.from({ length: callers }, (_, i) => run(clients[i % CONNECTIONS] as HexraftClient)));
  for (const client of clients) client.close();
} finally {
  await cluster.stop();
}
const nodes = reports.map((series, i) => ({
  node: `n${i + 1}`,
  heapMb: trendOf(series.map(({ heapMb }) => heapMb)),
  externalMb: trendOf(series.map(({ externalMb }) => externalMb)),
  rssMb: trendOf(series.map(({ rssMb }) => rssMb)),
}));
const about = {
  minutes,
  callers,
  snapshotEvery: Number(snapshotEvery),
  putsPerSecond: Math.round(puts / minutes / 60),
};
console.log(JSON.stringify({ bench: "soak", ...about, failures, ...conditions(), nodes }));
