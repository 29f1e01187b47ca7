import type { LogBlock } from "../model/log-block.js";
import { holeText, type LogHole } from "../model/log-hole.js";
import type { LogIndex, Term } from "../model/log-id.js";
import type { RepairResponse } from "../model/message.js";
import type { ReplicaId } from "../model/node-id.js";
import { updateBook } from "./address-book.js";
import { acknowledge, configurationsIn } from "./append-entries.js";
import type { LogDamaged, LogRepaired } from "./event.js";
import { halt } from "./halting.js";
import { joined, type Repair, within, without } from "./holes.js";
import type { RaftState } from "./state.js";
import { becomeFollower } from "./term.js";

/*
 * A log with a hole is filled up again by the others ("Protocol-aware recovery for consensus-based storage", FAST'18).
 * Rules L03, S11, E19.
 *
 * Bytes that were durable are wrong. To cut them off like a torn tail could lose the one copy that made a majority: so
 * nothing is cut. Until the hole is filled this node votes for nobody, does not stand, and acknowledges and applies
 * nothing above it; its terms and its end it still knows, so that its log goes on meanwhile.
 */

/** Most bytes of entries that are fetched before they are written: the disk rewrites a whole file for each part. */
export const REPAIR_BYTES_MAX = 16 * 1024 * 1024;

/** The disk found bytes wrong that it had held: the node takes no part in decisions until they are back. */
export function onLogDamaged(s: RaftState, { hole }: LogDamaged): void {
  const known = s.repair?.holes ?? [];
  if (known.some(({ first, last }) => first <= hole.first && hole.last <= last)) return;
  const holes = within(joined([...known, hole]), s.log.base.index, s.log.last.index);
  if (holes.length === 0) return;
  s.outbox.emit({ type: "Notify", notice: { kind: "damage", stage: "found", hole } });
  if (s.role !== "follower") becomeFollower(s, null, "its log is damaged");
  const fresh = { fetched: [], isWriting: false, turn: 0, isCompacted: false, progressAt: s.now };
  s.repair = { asked: undefined, ...fresh, ...s.repair, holes };
}

/**
 * Part of every step: whatever closed a hole (a repair, a truncation, a snapshot) needs no path of its own. The next one
 * is asked for; after the last one the node takes part again.
 */
export function goOnRepairing(s: RaftState): void {
  const { repair } = s;
  if (repair === undefined || repair.isWriting) return;
  repair.holes = within(repair.holes, s.log.base.index, s.log.last.index);
  if (repair.isCompacted) coverHole(s, repair);
  const [hole] = repair.holes;
  if (hole === undefined) {
    s.repair = undefined;
    if (s.forgotten === undefined) s.disarm("repair");
    if (s.verified > 0) acknowledge(s);
  } else if (hole.first !== repair.asked?.first || hole.last !== repair.asked.last) {
    Object.assign(repair, { asked: hole, fetched: [], turn: 0, isCompacted: false });
    ask(s, repair);
  }
}

/** Somebody answered. What it sends is a fact of the past, so that also a late answer may be used. */
export function onRepairResponse(s: RaftState, message: RepairResponse): void {
  const { repair } = s;
  const hole = repair?.holes[0];
  if (repair === undefined || hole === undefined || repair.isWriting) return s.drop("repair of what is whole");
  if (message.first !== wanted(repair, hole) || message.last !== hole.last) return s.drop("repair of another range");
  if (message.blocks.length === 0 || !isTrusted(s, repair, hole, message)) {
    if (message.base >= message.first) repair.isCompacted = true;
    return s.drop("repair that cannot be used");
  }
  if (configurationsIn(message.blocks) === undefined) return s.drop("malformed configuration entry");
  const { witness } = s.options;
  if (!witness && message.blocks.some(({ isBare }) => isBare)) return s.drop("entries without payloads");
  repair.fetched = [...repair.fetched, ...message.blocks.map((block) => (witness ? block.bare(true) : block))];
  repair.progressAt = s.now;
  const bytes = repair.fetched.reduce((sum, block) => sum + block.sizeBytes, 0);
  if (wanted(repair, hole) <= hole.last && bytes < REPAIR_BYTES_MAX) return ask(s, repair);
  repair.isWriting = true;
  s.outbox.emit({ type: "RepairLog", blocks: repair.fetched });
}

