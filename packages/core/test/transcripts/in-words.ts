import { EntryType, type LogBlock } from "../../src/model/log-block.js";
import type { LogId } from "../../src/model/log-id.js";
import type { Message } from "../../src/model/message.js";
import type { AfterPersist, Effect, Persist } from "../../src/protocol/effect.js";
import type { RaftEvent } from "../../src/protocol/event.js";
import type { Notice } from "../../src/protocol/notice.js";

/*
 * Events, effects and messages as one readable line each. `4@2` is the entry at index 4 of term 2.
 */

const at = ({ index, term }: LogId): string => `${index}@${term}`;
/** Rounds and numbers begin at start number · 2³² (T11): only the counter is told. */
const counter = (number: number): number => number % 2 ** 24;
const letters = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

function entries(block: LogBlock): string {
  const range = block.count === 1 ? `${block.first}` : `${block.first}–${block.last}`;
  const what = Array.from({ length: block.count }, (_, i) => {
    const type = block.typeAt(block.first + i);
    if (type === EntryType.empty) return "empty";
    return type === EntryType.configuration ? "configuration" : letters(block.payloadAt(block.first + i));
  });
  return `${range}@${block.term} (${what.join(" ")})`;
}

export function messageInWords(message: Message): string {
  switch (message.type) {
    case "PreVoteRequest":
      return `PreVoteRequest term ${message.term}, round ${counter(message.round)}, log ends ${at(message.last)}`;
    case "VoteRequest":
      return `VoteRequest term ${message.term}, log ends ${at(message.last)}${message.transfer ? ", handed over" : ""}`;
    case "PreVoteResponse":
      return `PreVoteResponse term ${message.term}, round ${counter(message.round)}: ${message.granted ? "yes" : "no"}`;
    case "VoteResponse":
      return `VoteResponse term ${message.term}: ${message.granted ? "yes" : "no"}`;
    case "AppendEntries": {
      const what = message.blocks.map(entries).join(", ") || "nothing";
      return `AppendEntries term ${message.term}, after ${at(message.prev)}: ${what}; commit ${message.commit}`;
    }
    case "AppendEntriesResponse":
      return message.success
        ? `AppendEntriesResponse term ${message.term}: match ${message.match}`
        : `AppendEntriesResponse term ${message.term}: no match at ${message.prevIndex}, hint ${message.hintIndex}@${message.hintTerm}`;
    case "Heartbeat":
      return `Heartbeat term ${message.term}, round ${message.round}, commit ${message.commit}`;
    case "HeartbeatResponse":
      return `HeartbeatResponse term ${message.term}, round ${message.round}`;
    case "InstallSnapshot":
      return `InstallSnapshot term ${message.term}, transfer ${counter(message.transfer)}: up to ${at(message.meta.id)}`;
    case "InstallSnapshotResponse":
      return `InstallSnapshotResponse term ${message.term}, transfer ${counter(message.transfer)}: ${message.status}, match ${message.match}`;
    case "TimeoutNow":
      return `TimeoutNow term ${message.term}, log ends ${at(message.last)}`;
    default:
      return message.type;
  }
}

export function eventInWords(event: RaftEvent): string {
  switch (event.type) {
    case "MessageReceived":
      return `${event.envelope.from} → ${messageInWords(event.envelope.message)}`;
    case "TimerFired":
      return `TimerFired ${event.timer}`;
    case "ProposalsSubmitted":
      return `ProposalsSubmitted ${event.payloads.map(letters).join(" ")}`;
    case "LogPersisted":
      return `LogPersisted up to write ${event.number}`;
    case "Applied":
      return `Applied up to ${event.upTo}`;
    case "OwnBallotPersisted":
      return `OwnBallotPersisted term ${event.term}`;
    case "SnapshotSaved":
    case "SnapshotReceived":
    case "SnapshotLoaded":
      return `${event.type} ${at(event.meta.id)}`;
    case "PeerDown":
      return `PeerDown ${event.id}`;
    case "ChangeRequested":
      return `ChangeRequested: voters ${event.target.voters.join(" ")}${event.target.learners.length > 0 ? `, learners ${event.target.learners.join(" ")}` : ""}`;
    default:
      return event.type;
  }
}

