import type { Incarnation, LogIndex, LogWrite, NodeId, Term } from "@hexraft/core/ports";
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
  /** L03: of what it promised up to here, its disk has forgotten some: as of its last opening; 0: nothing. */
  forgottenUpTo: LogIndex = 0;
  /** M13: who it is, as of its last opening; empty before that, and after its disk was wiped. */
  incarnation: Incarnation = "";
  /** What replicas held that once had this name, when their disks were lost. */
  readonly former = new Map<Incarnation, LogShadow>();
  /** As of the last step. */
  role: Role = "follower";
  term: Term = 0;
  commit: LogIndex = 0;
  /** Last entry of its log, in memory. */
  last: LogIndex = 0;
  /** Last entry that its state machine was handed, or that a snapshot brought it. */
  applied: LogIndex = 0;
  /** I8, across restarts: the highest term that it ever had. */
  highestTerm: Term = 0;

  constructor(
    readonly id: NodeId,
    /** M12: it runs as a witness, in all its lives. */
    readonly isWitness = false,
  ) {}

  /** What this incarnation promised: of one whose disk was lost, up to then. */
  promisedBy(incarnation: Incarnation): LogShadow {
    return this.former.get(incarnation) ?? this.durable;
  }

  /** Its disk is empty: whatever comes up next is somebody else (M13). */
  wiped(): void {
    if (this.incarnation !== "") this.former.set(this.incarnation, this.durable);
    this.incarnation = "";
    this.durable = new LogShadow();
    this.asked = [];
    this.begin();
  }

  /** Its disk is copied; what is returned says that the copy took the disk's place, and with it all promises since. */
  copied(): () => void {
    const { durable, asked } = this;
    const kept = durable.clone();
    const underWay = asked.slice();
    return () => {
      this.durable = kept;
      this.asked = underWay;
    };
  }

  /** The process began anew: only the disk is left. */
  begin(): void {
    this.life++;
    this.role = "follower";
    this.term = 0;
    this.commit = 0;
    this.last = 0;
    this.applied = 0;
  }
}
