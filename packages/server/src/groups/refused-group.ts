import type { GroupId, NodeId } from "@hexraft/core";
import { RaftError } from "@hexraft/core/ports";
import type { KvService } from "../kv/kv-service.js";

/** G03: a group whose part of this node's directory is damaged: this node refuses it, and serves its other groups. */
export class RefusedGroup {
  /** @param damage - `Damaged`: file, range, and what to do. */
  constructor(
    private readonly nodeId: NodeId,
    readonly id: GroupId,
    private readonly damage: RaftError,
  ) {}

  /** What operators hear. */
  get reason(): RaftError {
    const { code, outcome, message, details } = this.damage;
    return new RaftError(code, outcome, `${this.nodeId} does not serve the group ${this.id}: ${message}`, details);
  }

  /** What callers hear: nothing was done, and another node may do it. */
  get askElsewhere(): RaftError {
    return new RaftError(
      "NoStateHere",
      "refused",
      `${this.nodeId} does not serve the group ${this.id}, for its disk is damaged there; ask another node.`,
    );
  }

  /** Its data, for whoever asks this node. */
  get kv(): KvService {
    const refuse = () => Promise.reject(this.askElsewhere);
    return {
      apply: refuse,
      openSession: refuse,
      read: refuse,
      readToken: () => {
        throw this.askElsewhere;
      },
    };
  }
}