/** The disk holds these entries again. */
export function onLogRepaired(s: RaftState, { blocks }: LogRepaired): void {
  const { repair } = s;
  if (repair === undefined) return;
  const { first } = blocks[0] as LogBlock;
  const { last, logTimeMs } = blocks.at(-1) as LogBlock;
  for (const hole of repair.holes)
    if (hole.last >= first && hole.last <= last)
      s.outbox.emit({ type: "Notify", notice: { kind: "damage", stage: "repaired", hole } });
  takeConfigurations(s, blocks);
  if (last === s.log.last.index) s.log.lastLogTimeMs = logTimeMs;
  Object.assign(repair, { isWriting: false, asked: undefined, progressAt: s.now });
  repair.holes = without(repair.holes, first, last);
}

/** Nobody answered, or nobody could help so far: somebody else is asked, for as long as there is time. */
export function repairTimerFired(s: RaftState): void {
  const { repair } = s;
  if (repair === undefined) return;
  // A snapshot on its way in makes the hole needless, too.
  if (s.install !== undefined) repair.progressAt = s.now;
  if (repair.isWriting) return s.arm("repair", s.T / 2);
  repair.turn++;
  if (s.now - repair.progressAt >= s.options.repairTimeoutMs) return giveUp(s, repair);
  // S11: what all others have compacted is in their snapshots, and the leader is asked for one.
  const [hole] = repair.holes;
  if (repair.isCompacted && hole !== undefined && repair.turn % providers(s).length === 0)
    s.restoring = Math.max(s.restoring, 1, hole.last - 1);
  ask(s, repair);
}

/**
 * Others have only snapshots of what is missing; where our own reaches as far, and our state with it, the log may begin
 * behind it just as well.
 */
function coverHole(s: RaftState, repair: Repair): void {
  const hole = repair.holes[0];
  const covered = s.snapshot?.id.index ?? 0;
  if (hole === undefined || covered < hole.first || s.applied < covered) return;
  const index = Math.min(hole.last, covered);
  const base = { index, term: s.log.termAt(index) as Term };
  s.log.compactTo(base);
  s.configurations.compactTo(index);
  s.outbox.persistCompaction(base);
  repair.holes = within(repair.holes, index, s.log.last.index);
}

/** The next entry that is missing. */
const wanted = ({ fetched }: Repair, hole: LogHole): LogIndex => (fetched.at(-1)?.last ?? hole.first - 1) + 1;

/**
 * L03: the entry before the hole must be ours; and so must the intact one right behind it: two logs that hold one entry
 * of the same index and term are equal up to it (§5.3). Or the leader of this term says that all of the hole is committed:
 * an uncommitted end might be another one than what this node acknowledged. The terms of what is missing are known.
 */
function isTrusted(s: RaftState, repair: Repair, { last }: LogHole, message: RepairResponse): boolean {
  const before = repair.fetched.at(-1)?.term ?? s.log.termAt(message.first - 1);
  const meetsBehind = last < s.log.last.index && message.nextTerm === s.log.termAt(last + 1);
  const isCommitted = message.leaderTerm === s.term && message.commit >= last;
  const fits = ({ first, last: end, term }: LogBlock): boolean =>
    s.log.termAt(first) === term && s.log.lastOfTermAt(first) >= end;
  return message.prevTerm === before && (meetsBehind || isCommitted) && message.blocks.every(fits);
}

/** Asks whose turn it is; the leader is the first. */
function ask(s: RaftState, repair: Repair): void {
  const hole = repair.holes[0] as LogHole;
  const candidates = providers(s);
  const isAlone = candidates.length === 0 && s.configurations.current.members.length > 0;
  if (isAlone) return giveUp(s, repair);
  const provider = candidates[repair.turn % candidates.length];
  if (provider !== undefined)
    s.outbox.send(provider, { type: "RepairRequest", first: wanted(repair, hole), last: hole.last });
  s.arm("repair", s.T / 2);
}

/** Who may have the entries: the leader, and all members but witnesses (M12). */
function providers(s: RaftState): readonly ReplicaId[] {
  const { members, witnesses } = s.configurations.current;
  const others = members.filter(({ id }) => id !== s.identity.id && id !== s.leader?.id && !witnesses.includes(id));
  const leader = s.leader === null || s.leader.id === s.identity.id ? [] : [s.leader];
  return [...leader, ...others];
}

function giveUp(s: RaftState, { holes }: Repair): void {
  const [hole] = holes as [LogHole];
  const reason = `L03 ${holeText(hole)}, and no other member could provide them. Keep the directory for inspection, and let this node rejoin with an empty one`;
  halt(s, reason, { ...hole });
}

/** M01: configurations that had been missing take their places in the history. */
function takeConfigurations(s: RaftState, blocks: readonly LogBlock[]): void {
  const before = s.configurations.own;
  for (const entry of configurationsIn(blocks) ?? []) if (s.log.holds(entry.id)) s.configurations.insert(entry);
  if (s.configurations.own !== before) updateBook(s);
}
