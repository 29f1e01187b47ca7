import type { Checksum } from "@hexraft/core/ports";
import type { Job } from "./job.js";
import type { GroupOperation, PlacedOperation } from "./record.js";
import type { Segment } from "./segment.js";
import type { SegmentFiles } from "./segment-files.js";
import type { Chain } from "./segment-footer.js";

/**
 * What a log says: of one replica, or of many groups. The writer knows how batches reach the disk, the book what is in them
 * and which segments hold it.
 */
export interface Book {
  /** The segment that is appended to. */
  readonly active: Segment;
  /** The active one was closed, and this one follows it. */
  push(next: Segment): void;
  /** L08: what a segment's first batch repeats, so that no earlier segment is needed for it. */
  carriedOver(): readonly GroupOperation[];
  /** L03: what a batch says again from time to time, so that bytes before it may be lost without a doubt about what they said. */
  standing(): readonly GroupOperation[];
  /** Of what was asked for, what still makes sense now that its batch is laid down. */
  admit(operations: readonly GroupOperation[]): readonly GroupOperation[];
  /** The number of a group's next record. */
  next(group: number): number;
  /** These records stand in the active segment; whether they are durable shows later. */
  took(placed: readonly PlacedOperation[]): void;
  /** What closes the active segment; without a byte: its batches alone tell where it ends. */
  foot(chain: Omit<Chain, "sequence">, checksum: Checksum): Uint8Array;
  /** These jobs are durable: what is not needed any more may go. */
  written(jobs: readonly Job[], pen: Pen): void;
  /** Gives the files back. */
  close(): void;
}

/** What a book may ask of its writer. */
export interface Pen {
  readonly files: SegmentFiles;
  /** Whether nothing that is not asked for may be appended any more. */
  isClosing(): boolean;
  /** Appends with the next batch; rejects if the writer dies. */
  append(operations: readonly GroupOperation[]): Promise<void>;
  /** Runs behind what was put there before, unless the writer died; an error is its death. */
  inBackground(work: () => Promise<void>): void;
}
