import type { Envelope, Message, NodeId } from "@hexraft/core/ports";
import { hashText } from "../fingerprint.js";
import type { Fate } from "../world/simulated-network.js";

/** A message in a trace. */
export interface TracedMessage {
  /** Who should hear it. */
  readonly to: NodeId;
  /** Its name. */
  readonly type: Message["type"];
  /** What became of it. */
  readonly fate: Fate;
}

/** A line of a trace. */
export interface TraceLine {
  /** Virtual time, ms. */
  readonly atMs: number;
  /** What kind of thing happened. */
  readonly kind:
    | "message"
    | "role"
    | "process"
    | "fault"
    | "disk"
    | "client"
    | "snapshot"
    | "configuration"
    | "violation";
  /** To which node; empty for all. */
  readonly node: NodeId;
  /** In words. */
  readonly text: string;
  /** Of a message: to whom, what, and what became of it. */
  readonly message?: TracedMessage;
}

/** Most lines that a trace keeps: the newest. */
export const TRACE_LINES_MAX = 200_000;

/** What happened in a run: a hash of all of it, and, if asked for, the lines. */
export class Trace {
  /** The lines kept. */
  readonly lines: TraceLine[] = [];
  private low = 0x811c9dc5;
  private high = 0x01000193;
  private count = 0;

  /** @param keep - whether lines are kept; the hash does not depend on it. */
  constructor(
    private readonly now: () => number,
    readonly keep: boolean,
  ) {}

  /** Equal for two runs of one seed, on every machine and Node version (I19). */
  get hash(): string {
    return this.high.toString(16).padStart(8, "0") + this.low.toString(16).padStart(8, "0");
  }

  /** Things that happened. */
  get events(): number {
    return this.count;
  }

  /** Something happened. */
  note(kind: Exclude<TraceLine["kind"], "message">, node: NodeId, text: string): void {
    this.count++;
    this.mix(hashText(text, hashText(node, hashText(kind))));
    if (this.keep) this.add({ atMs: this.now(), kind, node, text });
  }

  /** A message met its fate. */
  message(envelope: Envelope, fate: Fate): void {
    this.count++;
    const { from, to, message } = envelope;
    const { type } = message;
    const term = "term" in message ? message.term : 0;
    this.mix(hashText(fate, hashText(type, hashText(to, hashText(from)) ^ term)));
    if (this.keep)
      this.add({
        atMs: this.now(),
        kind: "message",
        node: from,
        text: messageText(message),
        message: { to, type, fate },
      });
  }

  private add(line: TraceLine): void {
    if (this.lines.length >= TRACE_LINES_MAX) this.lines.splice(0, TRACE_LINES_MAX / 2);
    this.lines.push(line);
  }

  private mix(value: number): void {
    const instant = Math.round(this.now() * 1_000);
    this.low = Math.imul(this.low ^ value ^ (instant | 0), 0x01000193) >>> 0;
    this.high = (Math.imul(this.high ^ this.low, 0x85ebca6b) ^ (this.high >>> 13)) >>> 0;
  }
}

/** A message in a few words. */
export function messageText(message: Message): string {
  switch (message.type) {
    case "PreVoteRequest":
      return `PreVote? term ${message.term}, last ${message.last.index}/${message.last.term}`;
    case "PreVoteResponse":
      return `PreVote ${message.granted ? "granted" : "refused"}, term ${message.term}`;
    case "VoteRequest":
      return `Vote? term ${message.term}, last ${message.last.index}/${message.last.term}${message.transfer ? ", transfer" : ""}`;
    case "VoteResponse":
      return `Vote ${message.granted ? "granted" : "refused"}, term ${message.term}`;
    case "AppendEntries": {
      const last = message.blocks.at(-1)?.last;
      const what = last === undefined ? "nothing" : `${message.prev.index + 1}–${last}`;
      return `Append ${what} after ${message.prev.index}/${message.prev.term}, commit ${message.commit}, term ${message.term}`;
    }
    case "AppendEntriesResponse":
      return message.success
        ? `Append ok, match ${message.match}, term ${message.term}`
        : `Append refused at ${message.prevIndex}, hint ${message.hintIndex}/${message.hintTerm}, term ${message.term}`;
    case "Heartbeat":
      return `Heartbeat ${message.round}, commit ${message.commit}, term ${message.term}`;
    case "HeartbeatResponse":
      return `Heartbeat ${message.round} ok, last ${message.last}, term ${message.term}`;
    case "InstallSnapshot":
      return `Snapshot? ${message.meta.id.index}/${message.meta.id.term}, term ${message.term}`;
    case "InstallSnapshotResponse":
      return `Snapshot ${message.status}, match ${message.match}, term ${message.term}`;
    case "TimeoutNow":
      return `TimeoutNow, last ${message.last.index}/${message.last.term}, term ${message.term}`;
    case "Propose":
    case "ReadIndex":
      return `${message.type} ${message.request}`;
    case "ProposeResponse":
      return `Propose ${message.request} ${message.outcome}`;
    case "ReadIndexResponse":
      return `ReadIndex ${message.request} ${message.confirmed ? `at ${message.index}` : "not confirmed"}`;
    case "Removed":
      return `Removed ${message.id} at ${message.configurationIndex}`;
    case "RepairRequest":
      return `Repair? ${message.first}–${message.last}`;
    case "RepairResponse":
      return `Repair ${message.first}–${message.blocks.at(-1)?.last ?? "nothing"}, commit ${message.commit}`;
    case "RestOffer":
      return `Rest? round ${message.round}, commit ${message.commit}, term ${message.term}`;
    case "RestAnswer":
      return `Rest ${message.rests ? "agreed" : "refused"}, round ${message.round}, term ${message.term}`;
    case "ProcessBeat":
      return `Beat, list ${message.version}, woken ${message.woken?.map(({ group }) => group).join(", ") ?? "all"}`;
    case "JoinedHeartbeats":
      return `Heartbeats of ${message.heartbeats.map(({ group }) => group).join(", ")}`;
    default:
      return message satisfies never;
  }
}
