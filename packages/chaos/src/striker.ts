import { setTimeout as sleep } from "node:timers/promises";
import type { Endpoint, HexraftClient } from "@hexraft/client";
import type { SeededRandom } from "@hexraft/testing";
import type { Arena } from "./arena.js";
import { type Fault, PROCESS_FAULTS, type Scene } from "./faults.js";
import type { ServedNode } from "./served-node.js";

/** How long a fault lasts, and how long the cluster is left alone behind it, ms. */
const FAULT_MS = [350, 1_100] as const;
const CALM_MS = [400, 1_000] as const;
const LOOK_EVERY_MS = 50;

/** Lets things go wrong: all that can in an order that chance gives, and again. */
export class Striker {
  /** @param struck - hears what went wrong, and when, ms of `performance.now()`. */
  constructor(
    private readonly arena: Arena,
    private readonly clients: readonly HexraftClient[],
    private readonly random: SeededRandom,
    private readonly struck: (what: string, atMs: number) => void,
  ) {}

  /** One fault after the other, healed before the next, until then. @throws what the signal was aborted with. */
  async strike(until: number, signal: AbortSignal): Promise<void> {
    const pause = async (ms: number) => {
      await sleep(Math.max(0, Math.min(ms, until - performance.now())), undefined, { signal }).catch(() => {});
      signal.throwIfAborted();
    };
    const between = (low: number, high: number) => low + this.random.next() * (high - low);
    const faults = [...this.arena.network.faults, ...PROCESS_FAULTS];
    let coming: Fault[] = [];
    await pause(between(...CALM_MS));
    while (performance.now() < until) {
      if (coming.length === 0) coming = this.shuffled(faults);
      // Links fail also while a node that was killed is on its way up.
      const fault = coming.find(({ onProcesses }) => onProcesses === undefined || this.arena.isComplete);
      if (fault === undefined) {
        await pause(LOOK_EVERY_MS);
        continue;
      }
      coming = coming.filter((each) => each !== fault);
      const did = await fault.strike(this.scene(between));
      this.struck(`${fault.name}: ${did}`, performance.now());
      await pause(between(...FAULT_MS));
      void this.arena.heal().catch(() => {}); // whoever does not come up has ended the run
      await pause(between(...CALM_MS));
    }
  }

  private scene(between: Scene["between"]): Scene {
    const text = ({ host, port }: Endpoint) => `${host}:${port}`;
    const leaders = new Set(this.clients.flatMap(({ leaderEndpoint: at }) => (at === null ? [] : [text(at)])));
    const leads = (node: ServedNode) => Number(leaders.has(text(node.endpoint("client"))));
    const [leader, ...followers] = this.shuffled(this.arena.nodes).toSorted((a, b) => leads(b) - leads(a));
    return { leader, followers, between } as unknown as Scene;
  }

  private shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, at: this.random.next() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ item }) => item);
  }
}
