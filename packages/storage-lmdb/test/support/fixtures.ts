import { EntryType, LogBlock, type OpenLog } from "@hexraft/core/ports";

/** Who opens the log in these tests. */
export const OPEN: OpenLog = {
  nodeId: "n1",
  groupId: "main",
  newDirectoryId: "00000000000000d1",
  newIncarnation: "00000000000000a1",
};

/** A block of commands, `size` bytes each. */
export function block(first: number, count: number, term: number, size = 20): LogBlock {
  const payloads = Array.from({ length: count }, (_, i) => new Uint8Array(size).fill((first + i) % 251));
  return LogBlock.of(first, term, 1_000 + first, EntryType.command, payloads);
}
