import type { LogIndex, LogWrite, NodeId, Term } from "@hexraft/core/ports";
import type { Role } from "@hexraft/core/protocol";
import { LogShadow } from "./log-shadow.js";

/** What the simulation knows of one node, beside what the node says of itself. */
export class NodeRecord {
  /** Lives begun. */
  life = 0;
  /** What the disk promised: every write that was resolved. */
  durable = new LogShadow();
  /** Writes handed to the disk and not resolved, in order: a crash keeps the first few of them, or none. */
  asked: LogWrite[] = [];
  /** As of the last step. */
  role: Role = "follower";
  term: Term = 0;
  commit: LogIndex = 0;
  /** Last entry that its state machine was handed, or that a snapshot brought it. */
  applied: LogIndex = 0;
  /** I8, across restarts: the highest term that it ever had. */
  highestTerm: Term = 0;

  constructor(readonly id: NodeId) {}

  /** The process began anew: only the disk is left. */
  begin(): void {
    this.life++;
    this.role = "follower";
    this.term = 0;
    this.commit = 0;
    this.applied = 0;
  }
}
