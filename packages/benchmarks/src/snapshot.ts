import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { HexraftClient } from "@hexraft/client";
import type { NodeEvent } from "@hexraft/core";
import { readFlags } from "./lib/arguments.js";
import { measureIn } from "./lib/child.js";
import { closedLoop } from "./lib/closed-loop.js";
import { InstallWatch } from "./lib/install-stages.js";
import { temporaryDirectory } from "./lib/leavings.js";
import { type MemoryReport, trendOf } from "./lib/memory.js";
import { announce, conditions } from "./lib/report.js";
import type { Sample } from "./lib/rounds.js";
import { serveCluster, untilServed } from "./lib/served-cluster.js";

/*
 * S04, S08: a state of so many MiB is installed on a follower that was away while it was written, by real processes, while callers go on
 * putting small values. Beside it one sequential write of as many bytes, made durable. The time is that from the follower's start
 * until the state is loaded there, all of it and stage by stage; elections are counted by the terms that the nodes tell of. Nobody asks the collector to work
 * meanwhile, which would take longer than the transfer: the heap is with what it has not thrown away yet.
 */
const MIB = 2 ** 20;
const VALUE_BYTES = 256 * 1024;
const AWAY = 2;
const PROGRESS_EVERY_MS = 5_000;
const flags = readFlags("snapshot", { mib: "1024", callers: "16", rate: "0", "give-up": "600" });
const mib = Number(flags.mib);
const callers = Number(flags.callers);
/** Writing the state, and installing it, may take this long each. */
const patienceMs = Number(flags["give-up"]) * 1_000;

announce("snapshot", `${mib} MiB to a follower under ${callers} callers, limit: a sequential write and one fsync`);
const limitBefore = await measureIn<Sample>("probes/sequential-write-process", [flags.mib]);
const settings = temporaryDirectory("snapshot-settings");
const config = join(settings.path, "raft.json");
const raft = {
  snapshotEveryBytes: Math.max(1, Math.floor(mib / 4)) * MIB,
  compactionMarginEntries: 0,
  snapshotBytesPerSecondMax: Number(flags.rate),
};
writeFileSync(config, JSON.stringify({ raft }));

const memory: MemoryReport[][] = [[], [], []];
let term = 0;
let nextProgressMs = 0;
let loaded = (): void => {};
let watch: InstallWatch | undefined;
const cluster = await serveCluster("snapshot", {
  nodeArguments: ["--import", new URL("./load/memory-reporter.js?everyMs=500", import.meta.url).href],
  serveFlags: ["--config", config, "--http", "0"],
  onMessage: (node, message) => {
    const told = message as
      | MemoryReport
      | { readonly type: "event"; readonly event: NodeEvent }
      | { readonly type: "ready"; readonly listening: { readonly http: string } };
    if (told.type === "ready" && node === AWAY) watch?.serves(told.listening.http);
    if (told.type === "memory") memory[node]?.push(told);
    else if (told.type === "event") heard(node, told.event);
  },
});

/** A line for people now and then, beside the figures. */
function progress(what: string, bytes: number): void {
  if (performance.now() < nextProgressMs) return;
  nextProgressMs = performance.now() + PROGRESS_EVERY_MS;
  process.stderr.write(`snapshot: ${Math.round(bytes / MIB)} of ${mib} MiB ${what}\n`);
}

function heard(node: number, event: NodeEvent): void {
  if (event.kind === "snapshot" && event.stage === "installed" && node === AWAY) loaded();
  if ("term" in event) term = Math.max(term, event.term);
}

try {
  const client = new HexraftClient({ endpoints: cluster.endpoints, sessions: false, deadlineMs: 30_000 });
  await untilServed(client);
  await cluster.kill(AWAY);
  const value = new Uint8Array(VALUE_BYTES).fill(7);
  const wroteWithinMs = performance.now() + patienceMs;
  for (let at = 0; at < (mib * MIB) / VALUE_BYTES; at++) {
    if (performance.now() > wroteWithinMs) throw new Error(`the state was not written within ${patienceMs} ms`);
    await client.put(`big${at}`, value);
    progress("written", (at + 1) * VALUE_BYTES);
  }
  const small = new Uint8Array(256).fill(7);
  const load = (milliseconds: number): Promise<Sample> =>
    closedLoop(callers, 0, milliseconds, async (caller) => void (await client.put(`small${caller}`, small)));
  const quiet = await load(3_000);
  const termBefore = term;
  const first = memory.map((reports) => reports.length);
  const installed = new Promise<void>((resolve, reject) => {
    const giveUp = () => reject(new Error(`the state was not installed within ${patienceMs} ms`));
    const timer = setTimeout(giveUp, patienceMs).unref();
    loaded = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  const over = new AbortController();
  watch = new InstallWatch((bytes) => progress("received", bytes));
  const began = performance.now();
  cluster.start(AWAY);
  const samples: Promise<Sample>[] = [];
  const under = (async () => {
    while (!over.signal.aborted) {
      const sample = load(1_000);
      samples.push(sample);
      await sample;
    }
  })();
  const stages = await installed
    .then(() => watch?.end())
    .finally(() => {
      watch?.end();
      over.abort();
    });
  const seconds = (performance.now() - began) / 1_000;
  await under;
  const meanwhile = await Promise.all(samples);
  const limitAfter = await measureIn<Sample>("probes/sequential-write-process", [flags.mib]);
  client.close();
  const sequential = (limitBefore.perSecond + limitAfter.perSecond) / 2;
  const during = memory.map((reports, node) => reports.slice(node === AWAY ? 0 : first[node]));
  const figures = {
    mib,
    callers,
    rateBytesPerSecond: raft.snapshotBytesPerSecondMax,
    installSeconds: round(seconds),
    ...stages,
    mibPerSecond: round(mib / seconds),
    sequentialMibPerSecond: round(sequential),
    ratio: round(mib / seconds / sequential),
    putsPerSecondBefore: Math.round(quiet.perSecond),
    putsPerSecond: Math.round(meanwhile.reduce((sum, { perSecond }) => sum + perSecond, 0) / meanwhile.length),
    p99BeforeMs: round(quiet.p99 ?? 0),
    p99WorstSecondMs: round(Math.max(...meanwhile.map(({ p99 }) => p99 ?? 0))),
    // Second by second from the follower's start on: beside the stages it tells what the callers wait for.
    p99BySecondMs: meanwhile.map(({ p99 }) => Math.round(p99 ?? 0)),
    elections: term - termBefore,
  };
  const nodes = during.map((reports, node) => ({
    node: `n${node + 1}`,
    heapMb: trendOf(reports.map(({ heapMb }) => heapMb)),
    externalMb: trendOf(reports.map(({ externalMb }) => externalMb)),
    rssMb: trendOf(reports.map(({ rssMb }) => rssMb)),
    cpuSeconds: round((reports.at(-1)?.cpuSeconds ?? 0) - (node === AWAY ? 0 : (reports[0]?.cpuSeconds ?? 0))),
    // Twice a second, beside the callers' seconds: who was busy while they waited.
    lateMs: reports.map(({ lateMs }) => Math.round(lateMs)),
  }));
  console.log(JSON.stringify({ bench: "snapshot", ...conditions(), ...figures, nodes }));
} finally {
  await cluster.stop();
  settings.remove();
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
