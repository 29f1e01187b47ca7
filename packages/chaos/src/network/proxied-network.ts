import { FaultyNetwork } from "@hexraft/testing/proxy";
import { dialerOf } from "@hexraft/transport-tcp";
import type { ChaosNetwork } from "./chaos-network.js";
import { proxyFaults } from "./proxy-faults.js";

/** Peers reach each other through a proxy on this machine; clients reach them past it. */
export class ProxiedNetwork implements ChaosNetwork {
  private readonly links: FaultyNetwork;
  readonly faults: ChaosNetwork["faults"];

  constructor(
    private readonly ids: readonly string[],
    random: () => number,
  ) {
    this.links = new FaultyNetwork({ dialerOf, random });
    this.faults = proxyFaults(this.links);
  }

  async start(): Promise<readonly string[]> {
    await Promise.all(this.ids.map((id) => this.links.add(id)));
    return [];
  }

  peerAddressOf(id: string): string {
    return this.links.addressOf(id);
  }

  flagsOf(): readonly string[] {
    return [];
  }

  launcherOf(): readonly string[] {
    return [];
  }

  listens(id: string, peerPort: number): void {
    this.links.leadsTo(id, peerPort);
  }

  passes(from: string, to: string): boolean {
    return this.links.passes(from, to);
  }

  async heal(): Promise<void> {
    this.links.heal();
  }

  stop(): Promise<void> {
    return this.links.stop();
  }
}
