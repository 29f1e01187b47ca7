import type { NodeId } from "./node-id.js";

/**
 * C02: what an error says about the operation. `refused`: certainly not applied, and never will be.
 * `unknown`: it may have been applied, or may still be.
 */
export type Outcome = "refused" | "unknown";

/** Stable codes of operating errors; a program may switch over them. */
export type ErrorCode =
  | "NotLeader"
  | "LeadershipLost"
  | "Overloaded"
  | "EntryTooLarge"
  | "TransferRunning"
  | "ChangeRunning"
  | "ChangeRefused"
  | "TransferRefused"
  | "ElectionRefused"
  | "ReadTimeout"
  | "NoStateHere"
  | "TokenRefused"
  | "DeadlineExceeded"
  | "Cancelled"
  | "Stopped"
  | "NotStarted"
  | "Halted"
  | "StorageFailed"
  | "StateMachineFaulted"
  | "BadOption"
  | "BadCommand"
  | "BadMessage"
  | "BindingMissing"
  | "BootstrapRefused"
  | "RecoveryRefused"
  | "IdentityMismatch"
  | "DirectoryLocked"
  | "FormatUnknown"
  | "Damaged"
  | "AddressInUse"
  | "ConnectionLost"
  | "AccessDenied"
  | "SnapshotFailed"
  | "SessionExpired"
  | "AlreadyAcknowledged"
  | "ResultNotKept";

/** An error of operation: what happened, where, and what to do next, with a stable code and an outcome. */
export class RaftError extends Error {
  /** Name of the class. */
  override readonly name: string = "RaftError";
  /**
   * An error that says what to do.
   *
   * @param message - what, where, and what to do next.
   */
  constructor(
    /** Stable code. */
    readonly code: ErrorCode,
    /** What it says about the operation. */
    readonly outcome: Outcome,
    message: string,
    /** Further facts, e.g. the leader's id and address. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }

  /** Whether the same call may succeed later or elsewhere without a change to it. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}

const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "NotLeader",
  "LeadershipLost",
  "Overloaded",
  "TransferRunning",
  "ChangeRunning",
  "ReadTimeout",
  "NoStateHere",
  "Stopped",
  "NotStarted",
]);

/** C01: the node asked is not the leader; carries the leader's id and address if they are known. */
export class NotLeader extends RaftError {
  /** Name of the class. */
  override readonly name = "NotLeader";
  /** Says whom to ask instead. */
  constructor(
    /** The leader, if known. */
    readonly leader: NodeId | null,
    /** Where the leader's transport listens, if known. */
    readonly leaderAddress: string | null,
  ) {
    super(
      "NotLeader",
      "refused",
      leader === null
        ? "This node is not the leader and knows of none at the moment; try again shortly or ask another node."
        : `This node is not the leader; ask ${leader} at ${leaderAddress ?? "an address not known here"}.`,
      { leader, leaderAddress },
    );
  }
}

/** An impossible state: the node stops in place, says why, and says nothing else any more. */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
  constructor(
    /** The rule, with its id first. */
    readonly rule: string,
    /** Evidence. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(`invariant violated: ${rule} ${JSON.stringify(details)}`);
  }
}

/**
 * Halts the node if `condition` is false. Stays on in production: a node that has seen the impossible must not go on.
 *
 * @param rule - begins with the rule's id, e.g. `R08 the commit index never goes back`.
 */
export function invariant(
  condition: boolean,
  rule: string,
  details?: Readonly<Record<string, unknown>>,
): asserts condition {
  if (!condition) throw new InvariantViolation(rule, details);
}
