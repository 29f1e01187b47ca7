import { deepStrictEqual } from "node:assert";
import { RaftError } from "../../../packages/core/src/ports.js";
import { encodeFrame, type Frame, FrameType, openFrame } from "../../../packages/transport-tcp/src/wire/frame.js";
import { Framer } from "../../../packages/transport-tcp/src/wire/framer.js";
import {
  helloFromArray,
  helloToArray,
  rejectFromArray,
  rejectToArray,
  versionsIn,
  welcomeFromArray,
  welcomeToArray,
} from "../../../packages/transport-tcp/src/wire/handshake.js";
import { decodeMessage, encodeMessage } from "../../../packages/transport-tcp/src/wire/message-frame.js";
import { pingFromArray, pingToArray } from "../../../packages/transport-tcp/src/wire/ping.js";
import type { Target } from "../target.js";
import { blind } from "./blind.js";
import { FRAME_BYTES_MAX, variedStream } from "./frame-bytes.js";
import { envelopeOf, MESSAGES } from "./sample-messages.js";

const identity = { clusterId: "c".repeat(32), nodeId: "b", directoryId: "d".repeat(16), startNumber: 3 };
const stream = {
  group: "main",
  from: "b",
  fromIncarnation: "0".repeat(16),
  toIncarnation: "1".repeat(16),
  transfer: 1,
  offset: 0,
};
const hello = { ...identity, versions: { min: 1, max: 1 }, to: "a" };
const HANDSHAKES: readonly (readonly [FrameType, readonly unknown[]])[] = [
  [FrameType.hello, helloToArray({ ...hello, purpose: "messages", meant: [["main", "1".repeat(16)]], stream: null })],
  [FrameType.hello, helloToArray({ ...hello, purpose: "identify", to: "", meant: [["main", ""]], stream: null })],
  [FrameType.hello, helloToArray({ ...hello, purpose: "snapshot", meant: [["main", "1".repeat(16)]], stream })],
  [FrameType.welcome, welcomeToArray({ ...identity, version: 1, incarnation: "" })],
  [FrameType.reject, rejectToArray({ code: "WrongCluster", reason: "another cluster" })],
  [FrameType.ping, pingToArray(["a", "b"])],
  [FrameType.pong, []],
];

/** A stream of bytes that somebody sends to a peer port. */
export const frames: Target = {
  name: "frames",
  seeds: () => [
    ...MESSAGES.map((message) => new Uint8Array(Buffer.concat(encodeMessage(envelopeOf(message), blind).parts))),
    ...HANDSHAKES.map(([type, fields]) => encodeFrame(type, fields, blind)),
  ],
  vary: variedStream,
  run(input) {
    const framer = new Framer(FRAME_BYTES_MAX);
    const kinds: string[] = [];
    // Cut where the network might cut it: the input itself says where.
    const cut = input.length === 0 ? 0 : (input[input.length - 1] as number) % input.length;
    try {
      for (const chunk of [input.subarray(0, cut), input.subarray(cut)])
        for (const payload of framer.push(chunk)) kinds.push(read(openFrame(payload, blind)));
    } catch (error) {
      if (!(error instanceof RaftError)) throw error;
    }
    return kinds;
  },
};

/** What was understood must come out the same when it is said again. */
function read(frame: Frame): string {
  const { type, fields } = frame;
  switch (type) {
    case FrameType.message: {
      const envelope = decodeMessage(frame, blind);
      const { parts } = encodeMessage(envelope, blind);
      const [again] = [...new Framer(FRAME_BYTES_MAX * 2).push(new Uint8Array(Buffer.concat(parts)))];
      const { message, ...header } = decodeMessage(openFrame(again as Uint8Array, blind), blind);
      const { message: said, ...said0 } = envelope;
      deepStrictEqual(header, said0);
      if (!("blocks" in message)) deepStrictEqual(message, said);
      return message.type;
    }
    case FrameType.hello:
      versionsIn(fields);
      deepStrictEqual(helloFromArray(helloToArray(helloFromArray(fields))), helloFromArray(fields));
      return "hello";
    case FrameType.welcome:
      deepStrictEqual(welcomeFromArray(welcomeToArray(welcomeFromArray(fields))), welcomeFromArray(fields));
      return "welcome";
    case FrameType.reject:
      deepStrictEqual(rejectFromArray(rejectToArray(rejectFromArray(fields))), rejectFromArray(fields));
      return "reject";
    case FrameType.ping:
      pingFromArray(fields);
      return "ping";
    default:
      return "other frame";
  }
}
