import { RaftError } from "./errors.js";
import type { LogIndex } from "./log-id.js";

/** L03: entries that a disk held and no longer shows, and the bytes that held them. The entries around it are intact. */
export interface LogHole {
  /** First entry that is missing. */
  readonly first: LogIndex;
  /** Last entry that is missing. */
  readonly last: LogIndex;
  /** Path of the damaged file. */
  readonly file: string;
  /** Where the damage begins, bytes. */
  readonly offset: number;
  /** Its length, bytes. */
  readonly length: number;
}

/** In words: which bytes of which file, and which entries were in them. */
export const holeText = ({ first, last, file, offset, length }: LogHole): string =>
  `${file} is damaged at bytes ${offset}–${offset + length - 1}, which held entries ${first}–${last}`;

/** What a read of a hole is rejected with, by a storage that can put the entries back. */
export const holeError = (hole: LogHole): RaftError =>
  new RaftError("Damaged", "refused", `${holeText(hole)}. They are to be had from other members.`, { ...hole });

/** Whether a read was rejected for a hole that can be repaired. */
export const isHole = (error: unknown): boolean =>
  error instanceof RaftError && error.code === "Damaged" && typeof error.details["first"] === "number";
