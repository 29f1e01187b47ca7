import type { DirectoryId, Envelope, NodeId, StartNumber } from "@hexraft/core/ports";
import type { Host } from "../host.js";
import type { Hello } from "../wire/handshake.js";
import type { Connection } from "./connection.js";
import { Inbound } from "./inbound.js";

/** What the connections that came in bring about. */
export interface InboundsEvents {
  /** A well-formed message of a peer that was let in. */
  onMessage(envelope: Envelope, from: NodeId, startNumber: StartNumber): void;
  /** Somebody came or went. */
  onChange(reason: string): void;
}

/** The connections that peers dialled for their messages: one per directory, the newest. */
export class Inbounds {
  private readonly all = new Map<DirectoryId, Inbound>();

  constructor(
    private readonly host: Host,
    private readonly events: InboundsEvents,
  ) {}

  /** A peer was let in. T11: an older life of the same directory hears why it is left. */
  admit(connection: Connection, hello: Hello): Inbound {
    const { directoryId, nodeId, startNumber } = hello;
    const inbound = new Inbound(this.host, connection, hello, {
      onMessage: (envelope, from, start) => this.events.onMessage(envelope, from, start),
      onClosed: (closed, reason) => {
        if (this.all.get(directoryId) === closed) this.all.delete(directoryId);
        this.events.onChange(reason);
      },
    });
    const before = this.all.get(directoryId);
    this.all.delete(directoryId); // so that the newest stands last
    this.all.set(directoryId, inbound);
    if (before !== undefined && before.hello.startNumber < startNumber)
      before.refuse("OlderStart", `start ${startNumber} of ${nodeId} is here now; stop the older process`);
    else before?.close("replaced by a newer connection of the same process");
    this.events.onChange("its connection was replaced");
    return inbound;
  }

  /** The newest connection of that node. */
  newest(id: NodeId): Inbound | undefined {
    let newest: Inbound | undefined;
    for (const inbound of this.all.values()) if (inbound.hello.nodeId === id) newest = inbound;
    return newest;
  }

  /** Who is connected, and in which run. */
  nodes(): ReadonlyMap<NodeId, StartNumber> {
    return new Map([...this.all.values()].map(({ hello }) => [hello.nodeId, hello.startNumber]));
  }

  /** T03: whether a peer that is one of `members` vouches for that node. */
  isVouchedFor(id: NodeId, members: ReadonlySet<NodeId>): boolean {
    for (const { hello, vouched } of this.all.values())
      if (members.has(hello.nodeId) && vouched.includes(id)) return true;
    return false;
  }

  /** Gives silent ones up. */
  tick(judgeMs: number | undefined): void {
    for (const inbound of this.all.values()) inbound.tick(judgeMs);
  }
}