export function orderInWords(order: AfterPersist): string {
  return order.type === "Send" ? `→ ${order.to} ${messageInWords(order.message)}` : order.event.type;
}

function write({ number, hardState, resetTo, truncateFrom, blocks, compactTo, then }: Persist): string {
  const what = [
    hardState && `term ${hardState.term}, vote ${hardState.vote?.id ?? "free"}`,
    resetTo && `log begins anew after ${at(resetTo)}`,
    truncateFrom !== undefined && `truncated from ${truncateFrom} on`,
    blocks && `entries ${blocks.map(entries).join(", ")}`,
    compactTo && `forget up to ${at(compactTo)}`,
  ].filter(Boolean);
  const afterwards = then.length === 0 ? "" : `; then say ${then.length}`;
  return `Persist ${number}: ${what.join("; ") || "nothing"}${afterwards}`;
}

function noticed(notice: Notice): string {
  switch (notice.kind) {
    case "role":
      return `is ${notice.role} in term ${notice.term}: ${notice.cause}`;
    case "leader":
      return notice.leader === null ? `knows no leader: ${notice.cause}` : `knows leader ${notice.leader}`;
    case "configuration":
      return `configuration ${at(notice.entry.id)} ${notice.stage}`;
    case "snapshot":
      return `snapshot ${at(notice.id)} ${notice.stage}${notice.peer === null ? "" : ` (${notice.peer})`}`;
    case "peer":
      return `peer ${notice.id} is ${notice.up ? "up" : "down"}`;
    case "damage":
      return `entries ${notice.hole.first}–${notice.hole.last} ${notice.stage === "found" ? "are lost" : "are back"}`;
    case "format":
      return `format ${notice.formatVersion} is open from entry ${notice.index} on`;
    case "error":
      return notice.reason;
    default:
      return notice satisfies never;
  }
}

/** One line, or nothing for what only the host's bookkeeping needs. */
export function effectInWords(effect: Effect): string | undefined {
  switch (effect.type) {
    case "Send":
      return orderInWords(effect);
    case "Persist":
      return write(effect);
    case "ArmTimer": {
      const [low, high] = effect.between;
      return `ArmTimer ${effect.timer}: ${low === high ? `${low} ms` : `${low} … ${high} ms`}`;
    }
    case "DisarmTimer":
      return `DisarmTimer ${effect.timer}`;
    case "Apply":
      return `Apply up to ${effect.upTo}`;
    case "FetchEntries":
      return `FetchEntries from ${effect.from} for ${effect.to}`;
    case "ProposalsAccepted":
      return `ProposalsAccepted ${effect.count}, from ${effect.first}@${effect.term} on`;
    case "ProposalsRefused":
      return `ProposalsRefused ${effect.count}: ${effect.error.code}`;
    case "AbandonProposals":
      return `AbandonProposals above ${effect.above}: ${effect.error.outcome}`;
    case "ReadReady":
      return `ReadReady at ${effect.index}`;
    case "ReceiveSnapshot":
    case "LoadSnapshot":
      return `${effect.type} ${at(effect.meta.id)}`;
    case "SendSnapshot":
      return `SendSnapshot ${at(effect.meta.id)} to ${effect.to} from byte ${effect.offset}`;
    case "ChangeAnswered":
    case "TransferAnswered":
      return `${effect.type}: ${effect.error === null ? "done" : `${effect.error.outcome}, ${effect.error.message}`}`;
    case "Notify":
      return noticed(effect.notice);
    case "TellStateMachine":
    case "UpdatePeers":
      return undefined;
    default:
      return effect.type;
  }
}
