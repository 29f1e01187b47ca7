import type { NodeId } from "@hexraft/core/ports";
import type { Groups } from "../groups.js";
import type { Host } from "../host.js";
import type { Refusal } from "./admission.js";
import type { Connection } from "./connection.js";
import type { Inbounds } from "./inbounds.js";

/** Somebody who was let in. */
interface Visitor {
  readonly id: NodeId;
  /** Since when it is no member any more: monotonic ms. */
  outsideSinceMs: number | undefined;
}

/**
 * T03: who may come in, and who may stay. With `admit: "members"` these are the nodes in the books here, and those that
 * one of them vouches for: a node that was away while others were made members would otherwise keep out the very node
 * that has to tell it so, or that needs its vote (E19). A group that knows no members yet lets in all of its cluster.
 */
export class Doorkeeper {
  private members: ReadonlySet<NodeId> = new Set();
  private readonly inside = new Map<Connection, Visitor>();

  constructor(
    private readonly host: Host,
    private readonly groups: Groups,
    private readonly inbounds: Inbounds,
  ) {}

  /** Whom this node vouches for. */
  get vouched(): readonly NodeId[] {
    return [...this.members];
  }

  /** Who is in the books; returns whether others are than before. */
  setMembers(members: ReadonlySet<NodeId>): boolean {
    const isNews = members.size !== this.members.size || [...members].some((id) => !this.members.has(id));
    this.members = members;
    return isNews;
  }

  /** Why that node may not come in, if it may not. */
  refusal(id: NodeId): Refusal | undefined {
    if (this.isAdmitted(id)) return undefined;
    const reason = `${id} is no member of a group here, and no member vouches for it; add it first, or start this node with admit: cluster`;
    return { code: "NotMember", reason };
  }

  /** It was let in. */
  admit(connection: Connection, id: NodeId): void {
    this.inside.set(connection, { id, outsideSinceMs: undefined });
  }

  /**
   * Looks who is there that should not be: nodes that were removed, certificates that have run out, and peers that keep a
   * connection busy with next to nothing; these unless `judgeMs` says that this process was paused itself.
   */
  tick(nowMs: number, judgeMs: number | undefined): void {
    const { silenceMaxMs } = this.host.options;
    for (const [connection, visitor] of this.inside) {
      if (this.isAdmitted(visitor.id)) visitor.outsideSinceMs = undefined;
      else visitor.outsideSinceMs ??= nowMs;
      const outsideMs = nowMs - (visitor.outsideSinceMs ?? nowMs);
      const refusal = outsideMs > this.host.options.leaverGraceMs ? this.refusal(visitor.id) : undefined;
      if (refusal !== undefined) connection.refuse(refusal);
      else if (isExpired(connection))
        connection.refuse({ code: "Identity", reason: `the certificate of ${visitor.id} has expired` });
      else if (judgeMs !== undefined && connection.isTrickling(judgeMs, silenceMaxMs))
        connection.close(`less than a frame came in ${silenceMaxMs} ms`);
      if (connection.isClosed) this.inside.delete(connection);
    }
  }

  /** Everybody has to prove anew who it is. */
  emptyTheHouse(reason: string): void {
    for (const connection of this.inside.keys()) connection.close(reason);
    this.inside.clear();
  }

  private isAdmitted(id: NodeId): boolean {
    if (this.host.options.admit === "cluster" || this.groups.isOpen) return true;
    return this.members.has(id) || this.inbounds.isVouchedFor(id, this.members);
  }
}

/** T03: whether the certificate that the other side showed is in force no more. */
export const isExpired = ({ isClosed, proof }: Pick<Connection, "isClosed" | "proof">): boolean =>
  !isClosed && proof !== undefined && proof.validUntilMs < Date.now();
