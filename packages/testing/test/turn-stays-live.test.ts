import { createNode, type Node } from "@hexraft/core";
import { nodeRuntime } from "@hexraft/runtime-node";
import { afterEach, describe, expect, it, vi } from "vitest";
import { journalStateMachine, MemoryNetwork, memoryStorage } from "../src/index.js";

const CALLERS = 4_096;
/** Long enough for a starved interval to show, short enough for a test. ms. */
const LOAD_MS = 1_200;

let nodes: readonly Node<string>[] = [];
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  nodes = [];
});

/** Three real nodes in this process, on the host's own clock, timers and turns. */
async function threeNodes(): Promise<Node<string>> {
  const network = new MemoryNetwork();
  const ids = ["n1", "n2", "n3"];
  nodes = await Promise.all(
    ids.map((nodeId) =>
      createNode<string>({ nodeId, electionTimeoutMs: 2_000 }, [
        nodeRuntime(),
        network.transport(),
        memoryStorage(),
        journalStateMachine(),
      ]),
    ),
  );
  for (const node of nodes) await node.start();
  const [first] = nodes as [Node<string>];
  await first.bootstrap({ voters: ids.map((id) => ({ id, address: `memory:${id}` })) });
  const leader = () => nodes.find((node) => node.describe().role === "leader");
  await vi.waitUntil(() => leader() !== undefined, { timeout: 15_000, interval: 5 });
  return leader() as Node<string>;
}

/**
 * Runs `load` until it is told to stop, and says which share of its due times a 5 ms interval got meanwhile. Other
 * processes may take the processor away, so this one's own processor time is the measure: a starved interval gets nothing
 * although this process is at work.
 */
async function shareUnder(
  load: (goesOn: (answered: number) => boolean) => Promise<number>,
): Promise<{ share: number; answers: number }> {
  let ticks = 0;
  const before = process.cpuUsage();
  const interval = setInterval(() => ticks++, 5);
  const begun = performance.now();
  // On a busy machine for longer: until everybody has asked a second time, and more.
  const answers = await load((answered) => performance.now() < begun + LOAD_MS || answered <= CALLERS * 2);
  const lastedMs = performance.now() - begun;
  clearInterval(interval);
  const { user, system } = process.cpuUsage(before);
  const busyMs = Math.min((user + system) / 1_000, lastedMs);
  return { share: ticks / (busyMs / 5), answers };
}

describe("the turn stays live", () => {
  it("a 5 ms interval keeps firing under 4,096 callers that propose again as soon as their promise resolves", async () => {
    const leader = await threeNodes();
    const { share, answers } = await shareUnder(async (goesOn) => {
      let answered = 0;
      const caller = async () => {
        while (goesOn(answered)) {
          await leader.apply("x");
          answered++;
        }
      };
      await Promise.all(Array.from({ length: CALLERS }, caller));
      return answered;
    });
    expect(answers).toBeGreaterThan(CALLERS * 2);
    expect(share, "how much of its time the interval got").toBeGreaterThan(1 / 8);
  });

  it("a 5 ms interval keeps firing under 4,096 callers that propose again inside their callback", async () => {
    const leader = await threeNodes();
    const { share, answers } = await shareUnder(
      (goesOn) =>
        new Promise((resolve, reject) => {
          let answered = 0;
          let busy = CALLERS;
          const next = (error: Error | null) => {
            if (error !== null) return reject(error);
            answered++;
            if (goesOn(answered)) leader.applyCallback("x", next);
            else if (--busy === 0) resolve(answered);
          };
          for (let i = 0; i < CALLERS; i++) leader.applyCallback("x", next);
        }),
    );
    expect(answers).toBeGreaterThan(CALLERS * 2);
    expect(share, "how much of its time the interval got").toBeGreaterThan(1 / 8);
  });
});
