import { join } from "node:path";
import type { NodeEvent } from "@hexraft/core";
import type { FaultyNetwork } from "@hexraft/testing/proxy";
import type { ServeMessage } from "../serve/parent.js";
import type { Listening } from "../serve/start-server.js";
import { Child } from "./child-process.js";

/** T of the demo, ms: three nodes on one host. */
const ELECTION_TIMEOUT_MS = 150;
/** Entries between two snapshots, so that a short demo shows some. */
const SNAPSHOT_EVERY = 1_000;
const START_DEADLINE_MS = 15_000;

/** What `/v1/hash` says. */
export interface StateHash {
  readonly index: number;
  readonly term: number;
  readonly hash: string;
}

/** The part of `/v1/status` that the demo looks at. */
export interface Status {
  readonly role: string;
  readonly term: number;
  readonly leader: string | null;
  readonly commitIndex: number;
  readonly appliedIndex: number;
}

/** One node of the demo: a `hexraft serve` process with its directory, which may be killed and started again. */
export class DemoNode {
  private child: Child | null = null;
  private listening: Listening | null = null;
  /** Ended by the demo, and not to be started again. */
  private stopped = false;
  private readonly killed = new WeakSet<Child>();

  constructor(
    readonly id: string,
    private readonly directory: string,
    private readonly network: FaultyNetwork,
    private readonly bootstrap: () => string,
    private readonly onEvent: (id: string, event: NodeEvent) => void,
    private readonly onEndedByItself: (id: string, fate: string) => void,
  ) {}

  get running(): boolean {
    return this.child?.running ?? false;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** Where its fronts listen; the same after a restart. */
  get addresses(): Listening {
    if (this.listening === null) throw new Error(`${this.id} was never started`);
    return this.listening;
  }

  /** Starts the process and waits until it serves. */
  async start(): Promise<void> {
    if (this.stopped) throw new Error("the demo is over");
    const { client = "127.0.0.1:0", http = "127.0.0.1:0", resp = "127.0.0.1:0" } = this.listening ?? {};
    let ready: (listening: Listening) => void = () => {};
    const served = new Promise<Listening>((resolve) => {
      ready = resolve;
    });
    const child = new Child(
      [
        ["serve", "--node-id", this.id, "--data-directory", join(this.directory, this.id)],
        ["--listen", "127.0.0.1:0", "--bootstrap", this.bootstrap()],
        ["--client", client, "--http", http, "--resp", resp],
        ["--election-timeout", `${ELECTION_TIMEOUT_MS}`, "--snapshot-every", `${SNAPSHOT_EVERY}`],
      ].flat(),
      this.logFile,
      (message) => {
        const said = message as ServeMessage;
        if (said.type === "ready") ready(said.listening);
        else this.onEvent(this.id, said.event);
      },
    );
    this.child = child;
    const timer = setTimeout(() => child.killNow(), START_DEADLINE_MS);
    const failed = child.ended.then(() => {
      throw new Error(`${this.id} did not start: ${child.fate}; see ${this.logFile}`);
    });
    this.listening = await Promise.race([served, failed]).finally(() => clearTimeout(timer));
    // From here on its end is an event of the demo, not a failure of the start.
    failed.catch(() => {
      if (!this.stopped && !this.killed.has(child)) this.onEndedByItself(this.id, child.fate);
    });
    this.network.leadsTo(this.id, portOf(this.listening.peer));
  }

  get logFile(): string {
    return join(this.directory, `${this.id}.log`);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    if (this.child === null) return;
    this.killed.add(this.child);
    await this.child.kill();
  }

  killNow(): void {
    this.child?.killNow();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.child?.stop();
  }

  /** @throws Error if it does not answer. */
  status(): Promise<Status> {
    return this.ask<Status>("/v1/status");
  }

  /** @throws Error if it does not answer. */
  stateHash(): Promise<StateHash> {
    return this.ask<StateHash>("/v1/hash");
  }

  /** One GET on its HTTP front. */
  async ask<T>(path: string): Promise<T> {
    const response = await fetch(`http://${this.addresses.http}${path}`, { signal: AbortSignal.timeout(5_000) });
    if (!response.ok) throw new Error(`${this.id} answers ${response.status} to ${path}: ${await response.text()}`);
    return (await response.json()) as T;
  }
}

/** The port of `host:port`. */
export const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(":") + 1));
