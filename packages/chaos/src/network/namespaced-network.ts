import type { ChaosNetwork } from "./chaos-network.js";
import type { Deed, Net, Victims } from "./deed.js";
import { hostTool } from "./host-tool.js";
import { namespaceFaults } from "./namespace-faults.js";

/** RFC 2544: addresses for trials of networks, which nobody routes. The first is for the nodes among themselves, the second for clients. */
const NETS: Readonly<Record<Net, string>> = { peers: "198.18.0", clients: "198.18.1" };
/** The host's own address in the clients' net; nodes count from 1. */
const HOST_PART = 254;
/** Each node has its own addresses, so all use the same ports. */
const PORT = { peer: 7400, client: 7401, http: 7402 } as const;

/**
 * Real nodes in real network namespaces: each has one link into the peers' net and one into the clients', and a bridge of the host joins
 * each net. What goes wrong, the kernel does: routes that lead nowhere, links that are down, queues that are slow, short or lossy.
 *
 * It has to run in a room ({@link runInRoom}), which takes all of it away in the end.
 */
export class NamespacedNetwork implements ChaosNetwork, Victims {
  faults: ChaosNetwork["faults"] = [];
  private deeds: Deed[] = [];
  /** One thing after the other: what is put right must not meet what goes wrong next. */
  private work: Promise<void> = Promise.resolve();

  constructor(private readonly ids: readonly string[]) {}

  async start(): Promise<readonly string[]> {
    await hostTool(["mount", "-t", "tmpfs", "tmpfs", "/run"]);
    const nets = Object.keys(NETS) as Net[];
    const bridges = nets.flatMap((net) => [`link add ${net} type bridge`, `link set ${net} up`]);
    const links = this.ids.flatMap((id) => [
      `netns add ${id}`,
      ...nets.flatMap((net) => [
        `link add ${portOf(id, net)} type veth peer name ${net} netns ${id}`,
        `link set ${portOf(id, net)} master ${net} up`,
      ]),
    ]);
    const host = `addr add ${NETS.clients}.${HOST_PART}/24 dev clients`;
    await ip("", ["link set lo up", ...bridges, host, ...links]);
    for (const id of this.ids) {
      const own = nets.flatMap((net) => [`addr add ${this.hostOf(id, net)}/24 dev ${net}`, `link set ${net} up`]);
      await ip(id, ["link set lo up", ...own]);
    }
    const { faults, leftOut } = await namespaceFaults(this);
    this.faults = faults;
    return leftOut;
  }

  peerAddressOf(id: string): string {
    return `${this.hostOf(id, "peers")}:${PORT.peer}`;
  }

  flagsOf(id: string): readonly string[] {
    const doors = (["client", "http"] as const).flatMap((door) => [
      `--${door}`,
      `${this.hostOf(id, "clients")}:${PORT[door]}`,
    ]);
    return ["--listen", this.peerAddressOf(id), "--plaintext", ...doors, "--open-doors", "--plaintext-doors"];
  }

  launcherOf(id: string): readonly string[] {
    return ["ip", "netns", "exec", id];
  }

  listens(): void {
    // Where it was told to.
  }

  hostOf(id: string, net: Net): string {
    return `${NETS[net]}.${this.ids.indexOf(id) + 1}`;
  }

  inflict(deeds: readonly Deed[]): Promise<void> {
    return this.next(async () => {
      for (const deed of deeds) {
        await run(deed.at, deed.tool, [deed.words]);
        this.deeds.push(deed);
      }
    });
  }

  async reset(ids: readonly string[] = this.ids): Promise<number> {
    let ends = 0;
    await this.next(async () => {
      for (const id of ids) {
        const words = ["-n", "-H", "-K", "-t", "dst", `${NETS.peers}.0/24`] as const;
        const said = await hostTool(["ip", "netns", "exec", id, "ss", ...words]);
        ends += said.split("\n").filter((line) => line !== "").length;
      }
    });
    return ends;
  }

  passes(from: string, to: string): boolean {
    return !this.deeds.some(({ loses }) => loses?.(from, to));
  }

  heal(): Promise<void> {
    return this.next(async () => {
      for (const { at, tool, back } of this.deeds.splice(0).toReversed()) await run(at, tool, [back]);
    });
  }

  async stop(): Promise<void> {
    await this.work.catch(() => {});
  }

  private next(step: () => Promise<void>): Promise<void> {
    this.work = this.work.then(step);
    return this.work;
  }
}

/** The host's end of a node's link into a net. */
const portOf = (id: string, net: Net): string => `${id}-${net}`;

/** Runs the tool in a namespace, a line after the other. */
async function run(at: string, tool: "ip" | "tc", lines: readonly string[]): Promise<void> {
  await hostTool([tool, ...(at === "" ? [] : ["-n", at]), "-batch", "-"], `${lines.join("\n")}\n`);
}

const ip = (at: string, lines: readonly string[]): Promise<void> => run(at, "ip", lines);
