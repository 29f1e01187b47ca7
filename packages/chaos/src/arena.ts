import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Endpoint } from "@hexraft/client";
import type { ChaosNetwork } from "./network/chaos-network.js";
import { NamespacedNetwork } from "./network/namespaced-network.js";
import { ProxiedNetwork } from "./network/proxied-network.js";
import { ServedNode } from "./served-node.js";

const IDS = ["n1", "n2", "n3"] as const;
/** T of the nodes, ms: three processes and their clients on one busy machine. */
const ELECTION_TIMEOUT_MS = 300;
/** Entries between two snapshots: small enough that nodes which were away are sent some. */
const SNAPSHOT_EVERY = 5_000;
const CONVERGED_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 50;
const LOG_LINES_SHOWN = 15;

/** What can lie between the nodes: a proxy that each connection goes through, or network namespaces of the kernel. */
export const NETWORKS = ["proxy", "namespaces"] as const;
/** One of {@link NETWORKS}. */
export type NetworkKind = (typeof NETWORKS)[number];

/** Three nodes, the faulty network between them, and their files; {@link close} leaves nothing of it behind. */
export class Arena {
  /** Everything the nodes write. */
  readonly directory = mkdtempSync(join(tmpdir(), "hexraft-chaos-"));
  /** Between the nodes; clients reach them past it. */
  readonly network: ChaosNetwork;
  /** The nodes. */
  readonly nodes: readonly ServedNode[];
  private readonly starting = new Map<ServedNode, Promise<void>>();

  /** @param fail - hears why the run cannot go on. */
  constructor(
    kind: NetworkKind,
    random: () => number,
    private readonly fail: (reason: Error) => void,
  ) {
    this.network = kind === "proxy" ? new ProxiedNetwork(IDS, random) : new NamespacedNetwork(IDS);
    this.nodes = IDS.map(
      (id) =>
        new ServedNode(
          id,
          this.directory,
          () => [...this.flags(), ...this.network.flagsOf(id)],
          (port) => this.network.listens(id, port),
          (how) => fail(new Error(how)),
          this.network.launcherOf(id),
        ),
    );
  }

  /** The client doors. */
  get endpoints(): Endpoint[] {
    return this.nodes.map((node) => node.endpoint("client"));
  }

  /** Starts everything. @returns what cannot be tried on this machine, a line each. */
  async start(): Promise<readonly string[]> {
    const leftOut = await this.network.start();
    await Promise.all(this.nodes.map((node) => node.start()));
    return leftOut;
  }

  /** Whether no node is dead, or on its way up. */
  get isComplete(): boolean {
    return this.nodes.every((node) => node.isServing);
  }

  /** Whether more than half of the nodes serve, and one of these reaches the others and is reached: whoever they are, they can elect one. */
  get hasMajority(): boolean {
    const able = this.nodes.filter((node) => node.isServing && !node.isPaused);
    const joined = (one: string, other: string) => this.network.passes(one, other) && this.network.passes(other, one);
    return able.some(({ id }) => able.filter((each) => each.id === id || joined(id, each.id)).length > IDS.length / 2);
  }

  /** Clears all links, wakes who is paused, begins to start who is dead. @returns when those serve. */
  heal(): Promise<unknown> {
    const cleared = this.network.heal();
    cleared.catch(this.fail);
    for (const node of this.nodes) node.resume();
    for (const node of this.nodes.filter(({ isRunning }) => !isRunning)) {
      const started = node.start();
      started.catch(this.fail);
      this.starting.set(node, started);
    }
    return Promise.all([cleared, ...this.starting.values()]);
  }

  /** Waits until all nodes have the same state at the same index. @throws Error if they never do. */
  async converged(signal: AbortSignal): Promise<void> {
    const end = performance.now() + CONVERGED_WITHIN_MS;
    let said = "";
    while (performance.now() < end) {
      signal.throwIfAborted();
      const answers = await Promise.allSettled(this.nodes.map((node) => node.stateHash()));
      const states = answers.map((answer) =>
        answer.status === "fulfilled" ? JSON.stringify(answer.value) : `no answer (${String(answer.reason)})`,
      );
      if (new Set(states).size === 1 && answers[0]?.status === "fulfilled") return;
      said = states.join(", ");
      await sleep(LOOK_EVERY_MS);
    }
    throw new Error(`the nodes did not become equal within ${CONVERGED_WITHIN_MS} ms: ${said}`);
  }

  /** The last lines of each node's log. */
  logs(): string {
    const tails = this.nodes.map(({ id, logFile }) => {
      const lines = readFileSync(logFile, "utf8").trimEnd().split("\n");
      return `--- the last of ${id}:\n${lines.slice(-LOG_LINES_SHOWN).join("\n")}\n`;
    });
    return tails.join("");
  }

  /** Ends every process, closes every port, removes every file. Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await this.network.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** The same without waiting, for the last moment of this process. */
  closeNow(): void {
    for (const node of this.nodes) node.killNow();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private flags(): readonly string[] {
    const bootstrap = IDS.map((id) => `${id}=${this.network.peerAddressOf(id)}`).join(",");
    const timing = ["--election-timeout", `${ELECTION_TIMEOUT_MS}`, "--snapshot-every", `${SNAPSHOT_EVERY}`];
    return ["--bootstrap", bootstrap, ...timing];
  }
}
