import type { Configuration } from "../model/configuration.js";
import { encodeConfiguration } from "../model/configuration-layout.js";
import { RaftError } from "../model/errors.js";
import { encodeGate } from "../model/gate-layout.js";
import { BLOCK_HEADER_BYTES, ENTRY_HEADER_BYTES, EntryType, LogBlock } from "../model/log-block.js";
import { updateBook } from "./address-book.js";
import type { ProposalsSubmitted } from "./event.js";
import { syncPeers } from "./replicator-group.js";
import type { RaftState } from "./state.js";
import { notLeader } from "./term.js";

/*
 * A leader appends (§5.3). Rules R06, R10, R12, C01, C02, C03 (log time), M01.
 *
 * What one turn's callers brought becomes one block, cut only where a batch would grow too large. It is written and sent
 * side by side; the leader counts itself when its own write is durable.
 */

/** R10, R12: takes as many of the commands as there is room for, in order; the rest is refused, certainly not applied. */
export function onProposals(s: RaftState, { payloads, onlyInTerm }: ProposalsSubmitted): void {
  const refusal = whyNot(s, onlyInTerm);
  if (refusal !== undefined) {
    s.outbox.emit({ type: "ProposalsRefused", count: payloads.length, error: refusal });
    return;
  }
  const taken = appendWithinRoom(s, payloads);
  if (taken === payloads.length) return;
  const error = new RaftError(
    "Overloaded",
    "refused",
    `${s.log.unappliedBytes} bytes wait to be applied, and uncommittedBytesMax is ${s.options.uncommittedBytesMax}; try again shortly.`,
  );
  s.outbox.emit({ type: "ProposalsRefused", count: payloads.length - taken, error });
}

/** E15, E21: an entry that says only "this term has begun". Always enters (R12). */
export function appendEmpty(s: RaftState): void {
  appendBlock(s, EntryType.empty, [new Uint8Array(0)]);
}

/** M01: takes effect at once. Always enters (R12). */
export function appendConfiguration(s: RaftState, configuration: Configuration): void {
  appendBlock(s, EntryType.configuration, [encodeConfiguration(configuration)]);
  const entry = { id: s.log.last, configuration };
  s.configurations.append(entry);
  updateBook(s);
  s.outbox.emit({ type: "Notify", notice: { kind: "configuration", stage: "appended", entry } });
  syncPeers(s);
}

/** F05: from this entry on that format may be used. Always enters (R12). */
export function appendGate(s: RaftState, formatVersion: number): void {
  appendBlock(s, EntryType.versionGate, [encodeGate(formatVersion)]);
}

function whyNot(s: RaftState, onlyInTerm: number | undefined): RaftError | undefined {
  if (s.leadership === undefined || (onlyInTerm !== undefined && onlyInTerm !== s.term)) return notLeader(s);
  if (s.leadership.transfer === undefined) return undefined;
  return new RaftError("TransferRunning", "refused", "Leadership is being handed over; try again shortly.", {
    target: s.leadership.transfer.target,
  });
}

function appendWithinRoom(s: RaftState, payloads: readonly Uint8Array[]): number {
  const { batchEntriesMax, batchBytesMax, uncommittedBytesMax } = s.options;
  let from = 0;
  while (from < payloads.length) {
    let end = from;
    let bytes = BLOCK_HEADER_BYTES;
    while (end < payloads.length && end - from < batchEntriesMax) {
      const entryBytes = ENTRY_HEADER_BYTES + (payloads[end] as Uint8Array).length;
      // R10: one entry over the batch limit still goes, alone.
      if (end > from && bytes + entryBytes > batchBytesMax) break;
      // R12: but nothing goes beyond the bound on what is not applied; an empty log always takes one.
      if (s.log.unappliedBytes + bytes + entryBytes > uncommittedBytesMax && (end > from || s.log.unappliedBytes > 0))
        break;
      bytes += entryBytes;
      end++;
    }
    if (end === from) break;
    appendBlock(s, EntryType.command, from === 0 && end === payloads.length ? payloads : payloads.slice(from, end));
    s.outbox.emit({
      type: "ProposalsAccepted",
      first: s.log.last.index - (end - from) + 1,
      term: s.term,
      count: end - from,
    });
    from = end;
  }
  return from;
}

function appendBlock(s: RaftState, type: EntryType, payloads: readonly Uint8Array[]): void {
  const office = s.leadership;
  if (office === undefined) return;
  // C03: log time is the last entry's plus the leader's monotonic time since then, so it never falls and needs no wall clock.
  const logTimeMs = Math.floor(s.log.lastLogTimeMs + (s.now - office.logTimeMovedAt));
  office.logTimeMovedAt += logTimeMs - s.log.lastLogTimeMs;
  const block = LogBlock.of(s.log.last.index + 1, s.term, logTimeMs, type, payloads);
  s.log.append(block);
  s.outbox.persistBlock(block);
}
