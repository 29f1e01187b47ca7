import type { Envelope, NodeId, PeerAddress, StartNumber } from "@hexraft/core/ports";
import type { Host } from "../host.js";
import { type Hello, helloOf } from "../wire/handshake.js";
import { Link } from "./link.js";

/** What the connections that leave bring about, and what they ask. */
export interface LinksEvents {
  /** The incarnations that are meant, group by group, of a peer that is being dialled. */
  meant(id: NodeId): Hello["meant"];
  /** T03: the nodes that this one vouches for. */
  vouched(): readonly NodeId[];
  /** A well-formed answer of a peer that was dialled. */
  onMessage(envelope: Envelope, from: NodeId, startNumber: StartNumber): void;
  /** Somebody came or went. */
  onChange(reason: string): void;
}

/** The connections that this node dials for its messages: one for each peer in any book. */
export class Links {
  private readonly all = new Map<NodeId, Link>();

  constructor(
    private readonly host: Host,
    private readonly events: LinksEvents,
  ) {}

  /** The one to that node. */
  of(id: NodeId): Link | undefined {
    return this.all.get(id);
  }

  /** Makes them what the books say: one for each peer, none for anybody else. `isNews`: they hear whom we know now. */
  keep(peers: ReadonlyMap<NodeId, PeerAddress>, isNews: boolean): void {
    for (const [id, link] of this.all) {
      if (peers.has(id)) continue;
      this.all.delete(id);
      link.close("no group knows it any more");
    }
    for (const { id, address } of peers.values()) {
      const link = this.all.get(id);
      link?.moveTo(address);
      if (isNews) link?.ping();
      link?.nudge(); // another incarnation may be meant now, which opens the door that was closed to us
      if (link === undefined && id !== this.host.local().nodeId) this.all.set(id, this.make(id, address));
    }
  }

  /** A peer came in, and who it is: if we were waiting to call it, now is the time. */
  heardOf({ nodeId, directoryId, startNumber }: Pick<Hello, "nodeId" | "directoryId" | "startNumber">): void {
    const link = this.all.get(nodeId);
    link?.outlive(directoryId, startNumber);
    link?.nudge();
  }

  /** All that wait to call again do it now. */
  nudge(): void {
    for (const link of this.all.values()) link.nudge();
  }

  /** All of them are made anew. */
  redial(reason: string): void {
    for (const link of this.all.values()) link.redial(reason);
  }

  /** Who is connected, and in which run. */
  nodes(): ReadonlyMap<NodeId, StartNumber> {
    const linked = new Map<NodeId, StartNumber>();
    for (const [id, { startNumber }] of this.all) if (startNumber !== undefined) linked.set(id, startNumber);
    return linked;
  }

  /** Gives silent ones up. */
  tick(judgeMs: number | undefined): void {
    for (const link of this.all.values()) link.tick(judgeMs);
  }

  /** Ends all of them. */
  close(reason: string): void {
    for (const link of this.all.values()) link.close(reason);
    this.all.clear();
  }

  /** O01. */
  describe(): Readonly<Record<NodeId, unknown>> {
    return Object.fromEntries([...this.all].map(([id, link]) => [id, link.describe()]));
  }

  private make(id: NodeId, address: string): Link {
    const { events, host } = this;
    return new Link(host, id, address, {
      hello: () => helloOf(host.local(), host.versions, { purpose: "messages", to: id, meant: events.meant(id) }),
      onChange: (reason) => events.onChange(reason),
      vouched: () => events.vouched(),
      onMessage: (envelope, startNumber) => events.onMessage(envelope, id, startNumber),
    });
  }
}
