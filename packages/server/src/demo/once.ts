import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DemoCluster } from "./demo-cluster.js";
import type { DemoNode } from "./demo-node.js";
import type { FromWriter, ToWriter } from "./writer-messages.js";

const CLIENTS = 8;
const WRITES_PER_CLIENT = 4;
const PAUSE_MS = 5;
/** Writes that the node that came back takes part in, at least. */
const WRITES_AFTER_RESTART = 200;
const WRITING_DEADLINE_MS = 30_000;
const CONVERGENCE_DEADLINE_MS = 15_000;
const PAGE = 5_000;
const READ_ATTEMPTS_MAX = 10;

/** What `demo --once` found; its last line. */
export interface Verdict {
  readonly nodes: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly failoverMs: number;
  readonly converged: boolean;
}

/** Kills the leader in mid-load, brings it back, and looks for every acknowledged write on every node. */
export async function runOnce(cluster: DemoCluster, keys: number, say: (line: string) => void): Promise<Verdict> {
  const leader = await cluster.start();
  const { term } = await leader.status();
  say(`${leader.id} leads in term ${term}`);
  const load = beginLoad(cluster);
  say(`writing ${keys} keys and more from ${CLIENTS} concurrent clients, ${WRITES_PER_CLIENT} writes each under way`);

  await cluster.until("a third of the writes", WRITING_DEADLINE_MS, () => load.passed(keys / 3));
  await killInMidLoad(cluster, load, say);
  const failoverMs = await cluster.until("a write after the leader's death", WRITING_DEADLINE_MS, () =>
    Promise.resolve(load.failoverMs),
  );
  const successor = await cluster.leader();
  const now = await successor.status();
  say(
    `${successor.id} leads in term ${now.term}; the first write after the kill was acknowledged after ${failoverMs} ms`,
  );

  await cluster.until("half of the writes", WRITING_DEADLINE_MS, () => load.passed(keys / 2));
  const dead = cluster.nodes.find(({ running }) => !running) as DemoNode;
  await dead.start();
  const backAt = load.acknowledged;
  say(`${dead.id} is back as pid ${dead.pid}, over its own files, while the writes go on`);

  await cluster.until("some more writes", WRITING_DEADLINE_MS, () => load.passed(backAt + WRITES_AFTER_RESTART));
  await cluster.until("all keys", WRITING_DEADLINE_MS, () => load.passed(keys));
  load.tell({ type: "finish" });
  const { acknowledged, unknown } = await cluster.until("the last write", WRITING_DEADLINE_MS, () =>
    Promise.resolve(load.done),
  );
  say(`${acknowledged} writes acknowledged, ${unknown} with an unknown outcome`);
  const written = readFileSync(load.logFile, "utf8").split("\n").filter(Boolean);
  const lost = await readBack(cluster, written, say);
  const converged = written.length === acknowledged;
  if (!converged) say(`the client noted ${written.length} acknowledgements, not ${acknowledged}`);
  return { nodes: cluster.nodes.length, acknowledged, lost, failoverMs, converged };
}

/** What the client process has said so far. */
class Load {
  acknowledged = 0;
  inFlight = 0;
  failoverMs: number | undefined;
  done: Extract<FromWriter, { type: "done" }> | undefined;
  /** Tells the client process something. */
  tell: (message: ToWriter) => void = () => {};
  constructor(readonly logFile: string) {}

  /** Whether so many writes were acknowledged. */
  passed(count: number): Promise<true | undefined> {
    return Promise.resolve(this.acknowledged >= count || this.done !== undefined ? true : undefined);
  }
}

function beginLoad(cluster: DemoCluster): Load {
  const load = new Load(join(cluster.directory, "acknowledged.txt"));
  const writer = cluster.help("writer", ["demo-writer"], (message) => {
    const said = message as FromWriter;
    if (said.type === "listening")
      load.tell({
        type: "begin",
        endpoints: cluster.endpoints,
        clients: CLIENTS,
        perClient: WRITES_PER_CLIENT,
        pauseMs: PAUSE_MS,
        logFile: load.logFile,
      });
    else if (said.type === "failover") load.failoverMs = said.ms;
    else if (said.type === "done") load.done = said;
    else ({ acknowledged: load.acknowledged, inFlight: load.inFlight } = said);
  });
  load.tell = (message) => writer.tell(message);
  return load;
}

async function killInMidLoad(cluster: DemoCluster, load: Load, say: (line: string) => void): Promise<void> {
  const leader = await cluster.leader();
  const { term } = await leader.status();
  const { pid } = leader;
  const { inFlight, acknowledged } = load;
  await leader.kill();
  load.tell({ type: "leaderDied", atMs: Date.now() });
  say(
    `kill -9 ${pid}: ${leader.id}, leader of term ${term}, with ${inFlight} writes in flight and ${acknowledged} acknowledged`,
  );
}

/**
 * Waits until all nodes are equal, reads every acknowledged write on each of them, and makes sure that all was read at that
 * one index: an election in between adds an entry, and then it is read again.
 */
async function readBack(
  cluster: DemoCluster,
  written: readonly string[],
  say: (line: string) => void,
): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const { index, hash } = await cluster.converged(CONVERGENCE_DEADLINE_MS);
    const missing = await Promise.all(cluster.nodes.map((node) => missingOn(node, written)));
    const after = await Promise.all(cluster.nodes.map((node) => node.stateHash()));
    if (after.every((state) => state.index === index)) {
      say(`all three nodes are equal: state ${hash} at index ${index}`);
      cluster.nodes.forEach(({ id }, i) =>
        say(`${id}: ${written.length - (missing[i] ?? 0)} of ${written.length} acknowledged writes are there`),
      );
      return missing.reduce((sum, count) => sum + count, 0);
    }
    if (attempt === READ_ATTEMPTS_MAX)
      throw new Error(`the nodes went on from index ${index} while they were read, ${attempt} times`);
  }
}

/** Reads the node's own state, page by page, and counts what is missing in it or wrong. */
async function missingOn(node: DemoNode, written: readonly string[]): Promise<number> {
  const state = new Map<string, string>();
  let start: string | null = "";
  do {
    const query = `limit=${PAGE}&consistency=local${start === "" ? "" : `&start=${encodeURIComponent(start)}`}`;
    const page: { entries: { key: string; value: string }[]; next: string | null } = await node.ask(`/v1/kv?${query}`);
    for (const { key, value } of page.entries) state.set(key, value);
    start = page.next;
  } while (start !== null);
  return written.filter((line) => {
    const cut = line.indexOf(" ");
    return state.get(line.slice(0, cut)) !== line.slice(cut + 1);
  }).length;
}
