/** Something done to the network of one node, or of the host (`""`), and what takes it back. */
export interface Deed {
  /** The node in whose namespace it is done; empty: the host's. */
  readonly at: string;
  /** The tool. */
  readonly tool: "ip" | "tc";
  /** Its words. */
  readonly words: string;
  /** Those that take it back. */
  readonly back: string;
  /** Whether it loses all packets of the one node to the other; absent: it loses none, or some. */
  readonly loses?: (from: string, to: string) => boolean;
}

/** Where each node has one link into the peers' net and one into the clients'. */
export type Net = "peers" | "clients";

/** Nodes in network namespaces, as faults meet them. */
export interface Victims {
  /** The address of a node in a net. */
  hostOf(id: string, net: Net): string;
  /** Lets all of this go wrong, until it is healed. */
  inflict(deeds: readonly Deed[]): Promise<void>;
  /** Ends these nodes' connections to others, at their own end: they hear of it at once, the others when they next send. @returns how many. */
  reset(ids?: readonly string[]): Promise<number>;
}
