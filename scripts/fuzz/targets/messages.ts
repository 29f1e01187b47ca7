import { InvariantViolation } from "../../../packages/core/src/model/errors.js";
import { RaftError } from "../../../packages/core/src/ports.js";
import { Lab, memberOf, T } from "../../../packages/core/test/support/lab.js";
import { openFrame } from "../../../packages/transport-tcp/src/wire/frame.js";
import { decodeMessage, encodeMessage } from "../../../packages/transport-tcp/src/wire/message-frame.js";
import type { Target } from "../target.js";
import { blind } from "./blind.js";
import { payloadsOf, variedStream } from "./frame-bytes.js";
import { envelopeOf, MESSAGES } from "./sample-messages.js";

const streamOf = (...kinds: readonly string[]): Uint8Array => {
  const wanted = kinds.map((kind) => MESSAGES.find(({ type }) => type === kind) as (typeof MESSAGES)[number]);
  return new Uint8Array(Buffer.concat(wanted.flatMap((message) => encodeMessage(envelopeOf(message), blind).parts)));
};

/**
 * Well-formed messages, whatever they say, from a voter to the protocol itself: to a follower, a candidate and a leader. The group
 * may halt over them (E17: a member that lies), but nothing else may break.
 */
export const messages: Target = {
  name: "messages",
  seeds: () => [
    ...MESSAGES.map(({ type }) => streamOf(type)),
    streamOf("AppendEntries", "Heartbeat", "VoteRequest", "AppendEntries"),
    streamOf("PreVoteResponse", "VoteResponse", "AppendEntriesResponse", "HeartbeatResponse", "ReadIndex"),
    streamOf("InstallSnapshot", "AppendEntries", "TimeoutNow", "Propose"),
  ],
  vary: variedStream,
  run(input) {
    const lab = new Lab(["a", "b", "c"], { logs: { a: [1, 1], b: [1, 1], c: [1] } });
    const kinds: string[] = [];
    const stage = (input.at(0) ?? 0) % 3;
    if (stage > 0) lab.timeOut("a");
    if (stage === 2) lab.settle();
    for (const payload of payloadsOf(input)) {
      const kind = hear(lab, payload);
      if (kind === "halted") break;
      if (kind !== undefined) kinds.push(`heard ${kind}`);
    }
    return kinds;
  },
};

function hear(lab: Lab, payload: Uint8Array): string | undefined {
  try {
    const envelope = decodeMessage(openFrame(payload, blind), blind);
    // Whom it names is made right, or the first check would be the last.
    const from = envelope.from === "c" ? "c" : "b";
    const names = { from, fromIncarnation: memberOf(from).incarnation, to: "a", group: "main" };
    const right = { ...envelope, ...names, toIncarnation: memberOf("a").incarnation };
    lab.step("a", { type: "MessageReceived", envelope: right });
    if (envelope.startNumber % 2 === 0) lab.persist("a");
    if (envelope.recoveryNumber % 2 === 1) lab.pass(T).fire("a", "election");
    return envelope.message.type;
  } catch (error) {
    if (error instanceof InvariantViolation) return "halted";
    if (error instanceof RaftError) return undefined;
    throw error;
  }
}
