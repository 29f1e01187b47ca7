import { NO_FORMATS } from "../model/formats.js";
import type { AppendEntriesResponse, InstallSnapshot } from "../model/message.js";
import type { FormatOpened } from "./event.js";
import { appendGate } from "./proposing.js";
import type { Replicator } from "./replicator.js";
import type { RaftState } from "./state.js";

/*
 * When a new format of commands may be used (rolling upgrade). Rule F05.
 *
 * A member whose state machine knows a newer format than the one in force says so with what it acknowledges. Once all
 * have said it the leader appends a gate, and whoever applies that uses the new format from there on: the same place of
 * the log on every replica. A member that knows less is never sent what it cannot read; a group whose members all know the
 * same says nothing and appends nothing.
 */

/**
 * The newest format this replica knows, as long as it is news: newer than the open one, or nothing is applied here yet. Whoever does not vote always
 * says it: it may be made a voter by a leader that never heard it, though it was away, with a state, when the gate was passed, and knows less.
 */
export function announced(s: RaftState): Pick<AppendEntriesResponse, "announces"> {
  const { formats, applied } = s;
  if (formats.known === NO_FORMATS.known) return {};
  const isNews = formats.known > formats.open || applied === 0 || !s.isVoter;
  return isNews ? { announces: formats.known } : {};
}

/** Opens what every member knows. Part of every step of a leader. */
export function considerGate(s: RaftState): void {
  const { formats, leadership: office } = s;
  if (formats.known <= formats.open || office === undefined) return;
  // Until then an earlier leader's gate may be on its way to this state.
  if (s.applied < office.firstEntry) return;
  const formatVersion = knownByAll(s, formats.known);
  if (formatVersion <= Math.max(formats.open, office.gate)) return;
  office.gate = formatVersion;
  appendGate(s, formatVersion);
}

/** The newest format that every member with a state said it knows; 0 while one of them has said nothing. */
function knownByAll(s: RaftState, known: number): number {
  const { members, witnesses } = s.configurations.current;
  let least = known;
  for (const { id } of members) {
    if (s.isSelf(id) || witnesses.includes(id)) continue;
    const peer = s.leadership?.peers.get(id);
    if (peer?.isWitness !== true) least = Math.min(least, peer?.announces ?? 0);
  }
  return least;
}

/** A gate was applied here. */
export function onFormatOpened(s: RaftState, { formatVersion, index }: FormatOpened): void {
  opened(s, formatVersion);
  s.outbox.emit({ type: "Notify", notice: { kind: "format", formatVersion, index } });
}

/** A gate, or a snapshot that was written behind one. */
export function opened(s: RaftState, formatVersion: number): void {
  if (formatVersion > s.formats.open) s.formats = { ...s.formats, open: formatVersion };
}

/** Why a newcomer may not become a voter, if it said what it knows and that is too little. */
export function whyTooOld(s: RaftState, { id, announces }: Replicator): string | undefined {
  const open = Math.max(s.formats.open, s.leadership?.gate ?? 0);
  if (announces === 0 || announces >= open) return undefined;
  return `${id} knows format ${announces} of the state machine, and format ${open} is open here; install the newer release on it first`;
}

/** A snapshot whose bytes this replica's state machine cannot read is not even received. */
export function isUnreadable(s: RaftState, { meta }: InstallSnapshot): boolean {
  const { known } = s.formats;
  if (known === NO_FORMATS.known || meta.formatVersion <= known) return false;
  if (!s.hasToldFormat) {
    s.hasToldFormat = true;
    const reason = `the leader's snapshot has format ${meta.formatVersion}, and the state machine here knows ${known}: install the newer release`;
    s.outbox.emit({ type: "Notify", notice: { kind: "error", reason } });
  }
  return true;
}
