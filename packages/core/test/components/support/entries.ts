import { encodeGate } from "../../../src/model/gate-layout.js";
import { EntryType, LogBlock } from "../../../src/model/log-block.js";
import type { Logger } from "../../../src/ports/logger.js";

/** A block of commands; each payload is the index's last byte. */
export const commands = (first: number, count: number, term = 1): LogBlock =>
  LogBlock.of(
    first,
    term,
    first * 10,
    EntryType.command,
    Array.from({ length: count }, (_, i) => Uint8Array.of((first + i) & 0xff)),
  );

/** A block of one empty entry. */
export const emptyEntry = (index: number, term = 1): LogBlock =>
  LogBlock.of(index, term, index * 10, EntryType.empty, [new Uint8Array(0)]);

/** A block of one version gate. */
export const gate = (index: number, formatVersion: number): LogBlock =>
  LogBlock.of(index, 1, index * 10, EntryType.versionGate, [encodeGate(formatVersion)]);

/** A Logger that keeps what it is told. */
export const recordingLogger = (): Logger & { readonly lines: string[] } => {
  const lines: string[] = [];
  const write = (message: string, facts?: Readonly<Record<string, unknown>>) =>
    void lines.push(facts === undefined ? message : `${message} ${JSON.stringify(facts)}`);
  return { lines, debug: write, info: write, warn: write, error: write };
};

/** Lets every promise that can settle do so. */
export const settled = async (): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve));
};
