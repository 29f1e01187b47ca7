import { RaftError } from "../../../packages/core/src/ports.js";
import { FrameType, openFrame } from "../../../packages/transport-tcp/src/wire/frame.js";
import { decodeMessage } from "../../../packages/transport-tcp/src/wire/message-frame.js";
import type { Target } from "../target.js";
import { blind } from "./blind.js";
import { payloadsOf } from "./frame-bytes.js";
import { frames } from "./frames.js";

/**
 * Readers with a mistake each, to see that it is found: the length of a list is worked out from what a follower says, and a loop
 * trusts that a candidate's last term is none of the future. Each stands behind conditions that are met one by one.
 */
const planted = (name: string, mistake: (payload: Uint8Array) => void): Target => ({
  ...frames,
  name,
  corpus: frames.name,
  run(input) {
    try {
      for (const payload of payloadsOf(input)) mistake(payload);
    } catch (error) {
      if (!(error instanceof RaftError)) throw error;
    }
    return [];
  },
});

function messageOf(payload: Uint8Array) {
  const frame = openFrame(payload, blind);
  return frame.type === FrameType.message ? decodeMessage(frame, blind).message : undefined;
}

/** It throws what is no error of ours, for one rare answer. */
export const plantedCrash = planted("planted-crash", (payload) => {
  const message = messageOf(payload);
  if (message?.type !== "AppendEntriesResponse") return;
  if (message.match <= 100) return;
  if (message.last < message.match) new Uint8Array(message.last - message.match).fill(0);
});

/** It never comes back, for one rare request. */
export const plantedHang = planted("planted-hang", (payload) => {
  const message = messageOf(payload);
  if (message?.type !== "VoteRequest") return;
  if (!message.transfer) return;
  for (let left = message.last.term; left > message.term; ) left = message.last.term;
});
