import { EntryType, LogBlock } from "../../src/model/log-block.js";
import type { LogId, LogIndex, Term } from "../../src/model/log-id.js";
import type { AppendEntries, AppendEntriesResponse } from "../../src/model/message.js";
import type { SnapshotMeta } from "../../src/model/snapshot-meta.js";
import type { Effect } from "../../src/protocol/effect.js";
import { Lab, type LabOptions } from "./lab.js";

/** Text as bytes. */
export const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** Consecutive commands of one term. */
export const commands = (first: LogIndex, term: Term, ...texts: string[]): LogBlock =>
  LogBlock.of(first, term, 0, EntryType.command, texts.map(bytes));

/** What a leader sends. */
export const append = (term: Term, prev: LogId, commit: LogIndex, ...blocks: LogBlock[]): AppendEntries => ({
  type: "AppendEntries",
  term,
  prev,
  commit,
  blocks,
});

/** The answer "I hold this, durably, up to `match`". */
export const accepted = (term: Term, match: LogIndex, last: LogIndex = match): AppendEntriesResponse => ({
  type: "AppendEntriesResponse",
  term,
  success: true,
  match,
  prevIndex: 0,
  hintIndex: 0,
  hintTerm: 0,
  last,
  needsSnapshot: 0,
});

/** The answer "your prev is not mine". */
export const refused = (term: Term, prevIndex: LogIndex, hint: LogId, last: LogIndex): AppendEntriesResponse => ({
  type: "AppendEntriesResponse",
  term,
  success: false,
  match: 0,
  prevIndex,
  hintIndex: hint.index,
  hintTerm: hint.term,
  last,
  needsSnapshot: 0,
});

/** The effects of one type. */
export const ordersOf = <K extends Effect["type"]>(
  effects: readonly Effect[],
  type: K,
): Extract<Effect, { type: K }>[] => effects.filter((each): each is Extract<Effect, { type: K }> => each.type === type);

/** Three nodes; b has entries of these terms from 2 on, all durable, and is in `term`. Entry 1 (term 0) is the configuration. */
export const followerB = (terms: readonly Term[], term: Term, options: LabOptions = {}): Lab =>
  new Lab(["a", "b", "c"], { ...options, logs: { b: terms }, hardStates: { b: { term } } });

/** A snapshot as the node itself would save it at `index`. */
export const metaAt = (lab: Lab, id: string, index: LogIndex): SnapshotMeta => ({
  id: { index, term: lab.raft(id).termAt(index) ?? 0 },
  configuration: lab.raft(id).configurationAt(index),
  logTimeMs: 0,
  formatVersion: 1,
  sizeBytes: 10,
  checksum: 1,
});

/** The node saved a snapshot at `index`. */
export const saveAt = (lab: Lab, id: string, index: LogIndex): readonly Effect[] =>
  lab.step(id, { type: "SnapshotSaved", meta: metaAt(lab, id, index) });
