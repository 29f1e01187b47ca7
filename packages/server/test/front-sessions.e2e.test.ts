import { afterAll, beforeAll, expect, it } from "vitest";
import { RawClient } from "./support/raw-client.js";
import { ThreeNodes } from "./support/three-nodes.js";

const KILLS = 4;
const CALLERS = 4;
const CALL_MS = 2_000;
const RETRY_MS = 20;
let cluster: ThreeNodes;
beforeAll(async () => {
  cluster = await new ThreeNodes().start();
});
afterAll(() => cluster.stop());

/** One command under its number, asked of a node; undefined: nobody can tell, or nothing was done. */
type Ask = (node: string, session: number, sequence: number) => Promise<number | undefined>;

const overHttp: Ask = async (node, session, sequence) => {
  const response = await fetch(`http://${cluster.of(node).listening.http}/v1/incr/n`, {
    method: "POST",
    headers: {
      "Hexraft-Session": `${session}`,
      "Hexraft-Sequence": `${sequence}`,
      "Hexraft-Acknowledged": `${sequence - 1}`,
    },
    signal: AbortSignal.timeout(CALL_MS),
  });
  const said = (await response.json()) as { readonly value: number; readonly error?: string };
  if (response.ok) return said.value;
  expect(["Unknown", "NoLeader", "TryAgain"], `it says ${JSON.stringify(said)}`).toContain(said.error);
  return undefined;
};

const overResp: Ask = async (node, session, sequence) => {
  const caller = await RawClient.to(cluster.respPort(node));
  const late = setTimeout(() => caller.socket.destroy(), CALL_MS);
  try {
    const said = await caller.exchange(`HEXRAFT SESSION USE ${session} ${sequence} ${sequence - 1}\r\nINCR n\r\n`);
    const [, sum] = /^\+OK\r\n:(\d+)\r\n$/.exec(said) ?? [];
    if (sum !== undefined) return Number(sum);
    expect(said).toMatch(/^\+OK\r\n-(?:UNKNOWN|CLUSTERDOWN|TRYAGAIN) /);
    return undefined;
  } finally {
    clearTimeout(late);
    caller.socket.destroy();
  }
};

async function openSession(): Promise<number> {
  const response = await cluster.http("n1", "/v1/sessions", { method: "POST" });
  return ((await response.json()) as { readonly session: number }).session;
}

it("C03 C02 C05 leaders are killed under increments over HTTP and the Redis protocol, and what is asked again counts once", async () => {
  const load = { on: true };
  const sums: number[] = [];
  let repeats = 0;
  const call = async (ask: Ask, place: number): Promise<void> => {
    const session = await openSession();
    for (let sequence = 1, attempt = place; load.on; sequence++) {
      for (let sum: number | undefined; sum === undefined; attempt++) {
        const node = cluster.ids[attempt % cluster.ids.length] as string;
        // A node that is dead refuses the connection, or breaks it off: the number is said again elsewhere.
        sum = await ask(node, session, sequence).catch(brokenOff);
        if (sum !== undefined) sums.push(sum);
        else {
          repeats++;
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        }
      }
    }
  };
  const callers = [overHttp, overResp].flatMap((ask) => Array.from({ length: CALLERS }, (_, i) => call(ask, i)));
  const passed = (count: number) => expect.poll(() => sums.length, { timeout: 40_000 }).toBeGreaterThan(count);
  for (let kill = 0; kill < KILLS; kill++) {
    await passed(sums.length + 10 * CALLERS);
    const leader = await cluster.leader();
    await cluster.of(leader).process.signal("SIGKILL");
    await passed(sums.length + 2 * CALLERS);
    await cluster.startOne(leader);
    await cluster.leader();
  }
  load.on = false;
  await Promise.all(callers);
  expect(repeats).toBeGreaterThan(0);
  expect(sums.toSorted((a, b) => a - b)).toEqual(sums.map((_, i) => i + 1));
  await cluster.converged();
});

/** What a killed node leaves of a call; anything else is a fault of the test or of the node. */
function brokenOff(error: unknown): undefined {
  const { name, message, cause } = error as Error;
  const broken = /fetch failed|terminated|closed after|ECONNREFUSED|ECONNRESET|timeout/i;
  if (!broken.test(`${name} ${message} ${String(cause)}`)) throw error;
  return undefined;
}
