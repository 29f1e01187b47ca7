import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Endpoint } from "@hexraft/client";
import type { NodeEvent } from "@hexraft/core";
import { FaultyNetwork } from "@hexraft/testing/proxy";
import { dialerOf } from "@hexraft/transport-tcp";
import { Child } from "./child-process.js";
import { DemoNode, portOf, type Status } from "./demo-node.js";
import { until } from "./until.js";

const IDS = ["n1", "n2", "n3"] as const;

/** Three nodes on loopback with their links, files and helpers; {@link close} leaves nothing of it behind. */
export class DemoCluster {
  readonly directory = mkdtempSync(join(tmpdir(), "hexraft-demo-"));
  readonly nodes: readonly DemoNode[];
  private readonly network = new FaultyNetwork({ dialerOf });
  /** Nodes that are cut off from the others. */
  private readonly cut = new Set<string>();
  private readonly helpers: Child[] = [];
  private readonly over = new AbortController();

  constructor(onEvent: (id: string, event: NodeEvent) => void, onEndedByItself: (id: string, fate: string) => void) {
    this.nodes = IDS.map(
      (id) =>
        new DemoNode(
          id,
          this.directory,
          this.network,
          () => IDS.map((each) => `${each}=${this.network.addressOf(each)}`).join(","),
          onEvent,
          onEndedByItself,
        ),
    );
  }

  /** The client doors. */
  get endpoints(): Endpoint[] {
    return this.nodes.map(({ addresses }) => ({ host: "127.0.0.1", port: portOf(addresses.client ?? "") }));
  }

  /** Looks until there is something to find, or the demo is over. */
  until<T>(what: string, deadlineMs: number, look: () => Promise<T | undefined>): Promise<T> {
    return until(what, deadlineMs, this.over.signal, look);
  }

  /** The demo cannot go on; whoever waits for something hears why. Later reasons are not heard. */
  fail(reason: Error): void {
    this.over.abort(reason);
  }

  /** Rejects when the demo cannot go on. */
  get failed(): Promise<never> {
    const { signal } = this.over;
    return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
  }

  /** Starts everything, and waits for the first leader. */
  async start(): Promise<DemoNode> {
    await Promise.all(IDS.map((id) => this.network.add(id)));
    await Promise.all(this.nodes.map((node) => node.start()));
    return this.leader();
  }

  /** Waits until a node leads that a majority of the running ones follows. */
  leader(): Promise<DemoNode> {
    return this.until("a leader", 15_000, async () => {
      const said = await this.statuses();
      const leads = said
        .filter(({ status }) => status.role === "leader")
        .toSorted((a, b) => b.status.term - a.status.term)[0];
      if (leads === undefined) return undefined;
      const followers = said.filter(
        ({ status }) => status.leader === leads.node.id && status.term === leads.status.term,
      );
      return followers.length >= 2 ? leads.node : undefined;
    });
  }

  /** What those say that answer. */
  async statuses(): Promise<readonly { readonly node: DemoNode; readonly status: Status }[]> {
    const asked = this.nodes
      .filter(({ running }) => running)
      .map(async (node) => ({ node, status: await node.status() }));
    const answers = await Promise.allSettled(asked);
    return answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  }

  /** Waits until all three have the same state at the same applied index. */
  converged(deadlineMs: number): Promise<{ readonly index: number; readonly hash: string }> {
    return this.until("equal nodes", deadlineMs, async () => {
      const [first, ...others] = await Promise.all(this.nodes.map((node) => node.stateHash()));
      return first !== undefined && others.every(({ index, hash }) => index === first.index && hash === first.hash)
        ? first
        : undefined;
    });
  }

  /** Cuts a node off from the others; clients still reach it. */
  partition(node: DemoNode): void {
    this.cut.add(node.id);
    this.network.setAround(node.id, { passage: "refused" });
  }

  /** Joins everything again. */
  heal(): void {
    this.cut.clear();
    this.network.heal();
  }

  isCut(node: DemoNode): boolean {
    return this.cut.has(node.id);
  }

  /** Starts a helper process of the demo. */
  help(name: string, args: readonly string[], onMessage: (message: unknown) => void): Child {
    const helper = new Child(args, join(this.directory, `${name}.log`), onMessage);
    this.helpers.push(helper);
    return helper;
  }

  /** Ends every process, closes every port, removes every file. */
  async close(): Promise<void> {
    this.fail(new Error("the demo is over"));
    await Promise.all([...this.helpers.map((helper) => helper.kill()), ...this.nodes.map((node) => node.stop())]);
    await this.network.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** The same without waiting, for the last moment of this process; a closed channel ends the children anyway. */
  closeNow(): void {
    for (const helper of this.helpers) helper.killNow();
    for (const node of this.nodes) node.killNow();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
