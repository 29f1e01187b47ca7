import type { Millis } from "../../model/log-id.js";
import type { Replicator } from "../replicator.js";
import type { RaftState } from "../state.js";
import { type Finding, ms } from "./finding.js";

/* Why a peer is behind, as its leader sees it. Rules O07, R09, R13, R19, R20, S04, M09. */

/** O07: for each peer that lacks entries, or says nothing. */
export function explainPeers(s: RaftState, now: Millis): readonly Finding[] {
  if (s.rest?.phase === "resting") return []; // each has said that it holds all (G02)
  const peers = s.leadership?.peers.values() ?? [];
  return [...peers].flatMap((peer) => {
    const why = whyBehind(s, peer, now);
    if (why === undefined) return [];
    const [code, text] = why;
    return [{ about: "peer", code, peer: peer.id, text: `${peer.id} ${text}` }];
  });
}

function whyBehind(s: RaftState, peer: Replicator, now: Millis): readonly [code: string, text: string] | undefined {
  const { last, base } = s.log;
  const behind = last.index - peer.match;
  const silentMs = now - peer.heardAt;
  const lacks = `lacks ${behind} entries (it has ${peer.match} of ${last.index})`;
  if (peer.hasLostData)
    return [
      "lost-data",
      "came back without what it had acknowledged: it counts for nothing (R20). Replace it, with an empty directory.",
    ];
  if (peer.isRelearning && silentMs < s.T)
    return [
      "relearning",
      `${lacks}. Its disk lost what it had acknowledged: it is sent that again, and counts for nothing before it is whole (L03).`,
    ];
  if (silentMs >= s.T)
    return [
      "silent",
      `${lacks}, and has said nothing for ${ms(silentMs)}: it is down, cut off, or refuses this node's cluster. What was in flight is sent again when it is back (R19).`,
    ];
  if (peer.state === "snapshot") return ["snapshot", `${lacks}. ${snapshotOf(s, peer)}`];
  if (behind === 0) return undefined;
  if (peer.fetchingFrom > 0)
    return [
      "reading-back",
      `${lacks}, which are no longer in memory: they are read back from this node's disk, from ${peer.fetchingFrom} on (R13).`,
    ];
  if (peer.state === "probe")
    return [
      "probe",
      `${lacks}. It is not known yet where its log meets this one: ${peer.probeSent ? "a probe is under way" : "a probe is about to be sent"}, at ${peer.next - 1}. Until that is answered nothing else is sent (R09).`,
    ];
  if (peer.next <= base.index) return ["compacted", `${lacks}, which this log no longer holds: a snapshot is next.`];
  if (!peer.hasRoom(s.options.windowMessagesMax, s.options.windowBytesMax))
    return [
      "window",
      `${lacks}. Its window is full, with ${peer.messagesInFlight} messages and ${peer.bytesInFlight} bytes that it has not acknowledged for ${ms(now - peer.waitingSince)}: its disk or the network is slow, or windowMessagesMax and windowBytesMax are small.`,
    ];
  return ["in-flight", `${lacks}, which are on their way: ${peer.messagesInFlight} messages.`];
}

function snapshotOf(s: RaftState, { transfer }: Replicator): string {
  const compacted = `The log here begins after ${s.log.base.index}, so that it needs a snapshot`;
  if (transfer === undefined)
    return s.snapshot === null
      ? `${compacted}, and there is none yet.`
      : `${compacted}, and waits for its turn: ${s.options.snapshotSendsMax} are sent at once (S04).`;
  const { meta, streaming } = transfer;
  return `${compacted}: the one up to ${meta.id.index}, ${meta.sizeBytes} bytes, is ${streaming ? "on its way" : "offered, and it has not answered"}.`;
}
