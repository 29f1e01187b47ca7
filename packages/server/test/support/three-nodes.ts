import type { ClusterGroup } from "@hexraft/client";
import { freePorts } from "@hexraft/testing/proxy";
import type { Listening } from "../../src/serve/start-server.js";
import { type HexraftProcess, nodeArguments, portOf, Workshop } from "./serve-process.js";

/** T of these clusters, ms: longer than a busy test machine forgets about one of four processes. */
export const ELECTION_TIMEOUT_MS = 1_000;
/** T of a cluster whose test names its leader, or asks something once: longer than a busy machine stands still. ms. */
export const STEADY_MS = 1_500;

/** A cluster of three real processes over real files. */
export class ThreeNodes {
  readonly workshop = new Workshop();
  readonly ids = ["n1", "n2", "n3"] as const;
  /** Three of each node. No connection of the host takes one while its node is away. */
  private doors: readonly number[] = [];
  private readonly running = new Map<
    string,
    { readonly process: HexraftProcess; readonly listening: Required<Listening> }
  >();

  /**
   * @param ports - where the nodes hear each other; free ones, unless they are to be those of another cluster.
   * @param wish - further flags of each node, their election timeout, what Node.js itself is told, and under which address peers
   * reach the one that listens at a port.
   */
  constructor(
    private ports: readonly number[] = [],
    private readonly wish: {
      readonly flags?: readonly string[];
      readonly electionTimeoutMs?: number;
      readonly execArgv?: readonly string[];
      readonly reachedAt?: (id: string, port: number) => string;
    } = {},
  ) {}

  /** Where the nodes hear each other. */
  get peerPorts(): readonly number[] {
    return this.ports;
  }

  async start(): Promise<this> {
    if (this.ports.length === 0) this.ports = await freePorts(3);
    this.doors = await freePorts(3 * this.ids.length);
    await Promise.all(this.ids.map((id) => this.startOne(id)));
    await this.leader();
    return this;
  }

  /** Starts a node again, on the ports it had. */
  async startOne(id: string): Promise<void> {
    const { flags = [], execArgv = [], electionTimeoutMs = ELECTION_TIMEOUT_MS } = this.wish;
    const { reachedAt = (_, port) => `127.0.0.1:${port}` } = this.wish;
    const addresses = this.ids.map((each, i) => reachedAt(each, this.ports[i] as number));
    const bootstrap = this.ids.map((each, i) => `${each}=${addresses[i]}`).join(",");
    const place = this.ids.indexOf(id as "n1");
    const [client, http, resp] = this.doors.slice(3 * place);
    const fronts = ["--client", `${client}`, "--http", `${http}`, "--resp", `${resp}`];
    const port = this.ports[place] as number;
    const advertised = ["--advertise", addresses[place] as string];
    const args = nodeArguments(this.workshop.directory, id, port, bootstrap);
    const timing = ["--election-timeout", `${electionTimeoutMs}`];
    const process = this.workshop.runUnder(execArgv, [...args, ...fronts, ...advertised, ...timing, ...flags]);
    this.running.set(id, { process, listening: (await process.ready) as Required<Listening> });
  }

  of(id: string): { readonly process: HexraftProcess; readonly listening: Required<Listening> } {
    const found = this.running.get(id);
    if (found === undefined) throw new Error(`${id} was never started`);
    return found;
  }

  get endpoints() {
    return this.ids.map((id) => ({ host: "127.0.0.1", port: portOf(this.of(id).listening.client) }));
  }

  respPort(id: string): number {
    return portOf(this.of(id).listening.resp);
  }

  async ask<T>(id: string, path: string): Promise<T> {
    const response = await fetch(`http://${this.of(id).listening.http}${path}`, {
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`${id} answers ${response.status}`);
    return (await response.json()) as T;
  }

  /** As any client asks: once more where there is no leader for the moment, or nobody can tell. What is asked here may be repeated. */
  http(id: string, path: string, request: RequestInit = {}): Promise<Response> {
    return until(`answer of ${id} to ${path}`, async () => {
      const answer = await fetch(`http://${this.of(id).listening.http}${path}`, request);
      return answer.status === 503 || answer.status === 504 ? undefined : answer;
    });
  }

  /** Waits for a leader that all running nodes follow, in each group. @returns the only one, or that of the first group. */
  async leader(running: readonly string[] = this.ids): Promise<string> {
    const [first] = (await this.leaders(running)).values();
    return first as string;
  }

  /** Waits until all running nodes agree on who leads what. */
  leaders(running: readonly string[] = this.ids): Promise<ReadonlyMap<string, string>> {
    return until("leaders that all follow", async () => {
      const asked = running.map((id) => this.ask<{ readonly groups: readonly ClusterGroup[] }>(id, "/v1/groups"));
      const said = (await Promise.all(asked)).map(({ groups }) => groups.map(({ group, leader }) => [group, leader]));
      const leaders = new Map(said[0] as [string, string][]);
      const agreed = said.every((each) => JSON.stringify(each) === JSON.stringify(said[0]));
      return agreed && [...leaders.values()].every((leader) => running.includes(leader)) ? leaders : undefined;
    });
  }

  /** Waits until all have the same state at the same index. */
  converged(): Promise<{ index: number; hash: string }> {
    return until("equal state hashes", async () => {
      const said = await Promise.all(this.ids.map((id) => this.ask<{ index: number; hash: string }>(id, "/v1/hash")));
      const [first] = said;
      return first !== undefined && said.every(({ index, hash }) => index === first.index && hash === first.hash)
        ? first
        : undefined;
    });
  }

  stop(): Promise<void> {
    return this.workshop.cleanUp();
  }
}

/** Looks until it finds something; fails after `withinMs`. */
export async function until<T>(what: string, look: () => Promise<T | undefined>, withinMs = 40_000): Promise<T> {
  const end = performance.now() + withinMs;
  let trouble: unknown;
  while (performance.now() < end) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      trouble = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no ${what} within ${withinMs / 1_000} s`, { cause: trouble });
}
