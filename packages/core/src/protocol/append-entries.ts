import type { ConfigurationEntry } from "../model/configuration.js";
import { decodeConfiguration } from "../model/configuration-layout.js";
import { invariant } from "../model/errors.js";
import { EntryType, type LogBlock } from "../model/log-block.js";
import type { LogId, LogIndex } from "../model/log-id.js";
import type { AppendEntries, AppendEntriesResponse, Heartbeat, HeartbeatResponse } from "../model/message.js";
import type { ReplicaId } from "../model/node-id.js";
import { updateBook } from "./address-book.js";
import { advanceCommit } from "./ballot-box.js";
import { Freshness } from "./freshness.js";
import { cutHoles } from "./holes.js";
import type { RaftState } from "./state.js";
import { announced } from "./version-gate.js";

/*
 * A follower takes what its leader sends (§5.3). Rules R01, R02, R03, R04, R07, R08, M01, Q08.
 *
 * It acknowledges what it verified against *this* leader and what its own disk holds, whichever is less. Its own last
 * index would claim entries that an earlier leader left behind; its memory would claim what a crash could undo.
 */

/** R01–R03, R07. The sender leads this term, and contact was noted. */
export function onAppendEntries(s: RaftState, leader: ReplicaId, message: AppendEntries): void {
  const { prev, blocks } = message;
  const configurations = configurationsIn(blocks);
  if (configurations === undefined) return s.drop("malformed configuration entry");
  if (!s.options.witness && blocks.some(({ isBare }) => isBare)) return s.drop("entries without payloads");
  const lastNew = blocks[blocks.length - 1]?.last ?? prev.index;
  const isCommittedPrev = prev.index <= s.commit;
  if (!isCommittedPrev && !s.log.holds(prev)) return refuse(s, leader, prev);
  for (const block of blocks) takeBlock(s, block);
  for (const entry of configurations) takeConfiguration(s, entry);
  s.verified = Math.max(s.verified, lastNew <= s.commit ? s.commit : lastNew);
  const commit = Math.min(message.commit, lastNew);
  if (commit > s.commit) advanceCommit(s, commit);
  s.ackDue = true;
  if (s.log.durable >= Math.min(lastNew, s.verified)) acknowledge(s);
}

/** R17: the commit a heartbeat tells is at most what this follower acknowledged; one beyond its log is not believed (R20). */
export function onHeartbeat(s: RaftState, leader: ReplicaId, message: Heartbeat): void {
  if (message.commit > s.log.last.index) reportLoss(s, message.commit);
  else if (message.commit > s.commit) advanceCommit(s, message.commit);
  s.freshness ??= new Freshness();
  s.freshness.heard(message, s.identity.startNumber, s.now, s.applied);
  if (message.round === 0) return;
  s.outbox.send(leader, {
    type: "HeartbeatResponse",
    term: s.term,
    round: message.round,
    ...ownLog(s),
  });
}

/**
 * R20, S11, L03: what every answer says of the log here, whatever was asked and in which term: its asker may lead by now, again, and would
 * take a lesser word for a loss, or for the end of one. Who has forgotten says so each time, so that nobody counts it.
 */
export const ownLog = ({
  log,
  restoring,
  forgotten,
}: RaftState): Pick<HeartbeatResponse, "last" | "needsSnapshot" | "forgottenUpTo"> => {
  const own = { last: log.last.index, needsSnapshot: restoring };
  return forgotten === undefined ? own : { ...own, forgottenUpTo: forgotten.hole.last };
};

/** R20: a leader tells a heartbeat's receiver only what it acknowledged (R17); so it did, and its disk has lost it. */
function reportLoss(s: RaftState, commit: LogIndex): void {
  s.drop("commit beyond this log");
  if (s.hasReportedLoss || s.forgotten !== undefined) return;
  s.hasReportedLoss = true;
  const reason =
    `this node's log ends at ${s.log.last.index}, and it had acknowledged entry ${commit}: its disk has lost data. ` +
    "Empty its directory, remove it, and add it anew";
  s.outbox.emit({ type: "Notify", notice: { kind: "error", reason } });
}

