import { RaftError } from "@hexraft/core/ports";

/** What `hexraft` says to the shell that started it; scripts and supervisors may rely on these numbers. */
export const ExitCode = {
  ok: 0,
  failed: 1,
  /** A flag, a field of the config file or an option is wrong (O05). */
  usage: 2,
  /** A port is taken by another process. */
  addressInUse: 3,
  /** Another process holds the data directory (L11). */
  directoryLocked: 4,
  /** The data directory belongs to another node, group or cluster (L10). */
  identityMismatch: 5,
  /** The data directory has a format that is not known here, or is damaged (L03, L10). */
  unreadable: 6,
  /** The group stopped in place and cannot go on without a restart (L04, E17). */
  halted: 7,
  /** Nobody can tell whether it was done (C02). */
  unknown: 8,
} as const;

/** The exit code that fits what went wrong. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof RaftError)) return ExitCode.failed;
  switch (error.code) {
    case "BadOption":
      return ExitCode.usage;
    case "AddressInUse":
      return ExitCode.addressInUse;
    case "DirectoryLocked":
      return ExitCode.directoryLocked;
    case "IdentityMismatch":
      return ExitCode.identityMismatch;
    case "FormatUnknown":
    case "Damaged":
      return ExitCode.unreadable;
    case "Halted":
    case "StorageFailed":
      return ExitCode.halted;
    default:
      return ExitCode.failed;
  }
}