/** R07: what became durable is acknowledged, once and cumulatively. */
export function acknowledge(s: RaftState): void {
  if (s.leader === null || s.role !== "follower") return;
  if (s.log.durable >= s.verified) s.ackDue = false;
  s.outbox.send(s.leader, {
    type: "AppendEntriesResponse",
    term: s.term,
    success: true,
    match: Math.min(s.verified, s.held),
    prevIndex: 0,
    hintIndex: 0,
    hintTerm: 0,
    ...ownLog(s),
    ...asWitness(s),
    ...announced(s),
  });
}

/** M12: it says so with every such answer, so that its leader need not know it from anywhere else. */
const asWitness = (s: RaftState): Pick<AppendEntriesResponse, "isWitness"> =>
  s.options.witness ? { isWitness: true } : {};

/** R02: skips what is there, removes from the first real conflict on, appends the rest. */
function takeBlock(s: RaftState, block: LogBlock): void {
  let index = Math.max(block.first, s.commit + 1);
  while (index <= block.last && index <= s.log.last.index) {
    if (s.log.termAt(index) !== block.term) {
      truncate(s, index);
      break;
    }
    index = s.log.lastOfTermAt(index) + 1;
  }
  if (index > block.last) return;
  const whole = index === block.first ? block : block.slice(index, block.last);
  // M12: what a witness kept it could lose, or be asked for.
  const rest = s.options.witness ? whole.bare(true) : whole;
  s.log.append(rest);
  s.outbox.persistBlock(rest);
}

function truncate(s: RaftState, from: LogIndex): void {
  invariant(from > s.commit, "R02 nothing committed is ever truncated", { from, commit: s.commit });
  s.outbox.persistTruncation(from);
  s.log.truncateFrom(from);
  cutHoles(s.repair, from);
  s.verified = Math.min(s.verified, from - 1);
  const undone = s.configurations.own;
  if (!s.configurations.truncateFrom(from)) return;
  s.outbox.emit({ type: "Notify", notice: { kind: "configuration", stage: "undone", entry: undone } });
  updateBook(s);
}

/** M01: takes effect when it is appended. */
function takeConfiguration(s: RaftState, entry: ConfigurationEntry): void {
  if (entry.id.index <= s.configurations.own.id.index || !s.log.holds(entry.id)) return;
  s.configurations.append(entry);
  updateBook(s);
  s.outbox.emit({ type: "Notify", notice: { kind: "configuration", stage: "appended", entry } });
}

/** R04: says where this log ends, or which term it has there and since when; never below what is committed. */
function refuse(s: RaftState, leader: ReplicaId, prev: LogId): void {
  const last = s.log.last;
  const isShorter = prev.index > last.index;
  const hintIndex = isShorter ? last.index : Math.max(s.log.firstOfTermAt(prev.index), s.commit + 1);
  const hintTerm = isShorter ? last.term : (s.log.termAt(prev.index) ?? 0);
  s.outbox.send(leader, {
    type: "AppendEntriesResponse",
    term: s.term,
    success: false,
    match: 0,
    prevIndex: prev.index,
    hintIndex,
    hintTerm,
    ...ownLog(s),
    ...asWitness(s),
    ...announced(s),
  });
}

/** The configurations in these blocks, or `undefined` if one cannot be read. */
export function configurationsIn(blocks: readonly LogBlock[]): ConfigurationEntry[] | undefined {
  const found: ConfigurationEntry[] = [];
  for (const block of blocks) {
    for (let index = block.first; index <= block.last; index++) {
      if (block.typeAt(index) !== EntryType.configuration) continue;
      try {
        found.push({ id: { index, term: block.term }, configuration: decodeConfiguration(block.payloadAt(index)) });
      } catch {
        return undefined;
      }
    }
  }
  return found;
}
